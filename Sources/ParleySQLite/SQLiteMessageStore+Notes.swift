package import ParleyDomain

/// Users' own settings and the operator's records: rows without entries.
extension SQLiteMessageStore {
    package func note(_ notes: [Note]) throws(StoreFailure) -> [NoteOutcome] {
        guard !notes.isEmpty else { return [] }
        return try self.writer.transaction(.high) { () throws(SQLiteError) in
            self.writer.cache.trim()
            let before = self.writer.connection.totalChanges
            var outcomes: [NoteOutcome] = []
            for note in notes {
                outcomes.append(
                    try self.alone { () throws(SQLiteError) in
                        try self.take(note)
                    } damaged: {
                        .refused(.corrupt($0))
                    })
            }
            guard self.writer.connection.totalChanges > before else { return .unchanged(outcomes) }
            try self.writer.storeHighWater()
            return .commit(outcomes)
        }
    }

    private func take(_ note: Note) throws(SQLiteError) -> NoteOutcome {
        switch note {
        case .block(let user, let by, let on): return try self.block(user, by: by, on: on)
        case .report(let conversation, let sequence, let by, let reason, let time):
            return try self.report(sequence, in: conversation, by: by, reason: reason, time: time)
        case .resolve(let conversation, let sequence, let by): return try self.resolve(sequence, in: conversation, by: by)
        case .notify(let conversation, let user, let level): return try self.notify(user, in: conversation, level)
        case .preferences(let user, let receipts, let presence):
            return try self.prefer(user, receipts: receipts, presence: presence)
        case .data(let user, let conversation, let data): return try self.keep(data, of: user, in: conversation)
        case .seen(let user, let time):
            guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
            try self.update("INSERT INTO seen (user, time) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET time = ?2 WHERE time < ?2") {
                insert in
                insert.bind(1, key)
                insert.bind(2, time)
            }
            return .done
        }
    }

    // MARK: Blocks

    private func block(_ user: UserID, by: UserID, on: Bool) throws(SQLiteError) -> NoteOutcome {
        guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
        guard let blocker = try self.writer.userKey(by) else { return .refused(.unknownUser(by)) }
        guard try self.writer.hasBlocked(blocker, key) != on else { return .done }
        if on {
            let query = try self.writer.statement("SELECT count(*) FROM blocks WHERE user = ?1")
            query.bind(1, blocker)
            guard try query.one() ?? 0 < Int64(Limits.blocksPerUser) else { return .refused(.tooMany) }
        }
        let sql =
            on ? "INSERT INTO blocks (user, blocked) VALUES (?1, ?2)" : "DELETE FROM blocks WHERE user = ?1 AND blocked = ?2"
        try self.update(sql) { update in
            update.bind(1, blocker)
            update.bind(2, key)
        }
        try self.touchDirect(blocker, key)
        return .done
    }

    /// The direct conversation of the two shows that one has blocked the other: their other devices learn it by the next `sync`.
    private func touchDirect(_ one: Int64, _ other: Int64) throws(SQLiteError) {
        let query = try self.writer.statement(
            """
            SELECT m.conversation FROM members m CROSS JOIN members p ON p.conversation = m.conversation AND p.user = ?2
                CROSS JOIN conversations h ON h.key = m.conversation
            WHERE m.user = ?1 AND h.kind = \(ConversationKind.direct.rawValue) LIMIT 1
            """)
        query.bind(1, one)
        query.bind(2, other)
        guard let conversation = try query.one() else { return }
        let stamp = try self.writer.nextStamp()
        try self.update("UPDATE members SET stamp = ?2 WHERE conversation = ?1") { update in
            update.bind(1, conversation)
            update.bind(2, stamp)
        }
    }

    // MARK: Of one conversation

    /// The keys of a conversation and of an active member of it; nil for others.
    private func member(_ user: UserID, of conversation: ConversationID) throws(SQLiteError) -> (LiveConversation, Int64)? {
        guard let live = try self.writer.conversation(conversation), let key = try self.writer.userKey(user),
            try self.writer.member(key, in: live)?.membership.active == true
        else { return nil }
        return (live, key)
    }

    private func report(_ sequence: Int64, in conversation: ConversationID, by user: UserID, reason: String, time: Int64)
        throws(SQLiteError) -> NoteOutcome
    {
        guard let (live, key) = try self.member(user, of: conversation) else { return .refused(.notMember) }
        guard try self.isMessage(sequence, visibleTo: user, in: live) else { return .refused(.noMessage) }
        try self.update(
            """
            INSERT INTO reports (conversation, sequence, user, reason, time) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING
            """
        ) { insert in
            insert.bind(1, live.key)
            insert.bind(2, sequence)
            insert.bind(3, key)
            insert.bind(4, reason)
            insert.bind(5, time)
        }
        return .done
    }

    private func resolve(_ sequence: Int64, in conversation: ConversationID, by user: UserID) throws(SQLiteError) -> NoteOutcome {
        guard let (live, key) = try self.member(user, of: conversation) else { return .refused(.notMember) }
        guard let role = try self.writer.member(key, in: live)?.membership.role, role >= .administrator else {
            return .refused(.forbidden)
        }
        guard try self.isMessage(sequence, visibleTo: user, in: live) else { return .refused(.noMessage) }
        try self.update("DELETE FROM reports WHERE conversation = ?1 AND sequence = ?2") { delete in
            delete.bind(1, live.key)
            delete.bind(2, sequence)
        }
        return .done
    }

    private func isMessage(_ sequence: Int64, visibleTo user: UserID, in conversation: LiveConversation) throws(SQLiteError)
        -> Bool
    {
        let kind = try self.writer.statement("SELECT kind FROM entries WHERE conversation = ?1 AND sequence = ?2")
        kind.bind(1, conversation.key)
        kind.bind(2, sequence)
        guard try kind.one() == Int64(EntryKind.message.rawValue) else { return false }
        return try self.writer.isVisible(sequence, to: user, in: conversation)
    }

    private func notify(_ user: UserID, in conversation: ConversationID, _ level: NotifyLevel) throws(SQLiteError) -> NoteOutcome
    {
        guard let (live, key) = try self.member(user, of: conversation) else { return .refused(.notMember) }
        let stamp = try self.writer.nextStamp()
        try self.update(
            "UPDATE members SET notify = ?3, stamp = ?4 WHERE conversation = ?1 AND user = ?2 AND notify <> ?3"
        ) { update in
            update.bind(1, live.key)
            update.bind(2, key)
            update.bind(3, Int64(level.rawValue))
            update.bind(4, stamp)
        }
        return .done
    }

    private func keep(_ data: [UInt8], of user: UserID, in conversation: ConversationID?) throws(SQLiteError) -> NoteOutcome {
        guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
        guard data.count <= Limits.privateDataBytes else { return .refused(.tooMany) }
        var place: Int64 = 0
        if let conversation {
            guard let (live, _) = try self.member(user, of: conversation) else { return .refused(.notMember) }
            place = live.key
        }
        try self.update(
            """
            INSERT INTO private_data (user, conversation, data) VALUES (?1, ?2, ?3)
            ON CONFLICT (user, conversation) DO UPDATE SET data = ?3 WHERE data <> ?3
            """
        ) { insert in
            insert.bind(1, key)
            insert.bind(2, place)
            insert.bind(3, data)
        }
        return .done
    }

    // MARK: Preferences

    private func prefer(_ user: UserID, receipts: Bool?, presence: Bool?) throws(SQLiteError) -> NoteOutcome {
        guard let key = try self.writer.userKey(user) else { return .refused(.unknownUser(user)) }
        let query = try self.writer.statement("SELECT receipts, presence FROM preferences WHERE user = ?1")
        query.bind(1, key)
        var (oldReceipts, oldPresence) = (true, true)
        if try query.step() {
            (oldReceipts, oldPresence) = (query.int64(0) != 0, query.int64(1) != 0)
            query.reset()
        }
        let newReceipts = receipts ?? oldReceipts
        let newPresence = presence ?? oldPresence
        guard newReceipts != oldReceipts || newPresence != oldPresence else { return .done }
        try self.update(
            """
            INSERT INTO preferences (user, receipts, presence) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET receipts = ?2, presence = ?3
            """
        ) { insert in
            insert.bind(1, key)
            insert.bind(2, newReceipts)
            insert.bind(3, newPresence)
        }
        return newReceipts == oldReceipts ? .done : .receipts(try self.turnReceipts(of: key, on: newReceipts))
    }

    /// Begins, or ends, the time for which the user's receipts are off, in each conversation after its head: those that he has left too,
    /// as he may come back.
    private func turnReceipts(of user: Int64, on: Bool) throws(SQLiteError) -> [ReceiptsTurn] {
        var turns: [(key: Int64, turn: ReceiptsTurn)] = []
        let query = try self.writer.statement(
            "SELECT m.conversation, h.id, m.slot FROM members m CROSS JOIN conversations h ON h.key = m.conversation "
                + "WHERE m.user = ?1 AND m.slot > 0 ORDER BY m.conversation")
        query.bind(1, user)
        while try query.step() {
            let id = ConversationID(trusted: query.text(1))
            turns.append((query.int64(0), ReceiptsTurn(conversation: id, slot: query.int32(2), head: 0, on: on)))
        }
        for index in turns.indices {
            // The row of a head may be behind within a batch; what the writer holds is not.
            let head = try self.writer.conversation(turns[index].turn.conversation)?.head.sequence ?? 0
            turns[index].turn.head = head
            if !on { try self.exclude(user, in: turns[index].key, from: head + 1) }
        }
        if on { try self.includeAgain(user) }
        return turns.map(\.turn)
    }

    private func exclude(_ user: Int64, in conversation: Int64, from sequence: Int64) throws(SQLiteError) {
        try self.update(
            """
            INSERT INTO exclusions (user, conversation, from_sequence, to_sequence) VALUES (?1, ?2, ?3, 0)
            ON CONFLICT DO UPDATE SET to_sequence = 0
            """
        ) { insert in
            insert.bind(1, user)
            insert.bind(2, conversation)
            insert.bind(3, sequence)
        }
    }

    /// Ends what `exclude` began; where nothing was sent meanwhile there is nothing to keep.
    private func includeAgain(_ user: Int64) throws(SQLiteError) {
        try self.update(
            """
            UPDATE exclusions SET to_sequence = (SELECT h.sequence FROM conversations h WHERE h.key = exclusions.conversation)
            WHERE user = ?1 AND to_sequence = 0
            """
        ) { $0.bind(1, user) }
        try self.update("DELETE FROM exclusions WHERE user = ?1 AND to_sequence < from_sequence") { $0.bind(1, user) }
    }
}
