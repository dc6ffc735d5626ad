import Glibc

/// A mutex with one condition. `Synchronization.Mutex` has no condition to wait for, which both users here need.
///
/// `@unchecked Sendable` is sound: the two pointers never change, and pthread objects are made for use by many threads.
final class Monitor: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        self.mutex = .allocate(capacity: 1)
        self.condition = .allocate(capacity: 1)
        pthread_mutex_init(self.mutex, nil)
        pthread_cond_init(self.condition, nil)
    }

    deinit {
        pthread_cond_destroy(self.condition)
        pthread_mutex_destroy(self.mutex)
        self.condition.deallocate()
        self.mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(self.mutex) }
    func unlock() { pthread_mutex_unlock(self.mutex) }
    /// Gives the mutex up while waiting. Wakes for any change: look again.
    func wait() { pthread_cond_wait(self.condition, self.mutex) }
    func wakeAll() { pthread_cond_broadcast(self.condition) }
}

/// One holder at a time; who waits with high priority goes first, but for one turn in nine.
///
/// Messages are high, accounts low, so that a burst of log-ins does not stand in the way of a batch. The ninth turn keeps
/// log-ins alive when batches follow each other without a pause.
///
/// `@unchecked Sendable` is sound: the counters are touched only under the monitor's mutex.
final class PriorityLock: @unchecked Sendable {
    enum Priority { case high, low }

    private static let turnsBeforeLow = 8

    private let monitor = Monitor()
    private var held = false
    private var highWaiting = 0
    private var lowWaiting = 0
    /// Turns of high priority taken while someone of low priority waited.
    private var passed = 0

    func acquire(_ priority: Priority) {
        self.monitor.lock()
        defer { self.monitor.unlock() }
        switch priority {
        case .high:
            self.highWaiting += 1
            while self.held || self.lowIsDue { self.monitor.wait() }
            self.highWaiting -= 1
            if self.lowWaiting > 0 { self.passed += 1 }
        case .low:
            self.lowWaiting += 1
            while self.held || (self.highWaiting > 0 && !self.lowIsDue) { self.monitor.wait() }
            self.lowWaiting -= 1
            self.passed = 0
        }
        self.held = true
    }

    func release() {
        self.monitor.lock()
        self.held = false
        self.monitor.unlock()
        self.monitor.wakeAll()
    }

    private var lowIsDue: Bool { self.lowWaiting > 0 && self.passed >= Self.turnsBeforeLow }
}
