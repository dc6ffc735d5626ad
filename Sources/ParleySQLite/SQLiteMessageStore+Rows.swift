import ParleyDomain

/// The rows that entries of changes write.
extension SQLiteMessageStore {
    /// A user on his way in.
    struct Joining {
        var user: UserID
        var key: Int64
        /// New, or the one that he had before.
        var slot: Int32
    }

    func insertConversation(_ head: ConversationHead) throws(SQLiteError) -> Int64 {
        let sql = """
            INSERT INTO conversations (id, kind, title, sequence, messages, control_sequence, newest_message, member_count, member_cap,
                last_slot, history_visible, time, stamp)
            VALUES (?1, ?2, ?3, 0, 0, 0, 0, ?4, ?5, ?6, ?7, 0, 0) RETURNING key
            """
        let insert = try self.writer.statement(sql)
        insert.bind(1, head.conversation.rawValue)
        insert.bind(2, Int64(head.kind.rawValue))
        insert.bind(3, head.title)
        insert.bind(4, Int64(head.memberCount))
        insert.bind(5, Int64(head.memberCap))
        insert.bind(6, Int64(head.lastSlot))
        insert.bind(7, head.historyVisible)
        guard try insert.step() else { throw .corrupt("no key for conversation \(head.conversation)") }
        let key = insert.int64(0)
        try insert.run()
        return key
    }

    /// Stores the entry of a change and, where its content does not tell, what was asked for; and moves the head.
    func store(_ draft: Draft, sender: Int64, in conversation: LiveConversation, content: [UInt8]) throws(SQLiteError) -> Entry {
        let id = try self.writer.nextID(at: draft.time)
        let entry = Entry(
            conversation: draft.conversation, sequence: conversation.head.sequence + 1, id: id, stamp: id, kind: draft.kind,
            sender: draft.sender, clientID: draft.clientID, time: draft.time, messageOrdinal: conversation.head.messages,
            senderOrdinal: try self.writer.ownMessages(of: sender, in: conversation), relatesTo: draft.relatesTo, content: content
        )
        guard try self.insert(entry, conversation: conversation.key, sender: sender) else {
            throw .corrupt("sequence \(entry.sequence) of conversation \(draft.conversation) is taken")
        }
        if let request = draft.keptRequest { try self.keep(request, of: entry) }
        self.advanceHead(of: conversation, to: entry)
        return entry
    }

    /// Keeps what was asked for beside the entry: tells a repeat from a conflict.
    func keep(_ request: [UInt8], of entry: Entry) throws(SQLiteError) {
        try self.update("INSERT INTO requests (entry, change) VALUES (?1, ?2)") { insert in
            insert.bind(1, entry.id)
            insert.bind(2, request)
        }
    }

    /// Makes or revives memberships. Nothing before the visible start counts as unread, so the read position is raised to it. Who was
    /// muted stays so: leaving and coming back is no way round it.
    func join(_ users: [Joining], role: Role, visibleFrom: Int64, at entry: Entry, in conversation: LiveConversation)
        throws(SQLiteError) -> [Joiner]
    {
        var joined: [Joiner] = []
        joined.reserveCapacity(users.count)
        for one in users {
            let isCounted = try self.join(one, role: role, visibleFrom: visibleFrom, at: entry, in: conversation)
            joined.append(Joiner(user: one.user, slot: one.slot, visibleFrom: visibleFrom, isCounted: isCounted))
        }
        return joined
    }

    /// Whether the receipts of who joined are counted.
    private func join(_ one: Joining, role: Role, visibleFrom: Int64, at entry: Entry, in conversation: LiveConversation)
        throws(SQLiteError) -> Bool
    {
        let sql = """
            INSERT INTO members (conversation, user, slot, role, state, visible_from, ended_at, read, delivered, stamp, changed)
            VALUES (?1, ?2, ?3, ?4, 1, ?5, 0, ?5 - 1, 0, ?6, ?7)
            ON CONFLICT (conversation, user) DO UPDATE SET slot = ?3, role = ?4, state = 1, visible_from = ?5, ended_at = 0,
                read = max(read, ?5 - 1), stamp = ?6, changed = ?7
            """
        let changed = try self.writer.rowStamp()
        try self.update(sql) { insert in
            insert.bind(1, conversation.key)
            insert.bind(2, one.key)
            insert.bind(3, Int64(one.slot))
            insert.bind(4, Int64(role.rawValue))
            insert.bind(5, visibleFrom)
            insert.bind(6, entry.stamp)
            insert.bind(7, changed)
        }
        try self.update("INSERT INTO intervals (conversation, user, from_sequence, to_sequence) VALUES (?1, ?2, ?3, 0)") {
            insert in
            insert.bind(1, conversation.key)
            insert.bind(2, one.key)
            insert.bind(3, entry.sequence)
        }
        guard try self.writer.hidesReceipts(one.key) else { return true }
        try self.update(
            """
            INSERT INTO exclusions (user, conversation, from_sequence, to_sequence) SELECT ?1, ?2, ?3, 0
            WHERE NOT EXISTS (SELECT 1 FROM exclusions WHERE user = ?1 AND conversation = ?2 AND to_sequence = 0)
            """
        ) { insert in
            insert.bind(1, one.key)
            insert.bind(2, conversation.key)
            insert.bind(3, entry.sequence)
        }
        return false
    }

    /// Gives users who are no members another state. Who had nothing to do with the conversation gets a row without a slot; of a ban he
    /// is not told.
    func setState(_ state: MemberState, of users: [Int64], at entry: Entry, in conversation: LiveConversation) throws(SQLiteError)
    {
        let sql = """
            INSERT INTO members (conversation, user, slot, role, state, visible_from, ended_at, read, delivered, stamp, changed)
            VALUES (?1, ?2, 0, \(Role.member.rawValue), ?3, 1, 0, 0, 0, ?6, ?5)
            ON CONFLICT (conversation, user) DO UPDATE SET state = ?3, stamp = ?4, changed = ?5
            """
        for user in users {
            let changed = try self.writer.rowStamp()
            try self.update(sql) { update in
                update.bind(1, conversation.key)
                update.bind(2, user)
                update.bind(3, Int64(state.rawValue))
                update.bind(4, entry.stamp)
                update.bind(5, changed)
                update.bind(6, state == .banned ? 0 : entry.stamp)
            }
        }
    }

    func update(_ sql: String, _ bind: (Statement) -> Void) throws(SQLiteError) {
        let statement = try self.writer.statement(sql)
        bind(statement)
        try statement.run()
    }
}

extension Writer {
    /// The member row of this transaction, whatever its state; nil if the user never had one.
    func member(_ user: Int64, in conversation: LiveConversation) throws(SQLiteError) -> StoredMember? {
        let query = try self.statement(
            "SELECT \(Row.memberColumns) FROM members m JOIN users u ON u.key = m.user WHERE m.conversation = ?1 AND m.user = ?2")
        query.bind(1, conversation.key)
        query.bind(2, user)
        guard try query.step() else { return nil }
        defer { query.reset() }
        return try Row.member(query, at: 0, in: conversation.head.conversation)
    }

    func hasBlocked(_ user: Int64, _ other: Int64) throws(SQLiteError) -> Bool {
        let query = try self.statement("SELECT 1 FROM blocks WHERE user = ?1 AND blocked = ?2")
        query.bind(1, user)
        query.bind(2, other)
        return try query.one() != nil
    }

    /// Whether the user has his receipts off (R54).
    func hidesReceipts(_ user: Int64) throws(SQLiteError) -> Bool {
        let query = try self.statement("SELECT receipts FROM preferences WHERE user = ?1")
        query.bind(1, user)
        return try query.one() == 0
    }
}
