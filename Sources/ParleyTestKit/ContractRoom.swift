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
        let content = change == nil ? Array(#"{"type":"text","text":"\#(text.isEmpty ? client : text)"}"#.utf8) : []
        return Draft(
            conversation: self.id, sender: user(sender), clientID: ClientID(trusted: client), kind: kind, content: content,
            change: change,
            time: time, decidedAt: decidedAt, relatesTo: relatesTo)
    }

    /// A message decided on the present rules.
    func message(_ client: String, from sender: Int = 1, text: String = "") throws -> Draft {
        self.draft(client, from: sender, text: text, at: try self.head().controlSequence)
    }

    /// A change decided on the present rules, by u1.
    func change(_ client: String, _ change: Change) throws -> Draft {
        let kind: EntryKind =
            switch change {
            case .create: .created
            case .add: .added
            case .end(let who): who == user(1) ? .left : .removed
            case .setRole: .role
            }
        return self.draft(client, kind, at: try self.head().controlSequence, change: change)
    }

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
    func make(_ client: String, _ change: Change) throws -> Entry { try self.appended(self.change(client, change)) }

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

    func summary(_ number: Int) throws -> ConversationSummary {
        let all = try self.reader.changes(for: user(number), after: 0, limit: 100)
        return try need(all.first { $0.head.conversation == self.id }, "summary for u\(number)")
    }
}

func user(_ number: Int) -> UserID { UserID(trusted: "u\(number)") }
