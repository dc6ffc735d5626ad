import DequeModule

/// A question of a sender about who has his messages.
package struct ReceiptQuestion: Sendable {
    package var origin: RequestOrigin
    package var user: UserID
    package var conversation: ConversationID
    package var kind: Kind

    package enum Kind: Sendable, Equatable {
        /// How many have these messages; nil: the user's newest ones.
        case counts([Int64]?)
        /// Who has a message, or has it not.
        case readers(Int64, ReaderList, afterSlot: Int32, limit: Int)
        /// The record of a message (R44).
        case record(Int64)
    }

    package init(origin: RequestOrigin, user: UserID, conversation: ConversationID, kind: Kind) {
        self.origin = origin
        self.user = user
        self.conversation = conversation
        self.kind = kind
    }

    /// The messages that it is about; nil: the user's newest ones.
    package var sequences: [Int64]? {
        switch self.kind {
        case .counts(let sequences): sequences
        case .readers(let sequence, _, _, _), .record(let sequence): [sequence]
        }
    }
}

/// What one process knows of a conversation's receipts: the positions of all who ever were members, and what senders were last told.
package struct ReceiptDesk: Sendable {
    package var book: ReceiptBook
    /// Rounds of `Sequencer.clearIdleDesks` since somebody last asked or read.
    var idleRounds = 0
    /// Whether a position moved since the last tick.
    var moved = false

    init(head: ConversationHead) { self.book = ReceiptBook(head: head.sequence, lastSlot: head.lastSlot) }

    /// Nil for a sequence that is not in the log.
    func receipts(of message: SentMessage) -> MessageReceipts? {
        self.book.counts(of: message.sequence, senderSlot: message.senderSlot).map {
            MessageReceipts(sequence: message.sequence, counts: $0)
        }
    }
}

extension Sequencer {
    // MARK: Questions

    /// Puts a question; it is answered in a later turn, when what it rests on is loaded.
    package mutating func ask(_ question: ReceiptQuestion) -> Refusal? {
        guard self.questions.count < Limits.waitingCommands else { return Refusal(.overloaded, retryMilliseconds: 1_000) }
        self.questions.append(question)
        return nil
    }

    /// Whether receipts wait to be loaded or asked for.
    package var hasReceiptWork: Bool { !self.questions.isEmpty || !self.loading.isEmpty }

    /// The places on which the waiting questions rest, to be looked up with those of the commands.
    func addPlaces(of questions: some Sequence<ReceiptQuestion>, to unknown: inout Unknown) {
        for question in questions {
            let conversation = self.conversations[question.conversation]
            if conversation?.headIsCurrent != true { unknown.conversations.insert(question.conversation) }
            guard conversation?.knows(question.user) != true else { continue }
            unknown.places.insert(Unknown.Place(conversation: question.conversation, user: question.user))
        }
    }

    /// Takes the questions out that can be answered now; those that cannot be are answered here, those whose desk is being loaded wait.
    ///
    /// - Parameter limit: How many are taken at most, so that a turn is bounded.
    package mutating func takeQuestions(limit: Int) -> (ready: [ReceiptQuestion], refused: [Effect]) {
        var ready: [ReceiptQuestion] = []
        var refused: [Effect] = []
        var waiting: [ReceiptQuestion] = []
        for question in self.questions {
            guard ready.count < limit else {
                waiting.append(question)
                continue
            }
            guard let conversation = self.conversations[question.conversation], conversation.knows(question.user) else {
                // Its place was asked for in this turn; where there is no conversation, there is none to wait for.
                refused.append(.answer(question.origin, .refused(Refusal(.notMember))))
                continue
            }
            if conversation.role(of: question.user) == nil {
                refused.append(.answer(question.origin, .refused(Refusal(.notMember))))
            } else if !conversation.head.rules.receipts {
                refused.append(.answer(question.origin, .refused(Refusal(.receiptsOff))))
            } else if self.openDesk(of: question.conversation) {
                ready.append(question)
            } else {
                waiting.append(question)
            }
        }
        self.questions = waiting
        return (ready, refused)
    }

    /// Refuses every question and position that waits for a look-up: the store does not answer.
    package mutating func refuseWaiting(_ refusal: Refusal) -> [Effect] {
        defer {
            self.questions.removeAll()
            self.unplaced.removeAll()
            self.typists.removeAll()
        }
        let origins = self.questions.map(\.origin) + self.unplaced.map(\.origin) + self.typists.map(\.origin)
        return origins.map { .answer($0, .refused(refusal)) }
    }

    /// Up to which sequence the receipts of a conversation are frozen.
    package func frozenTo(_ id: ConversationID) -> Int64 { self.conversations[id]?.head.frozenTo ?? 0 }

    /// Answers a question.
    ///
    /// - Parameters:
    ///   - messages: What the store has of the sequences asked for.
    ///   - frozen: Their frozen counts, where they have some.
    package mutating func answer(_ question: ReceiptQuestion, messages: [SentMessage], frozen: [MessageReceipts]) -> Effect {
        let own = messages.filter { $0.sender == question.user }
        guard let desk = self.desks[question.conversation], let head = self.conversations[question.conversation]?.head else {
            return .answer(question.origin, .refused(Refusal(.unavailable, retryMilliseconds: 1_000)))
        }
        if case .counts = question.kind {
            let counts = own.compactMap { message in
                frozen.first { $0.sequence == message.sequence } ?? desk.receipts(of: message)
            }
            if self.attached[question.user] != nil {
                let told = Dictionary(counts.map { ($0.sequence, $0.counts) }) { first, _ in first }
                let open = own.filter { $0.sequence > head.frozenTo }
                self.conversations[question.conversation]?.followed.resume(
                    open.compactMap { message in told[message.sequence].map { (message, $0) } }, by: question.user)
            }
            return .receipts(question.origin, question.conversation, counts.sorted { $0.sequence < $1.sequence })
        }
        guard let message = own.first else { return .answer(question.origin, .refused(Refusal(.noMessage, field: "sequence"))) }
        guard message.sequence > head.frozenTo else { return .answer(question.origin, .refused(Refusal(.archived))) }
        switch question.kind {
        case .counts: return .receipts(question.origin, question.conversation, [])
        case .readers(let sequence, let list, let afterSlot, let limit):
            let page = desk.book.readers(
                of: sequence, senderSlot: message.senderSlot, list: list, afterSlot: afterSlot, limit: limit)
            if let page { return .readers(question, page) }
        case .record(let sequence):
            if let record = desk.book.record(of: sequence, senderSlot: message.senderSlot) { return .record(question, record) }
        }
        return .answer(question.origin, .refused(Refusal(.noMessage, field: "sequence")))
    }

    // MARK: Loading

    /// Whether the desk of a conversation is loaded; if there is none, it is begun.
    private mutating func openDesk(of id: ConversationID) -> Bool {
        if let desk = self.desks[id] {
            self.desks[id]?.idleRounds = 0
            return desk.book.isLoaded
        }
        guard let conversation = self.conversations[id], conversation.headIsCurrent else { return false }
        var desk = ReceiptDesk(head: conversation.head)
        // What the rows do not have yet.
        for update in self.positions.values where update.conversation == id {
            desk.book.advance(slot: update.slot, read: update.read, delivered: update.delivered)
        }
        self.desks[id] = desk
        guard !desk.book.isLoaded else { return true }
        self.loading.append(id)
        return false
    }

    /// The next part of a desk to be loaded: member rows after this slot. Desks take turns.
    package mutating func nextRows() -> (conversation: ConversationID, afterSlot: Int32)? {
        while let id = self.loading.popFirst() {
            guard let slot = self.desks[id]?.book.nextSlot else { continue }
            self.loading.append(id)
            return (id, slot - 1)
        }
        return nil
    }

    /// Takes rows over. False where the log and the table of members do not agree: the desk is dropped, and what waits for it is refused.
    package mutating func load(_ rows: [ReceiptRow], of id: ConversationID) -> Bool {
        do throws(ReceiptFault) {
            guard !rows.isEmpty else { throw .slotOutOfOrder(found: 0, wanted: self.desks[id]?.book.nextSlot ?? 0) }
            try self.desks[id]?.book.load(rows)
            return true
        } catch {
            self.desks[id] = nil
            return false
        }
    }

    // MARK: Following

    /// Notes what a stored entry means for receipts.
    mutating func note(_ entry: Entry, _ change: Change?, _ joined: [Joiner]) {
        let id = entry.conversation
        guard let desk = self.desks.index(forKey: id) else { return }
        self.desks.values[desk].book.grow(to: entry.sequence)
        for joiner in joined {
            self.desks.values[desk].book.join(slot: joiner.slot, at: entry.sequence, visibleFrom: joiner.visibleFrom)
            if !joiner.isCounted { self.desks.values[desk].book.exclude(slot: joiner.slot, from: entry.sequence) }
        }
        switch change {
        case .end(let user), .ban(let user):
            guard let place = self.conversations[id]?.place(of: user), place.isActive else { return }
            self.desks.values[desk].book.end(slot: place.slot, at: entry.sequence)
        default: break
        }
    }

    /// Takes a position over into the desk, if there is one; else one is begun where a connected sender waits to hear.
    mutating func noteRead(_ id: ConversationID, slot: Int32, read: Int64, delivered: Int64) {
        if self.desks[id] == nil {
            guard self.conversations[id]?.isFollowed == true else { return }
            _ = self.openDesk(of: id)
        }
        self.desks[id]?.book.advance(slot: slot, read: read, delivered: delivered)
        self.desks[id]?.idleRounds = 0
        guard self.desks[id]?.moved == false else { return }
        self.desks[id]?.moved = true
        self.moved.append(id)
    }

    /// Receipts of a user went off or on, from the next entry on.
    package mutating func turn(_ receipts: ReceiptsTurn) {
        if receipts.on {
            self.desks[receipts.conversation]?.book.include(slot: receipts.slot, at: receipts.head + 1)
        } else {
            self.desks[receipts.conversation]?.book.exclude(slot: receipts.slot, from: receipts.head + 1)
        }
    }

    /// What connected senders are told of what moved since the last tick: one effect per sender and conversation, however many read
    /// (R50, R51, R53).
    package mutating func receiptPushes() -> [Effect] {
        var effects: [Effect] = []
        var again: [ConversationID] = []
        for id in self.moved {
            guard let desk = self.desks[id] else { continue }
            guard desk.book.isLoaded else {
                again.append(id)
                continue
            }
            self.desks[id]?.moved = false
            let news = self.conversations[id]?.followed.takeNews(desk.book) ?? [:]
            for (sender, receipts) in news.sorted(by: { $0.key < $1.key }) where self.attached[sender] != nil {
                effects.append(.receiptsMoved(sender, id, receipts))
            }
        }
        self.moved = again
        return effects
    }

    /// Clears desks that nobody used for this many rounds: the store has all that they know.
    package mutating func clearIdleDesks(after rounds: Int) {
        for (id, desk) in self.desks {
            if desk.idleRounds >= rounds, desk.book.isLoaded {
                self.desks[id] = nil
            } else {
                self.desks[id]?.idleRounds += 1
            }
        }
    }

    // MARK: Freezing

    /// The counts of messages that are to be frozen; nil while the desk is not loaded.
    package mutating func countsToFreeze(_ messages: [SentMessage], of id: ConversationID) -> [MessageReceipts]? {
        guard self.openDesk(of: id), let desk = self.desks[id] else { return nil }
        return messages.compactMap { desk.receipts(of: $0) }
    }

    /// The store keeps the counts of everything up to here; lists are no longer answered.
    package mutating func froze(_ id: ConversationID, upTo sequence: Int64) { self.conversations[id]?.froze(upTo: sequence) }
}

extension Conversation {
    /// Whether a connected sender waits to hear who has his messages.
    var isFollowed: Bool { !self.followed.isEmpty }

    /// A connected sender is told while the counts of his newest messages change.
    mutating func follow(_ entry: Entry) {
        guard self.head.rules.receipts, let place = self.place(of: entry.sender) else { return }
        self.followed.append(entry.sequence, by: entry.sender, slot: place.slot)
    }

    /// Drops those of whom a question would say nothing either: so what is pushed is what a question gives, and nobody is told of a
    /// conversation that he is out of.
    mutating func unfollow(after change: Change) {
        switch change {
        case .end(let user), .ban(let user): self.followed.drop { _, sender in sender == user }
        case .recall(let target): self.followed.drop { sequence, _ in sequence == target }
        case .settings where !self.head.rules.receipts: self.followed.drop { _, _ in true }
        default: break
        }
    }
}
