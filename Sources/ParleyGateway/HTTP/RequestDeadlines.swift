/// When an HTTP connection is answered with a timeout, and when it is cut. Events in, an action out; no clock inside (A12).
///
/// Times are milliseconds of a clock that never goes back; they may be as coarse as the sweep, one second.
package struct RequestDeadlines: Sendable, Equatable {
    /// What the connection waits for.
    package enum Wait: Sendable, Equatable {
        /// The rest of a request head, from accept or from its first byte.
        case head
        /// The first byte of another request.
        case idle
        case body
        /// Our own answer.
        case answer
        /// The client's end, after ours.
        case end
    }

    package enum Action: Sendable, Equatable {
        case wait
        /// Answer 408 and close.
        case timeOut
        /// Close at once.
        case cut
    }

    package private(set) var wait = Wait.head
    package private(set) var progress = WriteProgress()
    private var since: Int64

    package init(at now: Int64) { self.since = now }

    package mutating func wait(for wait: Wait, at now: Int64) {
        self.wait = wait
        self.since = now
    }

    package mutating func wrote(_ bytes: Int) { self.progress.wrote(bytes) }

    /// Looks at the clock; `waiting` is the number of bytes that the kernel has not taken yet.
    package mutating func sweep(at now: Int64, waiting: Int, limits: HTTPLimits) -> Action {
        let stuck = self.progress.needsLook ? self.progress.look(waiting: waiting, at: now) : 0
        if stuck >= limits.writeMilliseconds { return .cut }
        if self.progress.isWaiting {
            // An answer is on its way: the next deadline starts when it has left.
            self.since = now
            return .wait
        }
        let waited = now &- self.since
        switch self.wait {
        case .head: return waited >= limits.headMilliseconds ? .timeOut : .wait
        case .body: return waited >= limits.bodyMilliseconds ? .timeOut : .wait
        case .idle: return waited >= limits.idleMilliseconds ? .cut : .wait
        case .answer: return waited >= limits.answerMilliseconds ? .cut : .wait
        case .end: return waited >= 2 &* limits.lingerMilliseconds ? .cut : .wait
        }
    }
}
