package import ParleyDomain

extension SQLiteMessageStore {
    package func heads(of conversations: [ConversationID]) throws(StoreFailure) -> [ConversationHead] {
        try self.writer.read(.high) { () throws(SQLiteError) in
            var heads: [ConversationHead] = []
            for id in conversations {
                if let live = try self.writer.conversation(id) { heads.append(live.head) }
            }
            return heads
        }
    }

    package func memberships(of user: UserID) throws(StoreFailure) -> [(Membership, ConversationHead)] {
        try self.writer.read(.high) { () throws(SQLiteError) in
            let query = try self.writer.statement(
                """
                SELECT \(Row.memberColumns), \(Row.headColumns), \(Row.blockedColumn), \(Row.lastSentColumn)
                FROM users u CROSS JOIN members m ON m.user = u.key CROSS JOIN conversations h ON h.key = m.conversation
                WHERE u.id = ?1 AND m.state = 1 ORDER BY m.conversation
                """)
            defer { query.reset() }
            query.bind(1, user.rawValue)
            var found: [(Membership, ConversationHead)] = []
            while try query.step() {
                let head = try Row.head(query, at: Row.memberWidth)
                found.append((try Self.membership(query, in: head.conversation), head))
            }
            return found
        }
    }

    package func membership(of user: UserID, in conversation: ConversationID) throws(StoreFailure) -> Membership? {
        try self.writer.read(.high) { () throws(SQLiteError) in
            guard let live = try self.writer.conversation(conversation), let key = try self.writer.userKey(user) else {
                return nil
            }
            let query = try self.writer.statement(
                """
                SELECT \(Row.memberColumns), \(Row.headColumns), \(Row.blockedColumn), \(Row.lastSentColumn)
                FROM members m CROSS JOIN users u ON u.key = m.user CROSS JOIN conversations h ON h.key = m.conversation
                WHERE m.conversation = ?1 AND m.user = ?2
                """)
            defer { query.reset() }
            query.bind(1, live.key)
            query.bind(2, key)
            return try query.step() ? try Self.membership(query, in: conversation) : nil
        }
    }

    /// Of a row of member columns, head columns, blocked and last sent.
    private static func membership(_ row: Statement, in conversation: ConversationID) throws(SQLiteError) -> Membership {
        var membership = try Row.member(row, at: 0, in: conversation).membership
        membership.blocked = row.int64(Row.memberWidth + Row.headWidth) != 0
        membership.lastSent = row.int64(Row.memberWidth + Row.headWidth + 1)
        return membership
    }

    package func entry(in conversation: ConversationID, from sender: UserID, clientID: ClientID) throws(StoreFailure) -> Entry? {
        try self.writer.read(.high) { () throws(SQLiteError) -> Entry? in
            guard let key = try self.writer.userKey(sender), let known = try self.writer.conversation(conversation) else {
                return nil
            }
            let query = try self.writer.statement(
                """
                SELECT \(Row.entryColumns)
                FROM entries e LEFT JOIN users s ON s.key = e.sender
                WHERE e.conversation = ?1 AND e.sender = ?2 AND e.client_id = ?3
                """)
            query.bind(1, known.key)
            query.bind(2, key)
            query.bind(3, clientID.rawValue)
            guard try query.step() else { return nil }
            defer { query.reset() }
            return try Row.entry(query, in: conversation)
        }
    }

    package func targets(_ queries: [TargetQuery]) throws(StoreFailure) -> [Target?] {
        try self.writer.read(.high) { () throws(SQLiteError) in
            var found: [Target?] = []
            found.reserveCapacity(queries.count)
            for query in queries { found.append(try self.target(query)) }
            return found
        }
    }

    private func target(_ asked: TargetQuery) throws(SQLiteError) -> Target? {
        guard let live = try self.writer.conversation(asked.conversation) else { return nil }
        let query = try self.writer.statement(
            """
            SELECT \(Row.entryColumns), coalesce(st.recalled, 0) FROM entries e LEFT JOIN users s ON s.key = e.sender
                LEFT JOIN states st ON st.conversation = e.conversation AND st.target = e.sequence
            WHERE e.conversation = ?1 AND e.sequence = ?2
            """)
        defer { query.reset() }
        query.bind(1, live.key)
        query.bind(2, asked.sequence)
        guard try query.step() else { return nil }
        let entry = try Row.entry(query, in: asked.conversation)
        return Target(
            sender: entry.sender, kind: entry.kind, time: entry.time, recalled: query.int64(Row.entryWidth) != 0,
            thread: entry.thread,
            visible: try self.writer.isVisible(asked.sequence, to: asked.user, in: live))
    }
}

extension Writer {
    /// Whether a user may see an entry of this sequence: a member, inside one of his intervals.
    func isVisible(_ sequence: Int64, to user: UserID, in conversation: LiveConversation) throws(SQLiteError) -> Bool {
        guard sequence >= 1, sequence <= conversation.head.sequence, let key = try self.userKey(user),
            let member = try self.member(key, in: conversation)?.membership, member.active
        else { return false }
        if sequence >= member.visibleFrom { return true }
        let query = try self.statement(
            """
            SELECT 1 FROM intervals WHERE conversation = ?1 AND user = ?2 AND from_sequence <= ?3 AND to_sequence >= ?3 LIMIT 1
            """)
        query.bind(1, conversation.key)
        query.bind(2, key)
        query.bind(3, sequence)
        return try query.one() != nil
    }
}
