/// Keeps the log of one store shard: the writing half, held by the one thread that runs the shard.
///
/// Promises, which `MessageStoreContract` in ParleyTestKit holds every adapter to:
///
/// 1. **Durable.** When `append` or `advance` returns, what it says is on disk and survives a crash of the process
///    and of the machine. Nothing it says may be seen by a reader before.
/// 2. **Numbered.** Entries of one conversation have sequences 1, 2, 3 ... without holes, in the order of the drafts,
///    assigned in the transaction that stores them. So are both ordinals. Ids and stamps rise with every entry of the
///    shard in commit order, also over a restart and when the clock goes back.
/// 3. **Idempotent.** (conversation, sender, client id) is unique as long as the entry is kept. The same again gives the
///    first entry, unchanged, however much later; with another kind or content it is `.refused(.conflict)`.
///    This holds inside one batch too.
/// 4. **Each draft alone.** A refused draft leaves no trace and does not touch its neighbours; so it is with one that needs stored bytes
///    which fail their check (`.refused(.corrupt)`), with a note, and with a position. A failure of the batch
///    stores none of it, or its outcome is unknown (`StoreFailure.outcomeUnknown`): then ask again with the same client
///    ids, which tells by promise 3.
/// 5. **One conversation is one log.** The head row, membership rows and intervals change in the transaction of the entry
///    that changes them. A draft decided on an older control sequence than the conversation has is `.refused(.stale)`;
///    so is one that an earlier draft of the same batch made old.
/// 6. **One copy.** The rows written for a message do not grow with the members (R16, R32): the entry, and one row for each user
///    that it mentions by name.
/// 7. **Entries change what they are about.** An edit, recall, reaction or pin changes how its target shows, in the transaction of the
///    entry; the target's own row never changes. A reaction or pin that would change nothing is `.unchanged` and no entry, so that who
///    counts the entries has the numbers of the pages.
///
/// All calls block, and are made by one thread at a time. Nothing here runs on an event loop.
package protocol MessageStore: AnyObject {
    /// Changes when the store is restored from a copy: a client whose epoch differs starts over.
    var epoch: String { get }

    /// Stores the batch in one transaction. The outcomes stand in the order of the drafts.
    func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome]

    /// Stores notes in one transaction. The outcomes stand in the order of the notes.
    func note(_ notes: [Note]) throws(StoreFailure) -> [NoteOutcome]

    /// The messages that commands are about; nil where there is no entry of that sequence. As with every question, damage to one thing that
    /// was asked for fails the call.
    func targets(_ queries: [TargetQuery]) throws(StoreFailure) -> [Target?]

    // MARK: Receipts

    /// Member rows by slot, those after `slot`, at most `limit`: of everybody who ever was a member.
    func receiptRows(of conversation: ConversationID, afterSlot slot: Int32, limit: Int) throws(StoreFailure) -> [ReceiptRow]

    /// The messages of these sequences, by sequence; others are left out, and so are recalled ones.
    func messages(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [SentMessage]

    /// A user's newest messages, newest first, recalled ones left out.
    func newestMessages(of user: UserID, in conversation: ConversationID, limit: Int) throws(StoreFailure) -> [SentMessage]

    /// Conversations that have messages accepted before `time` (milliseconds since 1970) whose receipts are not frozen, and for each the
    /// oldest such messages, at most `limit` in all.
    func unfrozenMessages(before time: Int64, limit: Int) throws(StoreFailure) -> [(ConversationID, [SentMessage])]

    /// Keeps these counts for ever in the place of the record, and everything up to `sequence` counts as frozen (R52).
    func freeze(_ receipts: [MessageReceipts], in conversation: ConversationID, upTo sequence: Int64) throws(StoreFailure)

    /// The frozen counts of these messages; those that are not frozen are left out.
    func frozenReceipts(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [MessageReceipts]

    // MARK: Positions

    /// Moves read and delivered positions forward; lower values than the stored ones change nothing.
    /// A position beyond the conversation's head, or of a user who never was a member, is left out.
    func advance(_ positions: [PositionUpdate]) throws(StoreFailure)

    /// The heads of these conversations; those that do not exist are left out.
    func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead]

    /// The active memberships of a user, with the heads of their conversations.
    func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)]

    /// One user's place in one conversation, active or not; nil if he never had one.
    func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership?

    /// The entry that this sender stored by this client id, if there is one: how a repeat is answered when the sender has lost
    /// the right to send since.
    func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry?
}

/// New positions of one member. Zero means "leave as it is".
package struct PositionUpdate: Sendable, Equatable {
    package var conversation: ConversationID
    package var user: UserID
    package var read: Int64
    package var delivered: Int64
    /// The member's slot, for those who count receipts from positions that are not written yet; stores do not look at it.
    package var slot: Int32

    package init(conversation: ConversationID, user: UserID, read: Int64, delivered: Int64, slot: Int32 = 0) {
        self.conversation = conversation
        self.user = user
        self.read = read
        self.delivered = delivered
        self.slot = slot
    }
}

/// Why a call to a store did not do what was asked.
package enum StoreFailure: Error, Sendable, Equatable {
    /// Nothing was stored. Trying again may help (a lock, a full disk that gets room). The text says what to do.
    case unavailable(String)
    /// The disk is full. Nothing was stored.
    case full(String)
    /// It may or may not have been stored: ask again with the same client ids.
    case outcomeUnknown(String)
    /// A check sum or the file itself is wrong: of something that was asked for. Nothing that fails its check is ever served.
    case corrupt(String)
}
