import DequeModule
import Logging
import ParleyDomain
import Synchronization

/// The state behind the shard's thread.
///
/// `@unchecked Sendable` is sound because only jobs of the runner's one-thread pool touch it, one at a time.
final class ShardWorker: @unchecked Sendable {
    let isStoring = Atomic<Bool>(true)
    /// What was counted up to the end of the last turn, for whoever asks.
    let published = Mutex(ShardCounts())
    private let store: any MessageStore
    private let settings: EngineSettings
    private let clock: EngineClock
    private let logger: Logger
    private let deliver: @Sendable ([Effect]) -> Void
    private var sequencer = Sequencer()
    private var backlog: Deque<ShardRunner.Input> = []
    private var positionsDue = false
    private var notes: [(origin: RequestOrigin, note: Note, direct: ConversationID?)] = []
    private var lookups: [(Submission, Refusal)] = []
    private var ticks = 0
    private var counts = ShardCounts()

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

    var isIdle: Bool { self.backlog.isEmpty && self.sequencer.waiting == 0 && !self.sequencer.hasReceiptWork }

    /// One turn: take what came, make connections live, store one batch, say what follows.
    func turn(_ inputs: [ShardRunner.Input]) {
        self.backlog.append(contentsOf: inputs)
        var effects = self.take()
        effects.append(contentsOf: self.storeBatch())
        effects.append(contentsOf: self.storeNotes())
        effects.append(contentsOf: self.answerReceipts())
        if self.positionsDue { effects.append(contentsOf: self.tick()) }
        self.sequencer.forgetIdle()
        // Before anybody is answered: who has an ack finds it counted.
        self.publishCounts()
        if !effects.isEmpty { self.deliver(effects) }
    }

    private func publishCounts() {
        self.counts.waiting = self.backlog.count + self.sequencer.waiting
        self.published.withLock { $0 = self.counts }
    }

    /// Once a second: positions are written, senders hear who has read, and what nobody uses is cleared.
    private func tick() -> [Effect] {
        self.positionsDue = false
        self.write(self.sequencer.takePositions())
        self.ticks += 1
        if self.ticks % 60 == 0 {
            self.sequencer.clearIdleDesks(after: 10)
            self.freezeReceipts()
        }
        return self.sequencer.receiptPushes()
    }

    func finish() {
        while !self.isIdle { self.turn([]) }
        self.write(self.sequencer.takePositions())
        self.publishCounts()
        let rows = self.counts.rows
        self.logger.info("the shard ends", metadata: ["entries": "\(rows.sum)", "commits": "\(rows.total)"])
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
                // Who comes back at once, after a reload say, finds what he has just read: it is in the store before he asks.
                if attaches == 0 { self.write(self.sequencer.takePositions()) }
                attaches += 1
                effects.append(contentsOf: self.attach(origin, user))
            case .detach(let user, let connection): effects.append(contentsOf: self.detach(user, connection))
            case .advance(let origin, let user, let conversation, let read, let delivered):
                effects.append(
                    contentsOf: self.sequencer.advance(origin, user: user, conversation, read: read, delivered: delivered))
            case .settle(let user, let then):
                self.write(self.sequencer.takePositions(of: user))
                then()
            case .ask(let question):
                if let refusal = self.sequencer.ask(question) { effects.append(.answer(question.origin, .refused(refusal))) }
            case .note(let origin, let note, let direct): self.notes.append((origin, note, direct))
            case .lookUp(let submission, let refusal): self.lookups.append((submission, refusal))
            case .online(let origin, let user, let subject, let watch):
                effects.append(self.sequencer.online(origin, user, subject, watch: watch))
            case .typing(let origin, let user, let conversation):
                effects.append(contentsOf: self.sequencer.type(origin, user, in: conversation, at: self.clock.wall()))
            case .tick: self.positionsDue = true
            }
        }
        return effects
    }

    private func detach(_ user: UserID, _ connection: String) -> [Effect] {
        guard let conversations = self.sequencer.detach(user: user) else { return [] }
        self.notes.append((.nobody, .seen(user, at: self.clock.wall()), nil))
        return [.presence(user, online: false), .gone(user, conversations, connection: connection)]
    }

    private func attach(_ origin: RequestOrigin, _ user: UserID) -> [Effect] {
        do throws(StoreFailure) {
            let isFirst = !self.sequencer.isOnline(user)
            let attached = self.sequencer.attach(origin, user: user, memberships: try self.store.memberships(of: user))
            return isFirst ? [attached, .presence(user, online: true)] : [attached]
        } catch {
            self.logger.error("memberships could not be read", metadata: ["failure": "\(error)"])
            return [.answer(origin, .refused(Sequencer.refusal(for: error)))]
        }
    }

    private func storeBatch() -> [Effect] {
        let picked = self.sequencer.pick()
        guard !picked.isEmpty || self.sequencer.needsLookup || !self.lookups.isEmpty else { return [] }
        var effects: [Effect] = []
        let facts: Facts
        do throws(StoreFailure) {
            facts = try self.lookUp(self.sequencer.unknown(for: picked))
        } catch {
            return self.failed(Batch(submissions: picked), error) + self.sequencer.refuseWaiting(Sequencer.refusal(for: error))
        }
        effects.append(contentsOf: self.sequencer.learn(heads: facts.heads, places: facts.places))
        let sound = self.sequencer.leaveOut(facts.damaged, of: picked, &effects)
        let now = self.clock.wall()
        effects.append(contentsOf: self.sequencer.advanceUnplaced())
        effects.append(contentsOf: self.sequencer.typeUnplaced(at: now))
        let batch = self.sequencer.decide(sound, targets: facts.targets, at: now)
        effects.append(contentsOf: self.answerLookups(batch.lookups + self.lookups))
        self.lookups.removeAll()
        guard !batch.drafts.isEmpty else { return effects + batch.answers }
        do throws(StoreFailure) {
            let started = self.clock.fine()
            let outcomes = try self.store.append(batch.drafts)
            self.count(outcomes, microseconds: (self.clock.fine() - started) / 1_000)
            effects.append(contentsOf: self.sequencer.complete(batch, outcomes))
            self.isStoring.store(true, ordering: .relaxed)
        } catch {
            effects.append(contentsOf: self.failed(batch, error))
        }
        return effects
    }

    private func count(_ outcomes: [AppendOutcome], microseconds: Int64) {
        let before = self.counts.entries
        for outcome in outcomes {
            switch outcome {
            case .appended(let entry, _):
                self.counts.entries += 1
                if entry.kind == .message { self.counts.messages += 1 }
            case .duplicate: self.counts.duplicates += 1
            case .refused(.corrupt(let what)): self.logDamage(what)
            case .unchanged, .refused: continue
            }
        }
        // Without an entry there was nothing to commit.
        guard self.counts.entries > before else { return }
        self.counts.rows.count(Int64(self.counts.entries - before))
        self.counts.commits.count(microseconds)
    }

    private func failed(_ batch: Batch, _ failure: StoreFailure) -> [Effect] {
        self.counts.failures += 1
        if case .full = failure {} else { self.isStoring.store(false, ordering: .relaxed) }
        self.logger.error("a batch was not stored", metadata: ["drafts": "\(batch.submissions.count)", "failure": "\(failure)"])
        return self.sequencer.fail(batch, failure)
    }

    /// What the store says to `Unknown`.
    private struct Facts {
        var heads: [ConversationHead] = []
        var places: [(Unknown.Place, Membership?)] = []
        var targets: [TargetQuery: Target] = [:]
        var damaged = Unknown()
    }

    /// Each thing is asked for by itself, so that a damaged one concerns nobody who does not need it.
    private func lookUp(_ unknown: Unknown) throws(StoreFailure) -> Facts {
        var facts = Facts()
        for query in unknown.targets {
            let found = try self.sound { () throws(StoreFailure) in try self.store.targets([query]) }
            if let found { facts.targets[query] = found.first ?? nil } else { facts.damaged.targets.insert(query) }
        }
        for id in unknown.conversations {
            let found = try self.sound { () throws(StoreFailure) in try self.store.heads(of: [id]) }
            if let found { facts.heads.append(contentsOf: found) } else { facts.damaged.conversations.insert(id) }
        }
        for place in unknown.places {
            let found = try self.sound { () throws(StoreFailure) in
                try self.store.membership(of: place.user, in: place.conversation)
            }
            if let found { facts.places.append((place, found)) } else { facts.damaged.places.insert(place) }
        }
        return facts
    }

    /// Nil where what is asked for fails its check.
    private func sound<Found>(_ ask: () throws(StoreFailure) -> Found) throws(StoreFailure) -> Found? {
        do throws(StoreFailure) {
            return try ask()
        } catch {
            guard case .corrupt(let what) = error else { throw error }
            self.logDamage(what)
            return nil
        }
    }

    private func logDamage(_ what: String) {
        self.logger.error("stored bytes fail their check", metadata: ["what": "\(what)"])
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
                return .answer(submission.origin, .refused(Sequencer.refusal(for: error)))
            }
            guard let stored else { return .answer(submission.origin, .refused(refusal)) }
            guard command.mayHaveMade(stored) else {
                return .answer(submission.origin, .refused(Refusal(.clientIDConflict, field: "client_id")))
            }
            self.counts.duplicates += 1
            return .answer(submission.origin, Sequencer.answer(for: stored))
        }
    }

    private func write(_ updates: [PositionUpdate]) {
        guard !updates.isEmpty else { return }
        do throws(StoreFailure) {
            try self.store.advance(updates)
            self.counts.positions += updates.count
        } catch {
            self.logger.error("positions were not written", metadata: ["positions": "\(updates.count)", "failure": "\(error)"])
            self.sequencer.restore(updates)
        }
    }

    // MARK: Notes

    /// Stores what is no entry, in one transaction, and says what follows.
    private func storeNotes() -> [Effect] {
        guard !self.notes.isEmpty else { return [] }
        let notes = self.notes
        self.notes.removeAll()
        do throws(StoreFailure) {
            let outcomes = try self.store.note(notes.map(\.note))
            for case .refused(.corrupt(let what)) in outcomes { self.logDamage(what) }
            return zip(notes, outcomes).flatMap { self.sequencer.noted($0.note, direct: $0.direct, $0.origin, $1) }
        } catch {
            self.logger.error("notes were not stored", metadata: ["notes": "\(notes.count)", "failure": "\(error)"])
            return notes.map { .answer($0.origin, .refused(Sequencer.refusal(for: error))) }
        }
    }

    // MARK: Receipts

    /// Loads a part of what questions wait for, and answers those that can be.
    private func answerReceipts() -> [Effect] {
        guard self.sequencer.hasReceiptWork else { return [] }
        var (ready, effects) = self.sequencer.takeQuestions(limit: self.settings.questionsPerTurn)
        do throws(StoreFailure) {
            if let next = self.sequencer.nextRows() {
                let rows = try self.store.receiptRows(
                    of: next.conversation, afterSlot: next.afterSlot, limit: self.settings.receiptRowsPerTurn)
                if !self.sequencer.load(rows, of: next.conversation) {
                    throw .corrupt("the members of conversation \(next.conversation) are not whole")
                }
            }
            while let question = ready.popLast() {
                do throws(StoreFailure) {
                    effects.append(try self.answer(question))
                } catch {
                    effects.append(.answer(question.origin, .refused(Sequencer.refusal(for: error))))
                    throw error
                }
            }
        } catch {
            self.logger.error("receipts could not be read", metadata: ["failure": "\(error)"])
            effects.append(contentsOf: ready.map { .answer($0.origin, .refused(Sequencer.refusal(for: error))) })
            effects.append(contentsOf: self.sequencer.refuseWaiting(Sequencer.refusal(for: error)))
        }
        return effects
    }

    private func answer(_ question: ReceiptQuestion) throws(StoreFailure) -> Effect {
        let messages =
            if let sequences = question.sequences {
                try self.store.messages(in: question.conversation, sequences: sequences)
            } else {
                try self.store.newestMessages(of: question.user, in: question.conversation, limit: Limits.receiptsFollowed)
            }
        let frozenTo = self.sequencer.frozenTo(question.conversation)
        let old = messages.map(\.sequence).filter { $0 <= frozenTo }
        let frozen = old.isEmpty ? [] : try self.store.frozenReceipts(in: question.conversation, sequences: old)
        return self.sequencer.answer(question, messages: messages, frozen: frozen)
    }

    /// Keeps the counts of messages that are older than the retention, and forgets who it was (R52, R121).
    private func freezeReceipts() {
        guard self.settings.receiptRetentionMilliseconds > 0 else { return }
        do throws(StoreFailure) {
            let before = self.clock.wall() - self.settings.receiptRetentionMilliseconds
            for (id, messages) in try self.store.unfrozenMessages(before: before, limit: self.settings.freezesPerTurn) {
                guard let last = messages.last?.sequence, try self.knows(id),
                    let counts = self.sequencer.countsToFreeze(messages, of: id)
                else { continue }
                try self.store.freeze(counts, in: id, upTo: last)
                self.sequencer.froze(id, upTo: last)
            }
        } catch {
            self.logger.error("receipts were not frozen", metadata: ["failure": "\(error)"])
        }
    }

    private func knows(_ id: ConversationID) throws(StoreFailure) -> Bool {
        if self.sequencer.knows(id) { return true }
        let heads = try self.store.heads(of: [id])
        _ = self.sequencer.learn(heads: heads, places: [])
        return !heads.isEmpty
    }
}
