import DequeModule
import ParleyDomain
import ParleyWire

/// What an event loop asks of the shard: as in the engine's shell.
enum SimInput {
    case submit(Submission)
    case attach(RequestOrigin, UserID)
    case detach(UserID)
    case advance(RequestOrigin, UserID, ConversationID, read: Int64, delivered: Int64)
}

/// A read on its way to the store.
struct SimRead {
    enum Request {
        case history(ConversationID, HistoryRange, limit: Int)
        case sync(SyncRequest)
    }

    var origin: RequestOrigin
    var user: UserID
    var request: Request
}

/// One life of the server process: the real sequencer, and a shell that takes the same steps in the same order as the engine's,
/// each at a simulated moment, so that crashes fall between any two.
final class SimServer {
    unowned let world: SimWorld
    let incarnation: Int
    var sequencer = Sequencer()
    private(set) var loops: [SimLoop] = []
    private var mailbox: [SimInput] = []
    private var backlog: Deque<SimInput> = []
    private var isBusy = false
    private var isAwake = false
    private var positionsDue = false
    // The turn under way: between two steps of it anything may happen.
    private var effects: [Effect] = []
    private var batch: Batch?
    private var targets: [TargetQuery: Target] = [:]
    private var outcome: Result<[AppendOutcome], StoreFailure>?
    private var reads: [SimRead?] = []

    private var store: SimStore { self.world.store }
    private var plan: SimPlan { self.world.plan }

    init(world: SimWorld, incarnation: Int) {
        self.world = world
        self.incarnation = incarnation
        for index in 0..<self.plan.loops { self.loops.append(SimLoop(index: Int32(index), server: self)) }
    }

    func accept(_ link: SimLink) {
        let id = self.world.makeConnectionID()
        let loop = self.loops[Int(id % UInt64(self.loops.count))]
        loop.add(SimConnection(id: id, loop: loop, link: link))
    }

    /// The process is gone, and with it all that it held.
    func end() { for loop in self.loops { loop.end() } }

    // MARK: The shard

    func post(_ input: SimInput) {
        self.mailbox.append(input)
        self.wake()
    }

    private func wake() {
        guard !self.isBusy, !self.isAwake else { return }
        self.isAwake = true
        self.world.push(.shardTurn, after: self.world.draw(self.plan.hopMilliseconds), self.incarnation)
    }

    /// One turn, as `ShardWorker.turn`: take what came, make connections live, store one batch, say what follows.
    func turn() {
        self.isAwake = false
        self.isBusy = true
        self.backlog.append(contentsOf: self.mailbox)
        self.mailbox.removeAll(keepingCapacity: true)
        self.take()
        let picked = self.sequencer.pick()
        guard !picked.isEmpty || self.sequencer.needsLookup else { return self.finishTurn() }
        do throws(StoreFailure) {
            self.effects.append(contentsOf: try self.lookUp(self.sequencer.unknown(for: picked)))
        } catch {
            // As in the engine, the effects of a failed look-up are only its refusals.
            self.effects.append(contentsOf: self.sequencer.fail(Batch(submissions: picked), error))
            self.effects.append(contentsOf: self.sequencer.refuseWaiting(Sequencer.refusal(for: error)))
            return self.finishTurn()
        }
        self.effects.append(contentsOf: self.sequencer.advanceUnplaced())
        let batch = self.sequencer.decide(picked, targets: self.targets, at: self.world.now)
        self.answer(batch.lookups)
        guard !batch.drafts.isEmpty else {
            self.effects.append(contentsOf: batch.answers)
            return self.finishTurn()
        }
        self.batch = batch
        self.plantEarly(batch)
        self.world.push(.commit, after: self.world.commitTime(), self.incarnation)
    }

    private func take() {
        var attaches = 0
        var taken = 0
        while attaches < self.plan.attachesPerTurn, taken < self.plan.inputsPerTurn, let input = self.backlog.popFirst() {
            taken += 1
            switch input {
            case .submit(let submission):
                if let refusal = self.sequencer.submit(submission) {
                    self.effects.append(.answer(submission.origin, .refused(refusal)))
                }
            case .attach(let origin, let user):
                attaches += 1
                self.attach(origin, user)
            case .detach(let user): _ = self.sequencer.detach(user: user)
            case .advance(let origin, let user, let conversation, let read, let delivered):
                self.effects.append(
                    contentsOf: self.sequencer.advance(origin, user: user, conversation, read: read, delivered: delivered))
            }
        }
    }

    private func attach(_ origin: RequestOrigin, _ user: UserID) {
        do throws(StoreFailure) {
            self.effects.append(self.sequencer.attach(origin, user: user, memberships: try self.store.memberships(of: user)))
        } catch {
            self.effects.append(.answer(origin, .refused(Refusal(.unavailable, retryMilliseconds: 1_000))))
        }
    }

    private func lookUp(_ unknown: Unknown) throws(StoreFailure) -> [Effect] {
        self.targets = [:]
        guard !unknown.isEmpty else { return [] }
        // Sorted, since a set's order is not the same in every process.
        let heads = unknown.conversations.isEmpty ? [] : try self.store.heads(of: unknown.conversations.sorted())
        var places: [(Unknown.Place, Membership?)] = []
        for place in unknown.places.sorted(by: { ($0.conversation, $0.user) < ($1.conversation, $1.user) }) {
            places.append((place, try self.store.membership(of: place.user, in: place.conversation)))
        }
        let queries = unknown.targets.sorted { ($0.conversation, $0.sequence, $0.user) < ($1.conversation, $1.sequence, $1.user) }
        if !queries.isEmpty {
            for (query, target) in zip(queries, try self.store.targets(queries)) { self.targets[query] = target }
        }
        return self.sequencer.learn(heads: heads, places: places)
    }

    private func answer(_ lookups: [(Submission, Refusal)]) {
        for (submission, refusal) in lookups {
            self.effects.append(.answer(submission.origin, self.lookedUp(submission, refusal)))
        }
    }

    private func lookedUp(_ submission: Submission, _ refusal: Refusal) -> Answer {
        let command = submission.command
        let stored: Entry?
        do throws(StoreFailure) {
            stored = try self.store.entry(in: command.conversation, from: submission.user, clientID: command.clientID)
        } catch {
            return .refused(Refusal(.unavailable, retryMilliseconds: 1_000))
        }
        guard let stored else { return .refused(refusal) }
        guard command.mayHaveMade(stored) else {
            return .refused(Refusal(.clientIDConflict, field: "client_id"))
        }
        return Sequencer.answer(for: stored)
    }

    /// The moment of the commit: from here on the batch survives a crash, though nobody knows of it yet.
    func commit() {
        guard let batch = self.batch else { return }
        do throws(StoreFailure) {
            self.outcome = .success(try self.store.append(batch.drafts))
        } catch {
            self.outcome = .failure(error)
            if self.store.isClosed { self.world.push(.fault, after: self.world.draw(100...1_500), -1, self.incarnation) }
        }
        self.world.push(.complete, after: self.world.draw(self.plan.commitMilliseconds), self.incarnation)
    }

    /// The store's answer is back.
    func complete() {
        guard let batch = self.batch, let outcome = self.outcome else { return }
        self.batch = nil
        self.outcome = nil
        switch outcome {
        case .success(let outcomes): self.effects.append(contentsOf: self.sequencer.complete(batch, outcomes))
        case .failure(let failure): self.effects.append(contentsOf: self.sequencer.fail(batch, failure))
        }
        self.finishTurn()
    }

    private func finishTurn() {
        let effects = self.effects
        self.effects.removeAll(keepingCapacity: true)
        if !effects.isEmpty {
            self.world.note(0x93, Int64(effects.count), 0, "the shard says \(effects)")
            self.dispatch(effects)
        }
        if self.positionsDue { self.writePositions() }
        self.isBusy = false
        if !self.backlog.isEmpty || !self.mailbox.isEmpty || self.sequencer.waiting > 0 { self.wake() }
    }

    func tick() {
        self.positionsDue = true
        self.wake()
        self.world.push(.positionsTick, after: self.plan.positionsMilliseconds, self.incarnation)
    }

    private func writePositions() {
        self.positionsDue = false
        guard self.sequencer.hasPositions else { return }
        let updates = self.sequencer.takePositions()
        do throws(StoreFailure) {
            try self.store.advance(updates)
        } catch {
            self.sequencer.restore(updates)
        }
    }

    /// The planted bugs that let something out too early.
    private func plantEarly(_ batch: Batch) {
        guard let bug = self.world.bug, bug == .ackBeforeCommit || bug == .pushBeforeCommit else { return }
        var effects: [Effect] = []
        var ahead: [ConversationID: Int64] = [:]
        for (draft, submission) in zip(batch.drafts, batch.submissions) where draft.change == nil {
            ahead[draft.conversation, default: self.store.log(draft.conversation)?.head.sequence ?? 0] += 1
            let entry = Entry(
                conversation: draft.conversation, sequence: ahead[draft.conversation] ?? 0, id: 1, stamp: 1, kind: draft.kind,
                sender: draft.sender, clientID: draft.clientID, time: draft.time, messageOrdinal: 0, senderOrdinal: 0,
                relatesTo: draft.relatesTo, thread: draft.thread, content: draft.content)
            if bug == .ackBeforeCommit {
                effects.append(.answer(submission.origin, .ack(entry)))
            } else {
                var publication = Publication(conversation: draft.conversation)
                publication.entries.append(entry)
                publication.origins.append(RequestOrigin(loop: -1, connection: 0, request: 0))
                effects.append(.publish(publication))
            }
        }
        self.dispatch(effects)
    }

    // MARK: To the loops

    /// Gives every loop its share, as one task per loop and turn.
    private func dispatch(_ effects: [Effect]) {
        var shares = [[SimLoopEffect]](repeating: [], count: self.loops.count)
        func one(_ origin: RequestOrigin, _ effect: SimLoopEffect) {
            if shares.indices.contains(Int(origin.loop)) { shares[Int(origin.loop)].append(effect) }
        }
        func all(_ effect: SimLoopEffect) { for index in shares.indices { shares[index].append(effect) } }
        for effect in effects {
            switch effect {
            case .publish(let publication): all(.broadcast(SimBroadcast(publication)))
            case .answer(let origin, let answer): one(origin, .answer(origin, answer))
            case .attached(let origin, let user, let seats): one(origin, .attached(origin, user, seats))
            case .join(let user, let seat): all(.join(user, seat))
            case .part(let user, let conversation):
                if self.world.bug != .eventToRemovedMember { all(.part(user, conversation)) }
            case .bell(let conversation, let head): all(.bell(conversation, head: head))
            case .position(let user, let conversation, let read, let delivered, let except):
                all(.position(user, conversation, read: read, delivered: delivered, except: except))
            // Nobody here is invited, types, or asks for receipts or presence.
            case .presence, .gone, .hidden, .online, .receipts, .readers, .record, .receiptsMoved, .told, .apart, .typing: break
            }
        }
        for index in shares.indices where !shares[index].isEmpty { self.loops[index].hand(shares[index]) }
    }

    // MARK: Reads

    func read(_ read: SimRead) {
        self.reads.append(read)
        self.world.push(.readRun, after: self.world.draw(self.plan.readMilliseconds), self.reads.count - 1, self.incarnation)
    }

    func run(read index: Int) {
        guard let read = self.reads[index] else { return }
        self.reads[index] = nil
        let frame: ServerFrame
        do throws(ReadFailure) {
            frame = try self.answer(read)
        } catch {
            frame = self.world.codec.error(read.origin.request, error == .notMember ? Refusal(.notMember) : Refusal(.unavailable))
        }
        self.loops[Int(read.origin.loop)].hand([.frame(read.origin, frame)])
    }

    private func answer(_ read: SimRead) throws(ReadFailure) -> ServerFrame {
        let id = read.origin.request
        switch read.request {
        case .history(let conversation, .after(let sequence), let limit):
            let page = try self.store.entries(
                in: conversation, for: read.user, after: sequence, limit: min(limit, self.plan.pageMax))
            return self.world.codec.page(id, conversation, page)
        case .history(let conversation, .before(let sequence), let limit):
            let page = try self.store.entries(
                in: conversation, for: read.user, before: sequence, limit: min(limit, self.plan.pageMax))
            return self.world.codec.page(id, conversation, page)
        case .sync(let request): return try self.sync(request, id, read.user)
        }
    }

    private func sync(_ request: SyncRequest, _ id: Int64, _ user: UserID) throws(ReadFailure) -> ServerFrame {
        guard request.epoch.isEmpty || request.epoch == self.store.epoch else {
            return self.world.codec.error(id, Refusal(.startOver, field: "epoch"))
        }
        let limit = self.plan.syncConversations
        let found = try self.store.changes(for: user, after: request.token.stamp, limit: limit + 1)
        var conversations: [(summary: ConversationSummary, page: Page?)] = []
        for summary in found.prefix(limit) {
            var page: Page?
            if let position = request.positions[summary.head.conversation], summary.membership.active,
                position < summary.head.sequence
            {
                page = try self.store.entries(in: summary.head.conversation, for: user, after: position, limit: self.plan.pageMax)
            }
            conversations.append((summary, page))
        }
        let token = SyncToken(stamps: [conversations.last?.summary.stamp ?? request.token.stamp])
        let reply = SyncReply(epoch: self.store.epoch, token: token, conversations: conversations, more: found.count > limit)
        return self.world.codec.synced(id, reply)
    }
}
