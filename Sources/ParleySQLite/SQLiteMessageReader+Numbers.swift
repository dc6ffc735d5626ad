package import ParleyDomain

/// Numbers are the keys of rows: SQLite gives the largest so far and one, and no row of these two tables is ever deleted.
extension SQLiteMessageReader {
    package func numbered(_ users: [UserID]) throws(ReadFailure) -> [NumberedUser] {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            let query = try snapshot.statement("SELECT key, name FROM users WHERE id = ?1")
            defer { query.reset() }
            var found: [NumberedUser] = []
            for user in users {
                query.bind(1, user.rawValue)
                if try query.step() {
                    found.append(NumberedUser(profile: UserProfile(user: user, name: query.text(1)), number: query.int64(0)))
                }
                query.reset()
            }
            return found
        }
    }

    package func user(numbered number: Int64) throws(ReadFailure) -> NumberedUser? {
        try self.snapshot { (snapshot) throws(SQLiteError) -> NumberedUser? in
            let query = try snapshot.statement("SELECT id, name FROM users WHERE key = ?1")
            defer { query.reset() }
            query.bind(1, number)
            guard try query.step() else { return nil }
            let profile = UserProfile(user: UserID(trusted: query.text(0)), name: query.text(1))
            return NumberedUser(profile: profile, number: number)
        }
    }

    package func numbered(_ conversations: [ConversationID], for user: UserID) throws(ReadFailure) -> [NumberedConversation] {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            var found: [NumberedConversation] = []
            for conversation in conversations {
                if let known = try self.numbered(conversation, for: user, snapshot) { found.append(known) }
            }
            return found
        }
    }

    package func conversation(numbered number: Int64, for user: UserID) throws(ReadFailure) -> NumberedConversation? {
        try self.snapshot { (snapshot) throws(SQLiteError) -> NumberedConversation? in
            let query = try snapshot.statement("SELECT id FROM conversations WHERE key = ?1")
            defer { query.reset() }
            query.bind(1, number)
            guard try query.step() else { return nil }
            return try self.numbered(ConversationID(trusted: query.text(0)), for: user, snapshot)
        }
    }

    private func numbered(_ conversation: ConversationID, for user: UserID, _ snapshot: Connection) throws(SQLiteError)
        -> NumberedConversation?
    {
        guard let view = try Self.view(of: user, in: conversation, snapshot), view.member.membership.active else { return nil }
        return NumberedConversation(
            conversation: conversation, number: view.key, kind: view.head.kind, title: view.head.title,
            peer: try self.peer(view, snapshot))
    }
}
