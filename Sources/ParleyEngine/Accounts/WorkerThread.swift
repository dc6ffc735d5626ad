import Glibc
import Synchronization

/// One thread of our own with a bounded queue, for work that blocks or computes for long.
///
/// Such work never runs on an event loop or on the cooperative pool: there it would hold up messages (A31).
/// Jobs run one at a time, in the order of submission.
package final class WorkerThread: Sendable {
    private let queue: JobQueue

    /// How much nicer than the process a thread is that makes way (setpriority(2)).
    package static let niceness: Int32 = 10

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - capacity: how many jobs may wait (the one that runs is not counted); at least 1.
    ///   - makesWay: whether the kernel is to prefer the other threads, for work that computes for long: loops and shard then wait less for
    ///     a processor that they share with it.
    package init(capacity: Int, makesWay: Bool = false) {
        self.queue = JobQueue(capacity: max(1, capacity), makesWay: makesWay)
        let queue = Unmanaged.passRetained(self.queue)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().drain()
                return nil
            }, queue.toOpaque())
        // Without its thread no process can serve accounts: this is at start-up, before the first request.
        precondition(result == 0, "cannot start a thread")
        pthread_detach(thread)
    }

    deinit { self.queue.stop() }

    /// Runs the body on the thread and gives its result; nil where the queue is full or the thread was stopped.
    package func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async -> Result<Value, Failure>? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, Failure>?, Never>) in
            let admitted = self.submit {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !admitted { continuation.resume(returning: nil) }
        }
    }

    /// Puts a job at the end of the queue. False where the queue is full or the thread was stopped: the job never runs.
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool { self.queue.put(job) }

    /// How many jobs wait.
    package var waiting: Int { self.queue.waiting }

    /// Takes no more jobs. Those that wait are still run; then the thread ends.
    package func stop() { self.queue.stop() }
}

/// The queue of a `WorkerThread`, which outlives it until the last job is done.
///
/// `@unchecked Sendable` is sound: `semaphore` is a fixed address, made in `init` and freed in `deinit`, and POSIX lets
/// any thread use it; all else is in the `Mutex`.
private final class JobQueue: @unchecked Sendable {
    private struct State {
        /// A ring: `count` jobs from `first` on.
        var jobs: [(@Sendable () -> Void)?]
        var first = 0
        var count = 0
        var stopped = false
    }

    private let state: Mutex<State>
    private let semaphore: UnsafeMutablePointer<sem_t>
    private let makesWay: Bool

    init(capacity: Int, makesWay: Bool) {
        self.state = Mutex(State(jobs: Array(repeating: nil, count: capacity)))
        self.makesWay = makesWay
        self.semaphore = .allocate(capacity: 1)
        sem_init(self.semaphore, 0, 0)
    }

    deinit {
        sem_destroy(self.semaphore)
        self.semaphore.deallocate()
    }

    var waiting: Int { self.state.withLock { $0.count } }

    func put(_ job: @escaping @Sendable () -> Void) -> Bool {
        let admitted = self.state.withLock { state in
            guard !state.stopped, state.count < state.jobs.count else { return false }
            state.jobs[(state.first + state.count) % state.jobs.count] = job
            state.count += 1
            return true
        }
        if admitted { sem_post(self.semaphore) }
        return admitted
    }

    func stop() {
        self.state.withLock { $0.stopped = true }
        sem_post(self.semaphore)
    }

    /// Runs jobs until the queue is stopped and empty.
    func drain() {
        if self.makesWay {
            // On Linux a thread has a priority of its own, and 0 is the one that asks.
            let which = __priority_which_t(PRIO_PROCESS.rawValue)
            setpriority(which, 0, getpriority(which, 0) + WorkerThread.niceness)
        }
        while true {
            sem_wait(self.semaphore)
            let (job, done) = self.state.withLock { state -> ((@Sendable () -> Void)?, Bool) in
                guard state.count > 0 else { return (nil, state.stopped) }
                let job = state.jobs[state.first]
                state.jobs[state.first] = nil
                state.first = (state.first + 1) % state.jobs.count
                state.count -= 1
                return (job, false)
            }
            if done { return }
            job?()
        }
    }
}
