import DequeModule
import Logging
import NIOPosix
import ParleyDomain
import Synchronization

/// Runs one store shard: takes what event loops hand over, decides it in the sequencer, stores it, hands the effects on.
///
/// Its thread is the only one that writes messages, and it may block: while a commit is on its way to disk, the commands of
/// the next batch gather in the mailbox.
final class ShardRunner: Sendable {
    /// What an event loop asks of the shard.
    enum Input: Sendable {
        case submit(Submission)
        case attach(RequestOrigin, UserID)
        /// A connection of this user, and its name.
        case detach(UserID, connection: String)
        case advance(RequestOrigin, UserID, ConversationID, read: Int64, delivered: Int64)
        /// What this user was told that he has read is stored; then this is called, on the shard's thread.
        case settle(UserID, then: @Sendable () -> Void)
        case ask(ReceiptQuestion)
        /// A change that is no entry; `direct` names the conversation of the two users of a block.
        case note(RequestOrigin, Note, direct: ConversationID?)
        /// A command that is refused, unless its client id was stored before.
        case lookUp(Submission, Refusal)
        /// Which of these users are online; or of a conversation, the first of them.
        case online(RequestOrigin, UserID, PresenceSubject, watch: Bool)
        /// Somebody types, and others may be told.
        case typing(RequestOrigin, UserID, ConversationID)
        /// Time to write the positions that were gathered.
        case tick
    }

    private struct Mailbox {
        var inputs: [Input] = []
        /// Whether a job of the thread will look at `inputs` again.
        var scheduled = false
        var closed = false
    }

    private let mailbox = Mutex(Mailbox())
    private let thread: NIOThreadPool
    private let worker: ShardWorker

    /// - Parameter deliver: Called on the shard's thread with the effects of each turn, in order.
    init(
        store: sending any MessageStore, settings: EngineSettings, clock: EngineClock, logger: Logger,
        deliver: @escaping @Sendable ([Effect]) -> Void
    ) {
        self.worker = ShardWorker(store: store, settings: settings, clock: clock, logger: logger, deliver: deliver)
        self.thread = NIOThreadPool(numberOfThreads: 1)
        self.thread.start()
    }

    /// Hands inputs over, from any thread. They are taken in order; false once the shard is closed.
    @discardableResult
    func post(_ inputs: some Collection<Input>) -> Bool {
        let (open, wake) = self.mailbox.withLock { mailbox in
            guard !mailbox.closed else { return (false, false) }
            mailbox.inputs.append(contentsOf: inputs)
            defer { mailbox.scheduled = true }
            return (true, !mailbox.scheduled)
        }
        if wake { self.thread.submit { state in if case .active = state { self.run() } } }
        return open
    }

    /// What the shard had counted when its last turn ended.
    var counts: ShardCounts { self.worker.published.withLock { $0 } }

    /// What was handed over and not taken yet.
    var waiting: Int { self.mailbox.withLock { $0.inputs.count } }

    /// Whether the store took the last batch that it was given; a full disk is no fault of the store's.
    var isStoring: Bool { self.worker.isStoring.load(ordering: .relaxed) }

    /// Takes turns until the mailbox is empty.
    private func run() {
        var inputs: [Input] = []
        while true {
            inputs.removeAll(keepingCapacity: true)
            self.mailbox.withLock { mailbox in
                swap(&mailbox.inputs, &inputs)
                if inputs.isEmpty, self.worker.isIdle { mailbox.scheduled = false }
            }
            if inputs.isEmpty, self.worker.isIdle { return }
            self.worker.turn(inputs)
        }
    }

    /// Takes no more inputs, finishes those it has, writes the positions, and ends the thread.
    func close() async {
        self.post([.tick])
        self.mailbox.withLock { $0.closed = true }
        try? await self.thread.runIfActive { self.worker.finish() }
        try? await self.thread.shutdownGracefully()
    }
}
