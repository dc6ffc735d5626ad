import ParleyDomain

#if canImport(Glibc)
    import Glibc
#endif

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
            case .unchanged, .refused: outcome
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
