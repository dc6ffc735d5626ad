package import ParleyDomain

/// The simulated disk: a store in memory whose appends can fail in every way that the port allows.
///
/// What `append` has applied is durable and survives every crash; a crash of the server before that loses the batch, since the
/// server calls `append` only at the moment of the commit.
///
/// `@unchecked Sendable` is sound because a run of the simulation, with its store, lives on one thread.
package final class SimStore: MessageStore, MemoryReading, @unchecked Sendable {
    package let epoch = "sim"
    var state = MemoryState(highWater: 1_000)
    /// How the next append fails; nil for success.
    var nextFailure: SimFailure?
    /// After an unknown outcome a store may take nothing more until it is opened again.
    var isClosed = false
    /// Calls that fail before the next one that works.
    var failingReads = 0
    var bug: SimBug?

    package var snapshot: MemoryState { self.state }

    /// As they were made.
    var logs: [MemoryConversation] { self.state.all }

    func log(_ conversation: ConversationID) -> MemoryConversation? { self.state.conversations[conversation] }

    /// The durable entry at this place, if there is one.
    func entry(_ conversation: ConversationID, _ sequence: Int64) -> Entry? { self.log(conversation)?.entry(sequence) }

    /// Whether the user might ever see it: with visible history also what was before a membership that is over.
    func sees(_ user: UserID, _ conversation: ConversationID, _ sequence: Int64) -> Bool {
        guard let member = self.log(conversation)?.members[user] else { return false }
        return member.sees(sequence) || (sequence >= member.row.visibleFrom && sequence <= member.lastSequence)
    }

    func reopen() {
        self.isClosed = false
        self.nextFailure = nil
        self.failingReads = 0
    }

    private func check() throws(StoreFailure) {
        if self.isClosed { throw .unavailable("closed after an unknown outcome") }
        guard self.failingReads > 0 else { return }
        self.failingReads -= 1
        throw .unavailable("simulated")
    }

    // MARK: Drafts and notes

    package func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        if self.isClosed { throw .unavailable("closed after an unknown outcome") }
        let failure = self.nextFailure
        self.nextFailure = nil
        if self.bug == .sequenceOutsideTransaction { for draft in drafts { self.reserve(draft) } }
        switch failure {
        case .full: throw .full("simulated")
        case .unavailable: throw .unavailable("simulated")
        case .unknownAndLost(let closes):
            self.isClosed = closes
            throw .outcomeUnknown("simulated")
        case .unknownButStored(let closes):
            for draft in drafts { _ = self.state.append(draft) }
            self.isClosed = closes
            throw .outcomeUnknown("simulated")
        case nil: return drafts.map { self.state.append($0) }
        }
    }

    /// The planted bug: a counter that moves on whether the transaction commits or not.
    private func reserve(_ draft: Draft) {
        let head = self.log(draft.conversation)?.head.sequence ?? 0
        self.state.reserved[draft.conversation] = max(self.state.reserved[draft.conversation] ?? 0, head) + 1
    }

    package func note(_ notes: [Note]) throws(StoreFailure) -> [NoteOutcome] {
        try self.check()
        return notes.map { self.state.note($0) }
    }

    package func targets(_ queries: [TargetQuery]) throws(StoreFailure) -> [Target?] {
        try self.check()
        return queries.map { self.state.target($0) }
    }

    package func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.check()
        return self.state.entry(in: conversation, from: sender, clientID: clientID)
    }

    // MARK: Receipts

    package func receiptRows(of conversation: ConversationID, afterSlot slot: Int32, limit: Int) throws(StoreFailure)
        -> [ReceiptRow]
    {
        try self.check()
        return self.state.receiptRows(of: conversation, afterSlot: slot, limit: limit)
    }

    package func messages(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [SentMessage] {
        try self.check()
        return self.state.sent(in: conversation) { sequences.contains($0.sequence) }
    }

    package func newestMessages(of user: UserID, in conversation: ConversationID, limit: Int) throws(StoreFailure)
        -> [SentMessage]
    {
        try self.check()
        return self.state.newestMessages(of: user, in: conversation, limit: limit)
    }

    package func unfrozenMessages(before time: Int64, limit: Int) throws(StoreFailure) -> [(ConversationID, [SentMessage])] {
        try self.check()
        return self.state.unfrozenMessages(before: time, limit: limit)
    }

    package func freeze(_ receipts: [MessageReceipts], in conversation: ConversationID, upTo sequence: Int64) throws(StoreFailure)
    {
        try self.check()
        self.state.freeze(receipts, in: conversation, upTo: sequence)
    }

    package func frozenReceipts(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [MessageReceipts] {
        try self.check()
        return self.state.frozenReceipts(in: conversation, sequences: sequences)
    }

    // MARK: Positions and places

    package func advance(_ positions: [PositionUpdate]) throws(StoreFailure) {
        try self.check()
        for position in positions { self.state.advance(position) }
    }

    package func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead] {
        try self.check()
        return conversations.compactMap { self.log($0)?.head }
    }

    package func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)] {
        try self.check()
        return self.state.memberships(of: user)
    }

    package func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership? {
        try self.check()
        return self.state.membership(of: user, in: conversation)
    }

    // MARK: The planted bug of readers

    package func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        let skip: Int64 = self.bug == .cursorSkip && after > 0 && after % 3 == 0 ? 1 : 0
        return try self.state.entries(in: conversation, for: user, after: after + skip, limit: limit)
    }
}
