import ParleyDomain
import ParleyTestKit

/// The decisions and a store, run one step after the other: what the shard's thread and the reading threads do, without threads.
final class ModelShell {
    private var sequencer = Sequencer()
    private let store: any MessageStore
    let reader: any MessageReader
    private var requests: Int64 = 0
    /// The wall clock, in milliseconds since 1970. Each command takes one.
    var now: Int64 = 1_760_000_000_000

    init(store: any MessageStore, reader: any MessageReader) {
        self.store = store
        self.reader = reader
    }

    private func origin() -> RequestOrigin {
        self.requests += 1
        return RequestOrigin(loop: 0, connection: RequestOrigin.firstExchange, request: self.requests)
    }

    /// Commands that come at once: in one batch, or in as many as the sequencer makes of them. The entry that each became; nil if it
    /// was refused, or changed nothing.
    func run(_ commands: [(action: Command.Action, conversation: ConversationID, user: UserID)]) throws -> [Entry?] {
        self.now += 1
        var origins: [RequestOrigin] = []
        var found: [RequestOrigin: Entry] = [:]
        for (action, conversation, user) in commands {
            origins.append(self.origin())
            let command = Command(conversation, ClientID(trusted: "c\(self.requests)"), action)
            _ = self.sequencer.submit(Submission(origin: origins[origins.count - 1], user: user, command: command))
        }
        while self.sequencer.waiting > 0 {
            let picked = self.sequencer.pick()
            let targets = try self.lookUp(self.sequencer.unknown(for: picked))
            let batch = self.sequencer.decide(picked, targets: targets, at: self.now)
            for case .publish(let publication) in self.sequencer.complete(batch, try self.store.append(batch.drafts)) {
                for (entry, origin) in zip(publication.entries, publication.origins) {
                    // Who creates gets his entry like everybody.
                    found[entry.kind == .created ? origins[0] : origin] = entry
                }
            }
        }
        return origins.map { found[$0] }
    }

    private func lookUp(_ unknown: Unknown) throws -> [TargetQuery: Target] {
        var targets: [TargetQuery: Target] = [:]
        for query in unknown.targets { targets[query] = try self.store.targets([query]).first ?? nil }
        var places: [(Unknown.Place, Membership?)] = []
        for place in unknown.places {
            places.append((place, try self.store.membership(of: place.user, in: place.conversation)))
        }
        _ = self.sequencer.learn(heads: try self.store.heads(of: Array(unknown.conversations)), places: places)
        return targets
    }

    /// One acknowledgement of one device.
    func advance(_ user: UserID, in conversation: ConversationID, read: Int64, delivered: Int64) throws {
        var effects = self.sequencer.advance(self.origin(), user: user, conversation, read: read, delivered: delivered)
        if effects.isEmpty {
            _ = try self.lookUp(self.sequencer.unknown(for: []))
            effects = self.sequencer.advanceUnplaced()
        }
    }

    /// What the shard does before it answers this user's `sync`.
    func settle(_ user: UserID) throws { try self.store.advance(self.sequencer.takePositions(of: user)) }

    /// What the shard does once a second.
    func writePositions() throws { try self.store.advance(self.sequencer.takePositions()) }

    func note(_ note: Note) throws {
        for outcome in try self.store.note([note]) {
            _ = self.sequencer.noted(note, direct: nil, self.origin(), outcome)
        }
    }

    /// Asks about receipts, loading what is needed in pieces.
    func ask(_ kind: ReceiptQuestion.Kind, in conversation: ConversationID, by user: UserID) throws -> Effect? {
        _ = self.sequencer.ask(ReceiptQuestion(origin: self.origin(), user: user, conversation: conversation, kind: kind))
        while self.sequencer.hasReceiptWork {
            _ = try self.lookUp(self.sequencer.unknown(for: []))
            let (ready, refused) = self.sequencer.takeQuestions(limit: 8)
            if let refusal = refused.first { return refusal }
            if let next = self.sequencer.nextRows() {
                let rows = try self.store.receiptRows(of: next.conversation, afterSlot: next.afterSlot, limit: 7)
                guard self.sequencer.load(rows, of: next.conversation) else { return nil }
            }
            guard let question = ready.first else { continue }
            let messages = try self.store.messages(in: conversation, sequences: question.sequences ?? [])
            return self.sequencer.answer(question, messages: messages, frozen: [])
        }
        return nil
    }

    /// The process ends and starts again: what was not written is lost, what was is read when it is needed.
    func restart() { self.sequencer = Sequencer() }
}
