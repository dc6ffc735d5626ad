import NIOCore
import NIOPosix
import ParleyDomain
import ParleyWire
import Synchronization

/// Answers history, sync and look-ups from the store, on its own few threads, so that no event loop waits for a disk.
final class ReaderPool: Sendable {
    private let reader: any MessageReader
    private let answers: ReadAnswers
    private let threads: NIOThreadPool
    private let queued = Atomic<Int>(0)
    private let waitingMax: Int

    init(reader: any MessageReader, epoch: String, links: LinkSecrets, settings: EngineSettings) {
        self.reader = reader
        self.answers = ReadAnswers(reader: reader, epoch: epoch, links: links)
        self.waitingMax = settings.waitingReads
        self.threads = NIOThreadPool(numberOfThreads: settings.readerThreads)
        self.threads.start()
    }

    /// Reads that wait for a thread, those under way included.
    var waiting: Int { self.queued.load(ordering: .relaxed) }

    /// Answers a request; `reply` is called on a thread of the pool, or at once with a refusal when too many wait.
    ///
    /// - Parameter now: In milliseconds since 1970.
    func answer(
        _ request: ClientFrame, _ origin: RequestOrigin, for user: UserID, at now: Int64,
        reply: @escaping @Sendable (LoopEffect) -> Void
    ) {
        self.frames(origin, reply: reply) { (answers, buffer) throws(ReadFailure) in
            try answers.write(request, id: origin.request, for: user, at: now, into: &buffer)
        }
    }

    /// Finds the names of a page of slots.
    func answer(_ question: ReceiptQuestion, _ page: ReaderPage, reply: @escaping @Sendable (LoopEffect) -> Void) {
        self.frames(question.origin, reply: reply) { (answers, buffer) throws(ReadFailure) in
            try answers.write(question, page, into: &buffer)
        }
    }

    /// Finds out who of these users may be seen by the one who asks, and answers; `seen` is told of them.
    func answer(
        _ online: OnlineAnswer, reply: @escaping @Sendable (LoopEffect) -> Void, seen: @escaping @Sendable ([UserID]) -> Void
    ) {
        self.frames(online.origin, reply: reply) { (answers, buffer) throws(ReadFailure) in
            seen(try answers.write(online, into: &buffer))
        }
    }

    private func frames(
        _ origin: RequestOrigin, reply: @escaping @Sendable (LoopEffect) -> Void,
        _ write: @escaping @Sendable (ReadAnswers, inout ByteBuffer) throws(ReadFailure) -> Void
    ) {
        let answers = self.answers
        self.perform { _ throws(ReadFailure) in
            var buffer = ByteBuffer()
            try write(answers, &buffer)
            reply(.frames(origin, buffer))
        } refused: { refusal in
            reply(.answer(origin, .refused(refusal)))
        }
    }

    /// Does something that reads, on a thread of the pool; `refused` is called instead when too many wait, or after a failure.
    func perform(
        _ body: @escaping @Sendable (any MessageReader) throws(ReadFailure) -> Void,
        refused: @escaping @Sendable (Refusal) -> Void
    ) {
        guard self.queued.wrappingAdd(1, ordering: .relaxed).newValue <= self.waitingMax else {
            self.queued.wrappingSubtract(1, ordering: .relaxed)
            return refused(Refusal(.overloaded, retryMilliseconds: 1_000))
        }
        let reader = self.reader
        self.threads.submit { state in
            defer { self.queued.wrappingSubtract(1, ordering: .relaxed) }
            guard case .active = state else { return refused(Refusal(.draining)) }
            do throws(ReadFailure) {
                try body(reader)
            } catch {
                refused(ReadAnswers.refusal(for: error))
            }
        }
    }

    func close() async { try? await self.threads.shutdownGracefully() }
}
