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
        case detach(UserID)
        case advance(RequestOrigin, UserID, ConversationID, read: Int64, delivered: Int64)
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

/// The state behind the shard's thread.
///
/// `@unchecked Sendable` is sound because only jobs of the runner's one-thread pool touch it, one at a time.
private final class ShardWorker: @unchecked Sendable {
    let isStoring = Atomic<Bool>(true)
    private let store: any MessageStore
    private let settings: EngineSettings
    private let clock: EngineClock
    private let logger: Logger
    private let deliver: @Sendable ([Effect]) -> Void
    private var sequencer = Sequencer()
    private var backlog: Deque<ShardRunner.Input> = []
    private var positionsDue = false
    /// Batches stored, and the drafts in them: how well commits were shared.
    private var commits = 0
    private var drafts = 0

    init(
        store: any MessageStore, settings: EngineSettings, clock: EngineClock, logger: Logger,
        deliver: @escaping @Sendable ([Effect]) -> Void
    ) {
        self.store = store
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.deliver = deliver
    }

    var isIdle: Bool { self.backlog.isEmpty && self.sequencer.waiting == 0 }

    /// One turn: take what came, make connections live, store one batch, say what follows.
    func turn(_ inputs: [ShardRunner.Input]) {
        self.backlog.append(contentsOf: inputs)
        var effects = self.take()
        effects.append(contentsOf: self.storeBatch())
        if !effects.isEmpty { self.deliver(effects) }
        if self.positionsDue { self.writePositions() }
    }

    func finish() {
        while !self.isIdle { self.turn([]) }
        self.writePositions()
        self.logger.info("the shard ends", metadata: ["drafts": "\(self.drafts)", "commits": "\(self.commits)"])
    }

    private func take() -> [Effect] {
        var effects: [Effect] = []
        var attaches = 0
        while attaches < self.settings.attachesPerTurn, let input = self.backlog.popFirst() {
            switch input {
            case .submit(let submission):
                if let refusal = self.sequencer.submit(submission) {
                    effects.append(.answer(submission.origin, .refused(refusal)))
                }
            case .attach(let origin, let user):
                attaches += 1
                effects.append(self.attach(origin, user))
            case .detach(let user): self.sequencer.detach(user: user)
            case .advance(let origin, let user, let conversation, let read, let delivered):
                effects.append(
                    contentsOf: self.sequencer.advance(origin, user: user, conversation, read: read, delivered: delivered))
            case .tick: self.positionsDue = true
            }
        }
        return effects
    }

    private func attach(_ origin: RequestOrigin, _ user: UserID) -> Effect {
        do throws(StoreFailure) {
            return self.sequencer.attach(origin, user: user, memberships: try self.store.memberships(of: user))
        } catch {
            self.logger.error("memberships could not be read", metadata: ["failure": "\(error)"])
            return .answer(origin, .refused(Refusal(.unavailable, retryMilliseconds: 1_000)))
        }
    }

    private func storeBatch() -> [Effect] {
        let picked = self.sequencer.pick()
        guard !picked.isEmpty || self.sequencer.hasDoubts else { return [] }
        var effects: [Effect] = []
        do throws(StoreFailure) {
            effects = try self.lookUp(self.sequencer.unknown(for: picked))
        } catch {
            return self.failed(Batch(submissions: picked), error)
        }
        let batch = self.sequencer.decide(picked, at: self.clock.wall())
        effects.append(contentsOf: self.answerLookups(batch.lookups))
        guard !batch.drafts.isEmpty else { return effects + batch.answers }
        do throws(StoreFailure) {
            effects.append(contentsOf: self.sequencer.complete(batch, try self.store.append(batch.drafts)))
            self.isStoring.store(true, ordering: .relaxed)
            self.commits += 1
            self.drafts += batch.drafts.count
        } catch {
            effects.append(contentsOf: self.failed(batch, error))
        }
        return effects
    }

    private func failed(_ batch: Batch, _ failure: StoreFailure) -> [Effect] {
        if case .full = failure {} else { self.isStoring.store(false, ordering: .relaxed) }
        self.logger.error("a batch was not stored", metadata: ["drafts": "\(batch.submissions.count)", "failure": "\(failure)"])
        return self.sequencer.fail(batch, failure)
    }

    private func lookUp(_ unknown: Unknown) throws(StoreFailure) -> [Effect] {
        guard !unknown.isEmpty else { return [] }
        let heads = unknown.conversations.isEmpty ? [] : try self.store.heads(of: Array(unknown.conversations))
        var places: [(Unknown.Place, Membership?)] = []
        for place in unknown.places {
            places.append((place, try self.store.membership(of: place.user, in: place.conversation)))
        }
        return self.sequencer.learn(heads: heads, places: places)
    }

    /// A sender without rights may still ask about what he stored while he had them: the same client id, the same ack, for ever.
    private func answerLookups(_ lookups: [(Submission, Refusal)]) -> [Effect] {
        lookups.map { submission, refusal in
            let command = submission.command
            let stored: Entry?
            do throws(StoreFailure) {
                stored = try self.store.entry(in: command.conversation, from: submission.user, clientID: command.clientID)
            } catch {
                // "No" would be for ever, and may be wrong.
                return .answer(submission.origin, .refused(Refusal(.unavailable, retryMilliseconds: 1_000)))
            }
            guard let stored else { return .answer(submission.origin, .refused(refusal)) }
            if case .send(_, _, let content, let relatesTo) = command, content != stored.content || relatesTo != stored.relatesTo
            {
                return .answer(submission.origin, .refused(Refusal(.clientIDConflict, field: "client_id")))
            }
            return .answer(submission.origin, Sequencer.answer(for: stored))
        }
    }

    private func writePositions() {
        self.positionsDue = false
        guard self.sequencer.hasPositions else { return }
        let updates = self.sequencer.takePositions()
        do throws(StoreFailure) {
            try self.store.advance(updates)
        } catch {
            self.logger.error("positions were not written", metadata: ["positions": "\(updates.count)", "failure": "\(error)"])
            self.sequencer.restore(updates)
        }
    }
}
