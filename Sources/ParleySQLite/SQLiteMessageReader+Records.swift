package import ParleyDomain

/// Links, reports, blocks, private data, and when users were last seen.
extension SQLiteMessageReader {
    private static let linkColumns = "l.id, l.expires, l.uses, u.id, l.used"

    private static func link(_ row: Statement, in conversation: ConversationID) -> InviteLink {
        InviteLink(
            conversation: conversation, link: NewLink(id: row.text(0), expires: row.int64(1), uses: row.int64(2)),
            user: UserID(trusted: row.text(3)), used: row.int64(4))
    }

    package func links(of conversation: ConversationID, for user: UserID, at now: Int64) throws(ReadFailure) -> [InviteLink] {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let query = try snapshot.statement(
                """
                SELECT \(Self.linkColumns) FROM links l CROSS JOIN users u ON u.key = l.user
                WHERE l.conversation = ?1 AND l.closed = 0 AND \(Link.usable) AND (?4 OR l.user = ?5) ORDER BY l.sequence LIMIT ?6
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, now)
            query.bind(3, Int64(view.head.rules.invite.leastRole.rawValue))
            query.bind(4, view.isAdministrator)
            query.bind(5, view.user)
            query.bind(6, Int64(Limits.linksPerConversation))
            var found: [InviteLink] = []
            while try query.step() { found.append(Self.link(query, in: conversation)) }
            return found
        }
    }

    package func link(_ id: String, for user: UserID, at now: Int64) throws(ReadFailure) -> LinkPreview? {
        try self.snapshot { (snapshot) throws(SQLiteError) -> LinkPreview? in
            let query = try snapshot.statement(
                "SELECT \(Row.headColumns) FROM links l CROSS JOIN conversations h ON h.key = l.conversation WHERE l.id = ?1")
            defer { query.reset() }
            query.bind(1, id)
            guard try query.step() else { return nil }
            let head = try Row.head(query, at: 0)
            let usable = try snapshot.statement("SELECT 1 FROM links l WHERE l.id = ?1 AND l.closed = 0 AND \(Link.usable)")
            usable.bind(1, id)
            usable.bind(2, now)
            usable.bind(3, Int64(head.rules.invite.leastRole.rawValue))
            guard try usable.one() != nil else { return nil }
            let view = try Self.view(of: user, in: head.conversation, snapshot)
            return LinkPreview(head: head, membership: view?.member.membership)
        }
    }

    package func conversation(ofLink id: String) throws(ReadFailure) -> ConversationID? {
        try self.snapshot { (snapshot) throws(SQLiteError) -> ConversationID? in
            let query = try snapshot.statement(
                "SELECT h.id FROM links l CROSS JOIN conversations h ON h.key = l.conversation WHERE l.id = ?1")
            defer { query.reset() }
            query.bind(1, id)
            return try query.step() ? ConversationID(trusted: query.text(0)) : nil
        }
    }

    package func preferences(of user: UserID) throws(ReadFailure) -> Preferences {
        try self.snapshot { (snapshot) throws(SQLiteError) -> Preferences in
            let query = try snapshot.statement(
                "SELECT p.receipts, p.presence FROM preferences p JOIN users u ON u.key = p.user WHERE u.id = ?1")
            defer { query.reset() }
            query.bind(1, user.rawValue)
            guard try query.step() else { return Preferences() }
            return Preferences(receipts: query.int64(0) != 0, presence: query.int64(1) != 0)
        }
    }

    package func reports(of conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure)
        -> [Report]
    {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            guard view.isAdministrator else { return .failure(.forbidden) }
            let query = try snapshot.statement(
                """
                SELECT r.key, r.sequence, u.id, r.reason, r.time FROM reports r CROSS JOIN users u ON u.key = r.user
                WHERE r.conversation = ?1 AND r.key < ?2 ORDER BY r.key DESC
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, before)
            let wanted = max(0, min(limit, Limits.pageEntriesMax + 1))
            var found: [Report] = []
            while found.count < wanted, try query.step() {
                // A reason may repeat the words: who may not see the message does not see what is said of it.
                guard view.sees(query.int64(1)) else { continue }
                found.append(
                    Report(
                        number: query.int64(0), sequence: query.int64(1), user: UserID(trusted: query.text(2)),
                        reason: query.text(3), time: query.int64(4)))
            }
            return .success(found)
        }
    }

    package func blocks(of user: UserID) throws(ReadFailure) -> [UserProfile] {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            let query = try snapshot.statement(
                """
                SELECT o.id, o.name FROM users u CROSS JOIN blocks b ON b.user = u.key CROSS JOIN users o ON o.key = b.blocked
                WHERE u.id = ?1 ORDER BY o.id LIMIT \(Limits.blocksPerUser)
                """)
            defer { query.reset() }
            query.bind(1, user.rawValue)
            return try Self.profiles(query)
        }
    }

    package func data(of user: UserID, in conversation: ConversationID?) throws(ReadFailure) -> [UInt8]? {
        if let conversation {
            return try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
                try Self.data(of: user, in: view.key, snapshot)
            }
        }
        return try self.snapshot { (snapshot) throws(SQLiteError) in try Self.data(of: user, in: 0, snapshot) }
    }

    /// - Parameter conversation: The key of a conversation; 0 for the account.
    private static func data(of user: UserID, in conversation: Int64, _ snapshot: Connection) throws(SQLiteError) -> [UInt8]? {
        let query = try snapshot.statement(
            "SELECT d.data FROM users u CROSS JOIN private_data d ON d.user = u.key AND d.conversation = ?2 WHERE u.id = ?1")
        defer { query.reset() }
        query.bind(1, user.rawValue)
        query.bind(2, conversation)
        return try query.step() ? query.bytes(0) : nil
    }

    package func seen(_ users: [UserID], for user: UserID) throws(ReadFailure) -> [Seen] {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            let query = try snapshot.statement(
                """
                SELECT coalesce((SELECT s.time FROM seen s WHERE s.user = o.key), 0) FROM users u CROSS JOIN users o
                WHERE u.id = ?1 AND o.id = ?2
                    AND NOT EXISTS (SELECT 1 FROM preferences p WHERE p.user = o.key AND p.presence = 0)
                    AND EXISTS (
                        SELECT 1 FROM members m CROSS JOIN members n ON n.conversation = m.conversation AND n.user = o.key
                        WHERE m.user = u.key AND m.state = 1 AND n.state = 1)
                """)
            query.bind(1, user.rawValue)
            var found: [Seen] = []
            for other in users {
                query.bind(2, other.rawValue)
                if let time = try query.one() { found.append(Seen(user: other, time: time)) }
            }
            return found
        }
    }
}
