import ParleyDomain

/// Passes everything on; the faulty stores change one thing each.
class PassingStore: MessageStore {
    let inner: any MessageStore

    init(_ inner: any MessageStore) { self.inner = inner }

    var epoch: String { self.inner.epoch }
    func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] { try self.inner.append(drafts) }
    func advance(_ positions: [PositionUpdate]) throws(StoreFailure) { try self.inner.advance(positions) }
    func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead] {
        try self.inner.heads(of: conversations)
    }
    func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)] {
        try self.inner.memberships(of: user)
    }
    func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership? {
        try self.inner.membership(of: user, in: conversation)
    }
    func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.inner.entry(in: conversation, from: sender, clientID: clientID)
    }

    func note(_ notes: [Note]) throws(StoreFailure) -> [NoteOutcome] {
        try self.inner.note(notes)
    }
    func targets(_ queries: [TargetQuery]) throws(StoreFailure) -> [Target?] {
        try self.inner.targets(queries)
    }
    func receiptRows(of conversation: ConversationID, afterSlot slot: Int32, limit: Int) throws(StoreFailure) -> [ReceiptRow] {
        try self.inner.receiptRows(of: conversation, afterSlot: slot, limit: limit)
    }
    func messages(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [SentMessage] {
        try self.inner.messages(in: conversation, sequences: sequences)
    }
    func newestMessages(of user: UserID, in conversation: ConversationID, limit: Int) throws(StoreFailure) -> [SentMessage] {
        try self.inner.newestMessages(of: user, in: conversation, limit: limit)
    }
    func unfrozenMessages(before time: Int64, limit: Int) throws(StoreFailure) -> [(ConversationID, [SentMessage])] {
        try self.inner.unfrozenMessages(before: time, limit: limit)
    }
    func freeze(_ receipts: [MessageReceipts], in conversation: ConversationID, upTo sequence: Int64) throws(StoreFailure) {
        try self.inner.freeze(receipts, in: conversation, upTo: sequence)
    }
    func frozenReceipts(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [MessageReceipts] {
        try self.inner.frozenReceipts(in: conversation, sequences: sequences)
    }

    /// The entries that these message drafts will become if nothing goes wrong; nil for drafts that are no new messages.
    func predicted(_ drafts: [Draft]) throws(StoreFailure) -> [Entry]? {
        var heads: [ConversationID: ConversationHead] = [:]
        for head in try self.inner.heads(of: Array(Set(drafts.map(\.conversation)))) { heads[head.conversation] = head }
        var entries: [Entry] = []
        for draft in drafts {
            guard draft.kind == .message, var head = heads[draft.conversation], draft.decidedAt >= head.controlSequence,
                try self.inner.entry(in: draft.conversation, from: draft.sender, clientID: draft.clientID) == nil
            else { return nil }
            head.sequence += 1
            head.messages += 1
            heads[draft.conversation] = head
            entries.append(
                Entry(
                    conversation: draft.conversation, sequence: head.sequence, id: draft.time << 22 | Int64(entries.count),
                    stamp: head.stamp,
                    kind: .message, sender: draft.sender, clientID: draft.clientID, time: draft.time,
                    messageOrdinal: head.messages,
                    senderOrdinal: 1, relatesTo: draft.relatesTo, content: draft.content))
        }
        return entries
    }
}

/// Passes reads on; the faulty readers change one thing each.
class PassingReader: MessageReader, @unchecked Sendable {
    // Sound: `inner` is Sendable and never changes; subclasses add no state.
    let inner: any MessageReader

    init(_ inner: any MessageReader) { self.inner = inner }

    func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page {
        try self.inner.entries(in: conversation, for: user, after: after, limit: limit)
    }
    func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page {
        try self.inner.entries(in: conversation, for: user, before: before, limit: limit)
    }
    func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary] {
        try self.inner.changes(for: user, after: stamp, limit: limit)
    }
    func members(of conversation: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    {
        try self.inner.members(of: conversation, for: user, afterSlot: slot, limit: limit)
    }
    func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile] { try self.inner.profiles(of: users) }
    func numbered(_ users: [UserID]) throws(ReadFailure) -> [NumberedUser] { try self.inner.numbered(users) }
    func user(numbered number: Int64) throws(ReadFailure) -> NumberedUser? { try self.inner.user(numbered: number) }
    func numbered(_ conversations: [ConversationID], for user: UserID) throws(ReadFailure) -> [NumberedConversation] {
        try self.inner.numbered(conversations, for: user)
    }
    func conversation(numbered number: Int64, for user: UserID) throws(ReadFailure) -> NumberedConversation? {
        try self.inner.conversation(numbered: number, for: user)
    }
    func newestStamp() throws(ReadFailure) -> Int64 {
        try self.inner.newestStamp()
    }
    func members(of conversation: ConversationID, for user: UserID, changedAfter stamp: Int64, limit: Int) throws(ReadFailure)
        -> MemberChanges
    {
        try self.inner.members(of: conversation, for: user, changedAfter: stamp, limit: limit)
    }
    func members(of conversation: ConversationID, for user: UserID, in state: MemberState, after: String, limit: Int)
        throws(ReadFailure) -> [MemberProfile]
    {
        try self.inner.members(of: conversation, for: user, in: state, after: after, limit: limit)
    }
    func members(of conversation: ConversationID, for user: UserID, slots: [Int32]) throws(ReadFailure) -> [MemberProfile] {
        try self.inner.members(of: conversation, for: user, slots: slots)
    }
    func thread(of root: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure)
        -> Page
    {
        try self.inner.thread(of: root, in: conversation, for: user, after: after, limit: limit)
    }
    func revisions(of sequence: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int)
        throws(ReadFailure) -> Page
    {
        try self.inner.revisions(of: sequence, in: conversation, for: user, after: after, limit: limit)
    }
    func reactions(
        to sequence: Int64, emoji: String, in conversation: ConversationID, for user: UserID, after: String, limit: Int
    ) throws(ReadFailure) -> [UserProfile] {
        try self.inner.reactions(to: sequence, emoji: emoji, in: conversation, for: user, after: after, limit: limit)
    }
    func pins(in conversation: ConversationID, for user: UserID) throws(ReadFailure) -> Page {
        try self.inner.pins(in: conversation, for: user)
    }
    func mentions(of user: UserID, in conversation: ConversationID, after: Int64, limit: Int) throws(ReadFailure) -> Page {
        try self.inner.mentions(of: user, in: conversation, after: after, limit: limit)
    }
    func audit(_ conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page {
        try self.inner.audit(conversation, for: user, before: before, limit: limit)
    }
    func links(of conversation: ConversationID, for user: UserID, at now: Int64) throws(ReadFailure) -> [InviteLink] {
        try self.inner.links(of: conversation, for: user, at: now)
    }
    func link(_ id: String, for user: UserID, at now: Int64) throws(ReadFailure) -> LinkPreview? {
        try self.inner.link(id, for: user, at: now)
    }
    func conversation(ofLink id: String) throws(ReadFailure) -> ConversationID? {
        try self.inner.conversation(ofLink: id)
    }
    func reports(of conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> [Report] {
        try self.inner.reports(of: conversation, for: user, before: before, limit: limit)
    }
    func preferences(of user: UserID) throws(ReadFailure) -> Preferences { try self.inner.preferences(of: user) }
    func blocks(of user: UserID) throws(ReadFailure) -> [UserProfile] {
        try self.inner.blocks(of: user)
    }
    func data(of user: UserID, in conversation: ConversationID?) throws(ReadFailure) -> [UInt8]? {
        try self.inner.data(of: user, in: conversation)
    }
    func seen(_ users: [UserID], for user: UserID) throws(ReadFailure) -> [Seen] {
        try self.inner.seen(users, for: user)
    }
    func recipients(of conversation: ConversationID, messages: ClosedRange<Int64>, afterSlot slot: Int32, limit: Int)
        throws(ReadFailure) -> [Recipient]
    {
        try self.inner.recipients(of: conversation, messages: messages, afterSlot: slot, limit: limit)
    }
}
