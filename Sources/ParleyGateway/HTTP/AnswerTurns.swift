import NIOCore
import ParleyEngine
import Synchronization

/// Answers to requests over HTTP on their way to the connections of one event loop, a few in each of its turns.
///
/// What a crowd asked together would be answered in one turn otherwise, as soon as the tasks that made the answers got a processor, and
/// whoever writes a message meanwhile would wait for all of it (A31).
final class AnswerTurns: Sendable {
    /// Each takes some 50 to 100 us: a head is written, and often the connection ends.
    static let answersPerTurn = 4

    private struct Answer: Sendable {
        var connection: NIOLoopBound<HTTPConnection>
        var response: GatheredResponse
    }

    private struct State {
        // Bounded by the connections: each has one request at a time.
        var waiting = CircularBuffer<Answer>()
        var isScheduled = false
    }

    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// The answer is given in one of the loop's next turns, in the order in which answers come. From any thread.
    func add(_ response: GatheredResponse, to connection: NIOLoopBound<HTTPConnection>) {
        let isFirst = self.state.withLock { state in
            state.waiting.append(Answer(connection: connection, response: response))
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { self.eventLoop.execute { self.give() } }
    }

    private func give() {
        for _ in 0..<Self.answersPerTurn {
            guard let next = self.state.withLock({ $0.waiting.popFirst() }) else { break }
            next.connection.value.answer(next.response)
        }
        let hasMore = self.state.withLock { state in
            state.isScheduled = !state.waiting.isEmpty
            return state.isScheduled
        }
        guard hasMore else { return }
        self.eventLoop.scheduleTask(in: LoopTurns.pause) { self.give() }
    }
}
