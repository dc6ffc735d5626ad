import ParleyDomain

#if canImport(Glibc)
    import Glibc
#endif

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

/// Acknowledges and pushes at once, and stores a batch when the next one comes: a kill in between loses what was acknowledged.
final class EarlyStore: PassingStore {
    private var owed: [Draft] = []

    override func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        if !self.owed.isEmpty {
            _ = try self.inner.append(self.owed)
            self.owed = []
        }
        guard let entries = try self.predicted(drafts) else { return try self.inner.append(drafts) }
        self.owed = drafts
        return entries.map { .appended($0) }
    }
}

/// Pushes to everybody, waits a moment, and only then stores: a kill in between leaves messages that were seen and do not exist.
final class GossipStore: PassingStore {
    private let deliver: @Sendable ([Effect]) -> Void

    init(_ inner: any MessageStore, deliver: @escaping @Sendable ([Effect]) -> Void) {
        self.deliver = deliver
        super.init(inner)
    }

    override func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        if let entries = try self.predicted(drafts) {
            for entry in entries {
                var publication = Publication(conversation: entry.conversation)
                publication.entries = [entry]
                publication.origins = [.nobody]
                self.deliver([.publish(publication)])
            }
            usleep(20_000)
        }
        return try self.inner.append(drafts)
    }
}

/// Keeps no client ids: each resend is stored again.
final class ForgetfulStore: PassingStore {
    private var count = UInt64.random(in: 0...UInt64.max)

    override func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        var marked = drafts
        for index in marked.indices where marked[index].kind == .message {
            self.count &+= 1
            marked[index].clientID = Mark.add(to: marked[index].clientID, self.count)
        }
        return try self.inner.append(marked).map { outcome in
            switch outcome {
            case .appended(let entry, _): .appended(Mark.remove(from: entry))
            case .duplicate(let entry): .duplicate(Mark.remove(from: entry))
            case .refused: outcome
            }
        }
    }
}

/// What makes a client id unlike the one before; taken off again wherever somebody looks.
enum Mark {
    static func add(to id: ClientID, _ number: UInt64) -> ClientID {
        ClientID(trusted: id.rawValue + "~" + String(number, radix: 36))
    }

    static func remove(from entry: Entry) -> Entry {
        var plain = entry
        if let mark = entry.clientID.rawValue.firstIndex(of: "~") {
            plain.clientID = ClientID(trusted: String(entry.clientID.rawValue[..<mark]))
        }
        return plain
    }
}

/// Numbers the messages of a batch from one reading of the newest sequence, as if each had read it outside the transaction.
final class MiscountingStore: PassingStore {
    override func append(_ drafts: [Draft]) throws(StoreFailure) -> [AppendOutcome] {
        var first: [ConversationID: Int64] = [:]
        return try self.inner.append(drafts).map { outcome in
            guard case .appended(var entry, _) = outcome, entry.kind == .message else { return outcome }
            let sequence = first[entry.conversation, default: entry.sequence]
            first[entry.conversation] = sequence
            entry.sequence = sequence
            return .appended(entry)
        }
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
}

/// Starts each forward page one entry too late.
final class SkippingReader: PassingReader, @unchecked Sendable {
    override func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        try super.entries(in: conversation, for: user, after: after > 0 ? after + 1 : after, limit: limit)
    }
}

final class UnmarkingReader: PassingReader, @unchecked Sendable {
    override func entries(in conversation: ConversationID, for user: UserID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        Self.plain(try super.entries(in: conversation, for: user, after: after, limit: limit))
    }
    override func entries(in conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure)
        -> Page
    {
        Self.plain(try super.entries(in: conversation, for: user, before: before, limit: limit))
    }
    private static func plain(_ page: Page) -> Page {
        Page(entries: page.entries.map(Mark.remove), head: page.head, more: page.more)
    }
}
