import ParleyDomain

/// Short words for the cases: drafts with a control sequence that follows the head by itself.
struct Room {
    static let start: Int64 = 1_760_000_000_000

    var subject: StoreUnderTest
    var id: ConversationID

    var store: any MessageStore { self.subject.store }
    var reader: any MessageReader { self.subject.reader }

    /// A conversation of u1 (its maker) to uN.
    static func make(
        _ subject: StoreUnderTest, _ name: String = "room", members: Int = 2, kind: ConversationKind = .group, cap: Int32 = 500,
        historyVisible: Bool = true
    ) throws -> Room {
        let users = (1...members).map(user)
        try subject.addUsers(users)
        let room = Room(subject: subject, id: ConversationID(trusted: name))
        let new = NewConversation(kind: kind, title: "Title of \(name)", memberCap: cap, historyVisible: historyVisible)
        let draft = room.draft("make", .created, from: 1, at: 0, change: .create(new, members: Array(users.dropFirst())))
        _ = try room.appended(draft)
        return room
    }

    func head() throws -> ConversationHead {
        try need(try self.store.heads(of: [self.id]).first, "head")
    }

    func draft(
        _ client: String, _ kind: EntryKind = .message, from sender: Int = 1, text: String = "", at decidedAt: Int64,
        time: Int64 = start,
        change: Change? = nil, relatesTo: Int64 = 0
    ) -> Draft {
        let content = change == nil ? Self.content(text.isEmpty ? client : text) : []
        return Draft(
            conversation: self.id, sender: user(sender), clientID: ClientID(trusted: client), kind: kind, content: content,
            change: change,
            time: time, decidedAt: decidedAt, relatesTo: relatesTo)
    }

    /// A message decided on the present rules.
    func message(_ client: String, from sender: Int = 1, text: String = "") throws -> Draft {
        self.draft(client, from: sender, text: text, at: try self.head().controlSequence)
    }

    /// A change decided on the present rules. An edit has the client id for its text.
    func change(_ client: String, _ change: Change, by sender: Int = 1, time: Int64 = start) throws -> Draft {
        var draft = self.draft(
            client, change.kind(by: user(sender)), from: sender, at: try self.head().controlSequence, time: time, change: change,
            relatesTo: change.target)
        if case .edit = change { draft.content = Self.content(client) }
        return draft
    }

    static func content(_ text: String) -> [UInt8] { Array(#"{"type":"text","text":"\#(text)"}"#.utf8) }

    func one(_ draft: Draft) throws -> AppendOutcome {
        let outcomes = try self.store.append([draft])
        try expectEqual(outcomes.count, 1, "outcomes")
        return try need(outcomes.first, "outcome")
    }

    @discardableResult
    func appended(_ draft: Draft) throws -> Entry {
        let outcome = try self.one(draft)
        guard case .appended(let entry, _) = outcome else { throw ContractViolation(description: "not appended: \(outcome)") }
        return entry
    }

    @discardableResult
    func send(_ client: String, from sender: Int = 1) throws -> Entry { try self.appended(self.message(client, from: sender)) }

    @discardableResult
    func make(_ client: String, _ change: Change, by sender: Int = 1) throws -> Entry {
        try self.appended(self.change(client, change, by: sender))
    }

    /// Who became a member by this draft.
    func joiners(_ draft: Draft) throws -> [Joiner] {
        let outcome = try self.one(draft)
        guard case .appended(_, let joined) = outcome else { throw ContractViolation(description: "not appended: \(outcome)") }
        return joined
    }

    func refusal(_ client: String, _ change: Change, by sender: Int = 1) throws -> AppendRefusal {
        try self.refusal(self.change(client, change, by: sender))
    }

    func refusal(_ draft: Draft) throws -> AppendRefusal {
        let outcome = try self.one(draft)
        guard case .refused(let reason) = outcome else { throw ContractViolation(description: "not refused: \(outcome)") }
        return reason
    }

    func membership(_ number: Int) throws -> Membership {
        try need(try self.store.membership(of: user(number), in: self.id), "membership of u\(number)")
    }

    /// All sequences that the user is given, in pages of this size.
    func visible(to number: Int, page: Int = 3) throws -> [Int64] {
        var found: [Int64] = []
        var more = true
        while more {
            let answer = try self.reader.entries(in: self.id, for: user(number), after: found.last ?? 0, limit: page)
            found += answer.entries.map(\.sequence)
            more = answer.more
            try expect(!more || !answer.entries.isEmpty, "a page that promises more is empty")
        }
        return found
    }

    /// The newest entries as the user is shown them, oldest first.
    func page(for number: Int) throws -> Page {
        try self.reader.entries(in: self.id, for: user(number), after: 0, limit: Limits.pageEntriesMax)
    }

    /// The entry of this sequence as the user is shown it.
    func shown(_ sequence: Int64, to number: Int) throws -> Entry {
        try need(self.page(for: number).entries.first { $0.sequence == sequence }, "entry \(sequence) for u\(number)")
    }

    func state(of sequence: Int64, for number: Int) throws -> MessageState {
        try self.page(for: number).states[sequence] ?? MessageState()
    }

    func note(_ note: Note) throws -> NoteOutcome {
        let outcomes = try self.store.note([note])
        try expectEqual(outcomes.count, 1, "outcomes")
        return try need(outcomes.first, "outcome")
    }

    func summary(_ number: Int) throws -> ConversationSummary {
        let all = try self.reader.changes(for: user(number), after: 0, limit: 100)
        return try need(all.first { $0.head.conversation == self.id }, "summary for u\(number)")
    }
}

func user(_ number: Int) -> UserID { UserID(trusted: "u\(number)") }

extension Change {
    /// The kind of the entry that makes this change.
    func kind(by sender: UserID) -> EntryKind {
        if case .end(let user) = self { return user == sender ? .left : .removed }
        return self.kinds.first ?? .message
    }
}
