package import ParleyDomain

/// What receipts are made of, and what is kept of them for ever.
extension SQLiteMessageStore {
    package func receiptRows(of conversation: ConversationID, afterSlot slot: Int32, limit: Int) throws(StoreFailure)
        -> [ReceiptRow]
    {
        try self.writer.read(.high) { () throws(SQLiteError) in
            guard let live = try self.writer.conversation(conversation) else { return [] }
            var rows: [ReceiptRow] = []
            let query = try self.writer.statement(
                """
                SELECT m.slot, m.read, m.delivered, m.user FROM members m
                WHERE m.conversation = ?1 AND m.slot > ?2 AND m.slot > 0 ORDER BY m.slot LIMIT ?3
                """)
            defer { query.reset() }
            query.bind(1, live.key)
            query.bind(2, Int64(slot))
            query.bind(3, Int64(max(0, limit)))
            while try query.step() {
                let user = query.int64(3)
                rows.append(
                    ReceiptRow(
                        slot: query.int32(0), read: query.int64(1), delivered: query.int64(2),
                        intervals: try self.ranges("intervals", of: user, in: live.key),
                        exclusions: try self.ranges("exclusions", of: user, in: live.key)))
            }
            return rows
        }
    }

    private func ranges(_ table: StaticString, of user: Int64, in conversation: Int64) throws(SQLiteError) -> [Interval] {
        let query = try self.writer.statement(
            "SELECT from_sequence, to_sequence FROM \(table) WHERE conversation = ?1 AND user = ?2 ORDER BY from_sequence")
        defer { query.reset() }
        query.bind(1, conversation)
        query.bind(2, user)
        var ranges: [Interval] = []
        while try query.step() {
            let to = query.int64(1)
            ranges.append(Interval(from: query.int64(0), to: to == 0 ? nil : to))
        }
        return ranges
    }

    // MARK: Messages

    /// Of `entries e`, `members m` (the sender's row) and `users s`.
    private static let sent = """
        SELECT e.sequence, s.id, m.slot, e.time FROM entries e CROSS JOIN users s ON s.key = e.sender
            CROSS JOIN members m ON m.conversation = e.conversation AND m.user = e.sender
        """
    private static let unrecalled = """
        NOT EXISTS (SELECT 1 FROM states st WHERE st.conversation = e.conversation AND st.target = e.sequence AND st.recalled > 0)
        """

    private static func message(_ row: Statement) -> SentMessage {
        SentMessage(sequence: row.int64(0), sender: UserID(trusted: row.text(1)), senderSlot: row.int32(2))
    }

    package func messages(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [SentMessage] {
        try self.writer.read(.high) { () throws(SQLiteError) in
            guard let live = try self.writer.conversation(conversation) else { return [] }
            let query = try self.writer.statement(
                "\(Self.sent) WHERE e.conversation = ?1 AND e.sequence = ?2 AND e.kind = 1 AND \(Self.unrecalled)")
            defer { query.reset() }
            query.bind(1, live.key)
            var found: [SentMessage] = []
            for sequence in Set(sequences).sorted() {
                query.bind(2, sequence)
                if try query.step() { found.append(Self.message(query)) }
                query.reset()
            }
            return found
        }
    }

    package func newestMessages(of user: UserID, in conversation: ConversationID, limit: Int) throws(StoreFailure)
        -> [SentMessage]
    {
        try self.writer.read(.high) { () throws(SQLiteError) in
            guard let live = try self.writer.conversation(conversation), let key = try self.writer.userKey(user) else {
                return []
            }
            let query = try self.writer.statement(
                """
                \(Self.sent) WHERE e.conversation = ?1 AND e.sender = ?2 AND e.kind = 1 AND \(Self.unrecalled)
                ORDER BY e.sequence DESC LIMIT ?3
                """)
            defer { query.reset() }
            query.bind(1, live.key)
            query.bind(2, key)
            query.bind(3, Int64(max(0, limit)))
            var found: [SentMessage] = []
            while try query.step() { found.append(Self.message(query)) }
            return found
        }
    }

    // MARK: Freezing

    package func unfrozenMessages(before time: Int64, limit: Int) throws(StoreFailure) -> [(ConversationID, [SentMessage])] {
        try self.writer.read(.high) { () throws(SQLiteError) in
            let query = try self.writer.statement(
                """
                SELECT h.key, h.id, h.frozen_to FROM conversations h WHERE h.unfrozen_since > 0 AND h.unfrozen_since < ?1
                ORDER BY h.unfrozen_since, h.key
                """)
            defer { query.reset() }
            query.bind(1, time)
            var found: [(ConversationID, [SentMessage])] = []
            var room = limit
            while room > 0, try query.step() {
                let messages = try self.unfrozen(
                    in: query.int64(0), after: query.int64(2), before: time, limit: room)
                room -= messages.count
                if !messages.isEmpty { found.append((ConversationID(trusted: query.text(1)), messages)) }
            }
            return found
        }
    }

    /// The messages after what is frozen, up to the first that is not old enough.
    private func unfrozen(in conversation: Int64, after sequence: Int64, before time: Int64, limit: Int) throws(SQLiteError)
        -> [SentMessage]
    {
        let query = try self.writer.statement(
            "\(Self.sent) WHERE e.conversation = ?1 AND e.sequence > ?2 AND +e.kind = 1 AND \(Self.unrecalled) ORDER BY e.sequence LIMIT ?3"
        )
        defer { query.reset() }
        query.bind(1, conversation)
        query.bind(2, sequence)
        query.bind(3, Int64(limit))
        var found: [SentMessage] = []
        while try query.step(), query.int64(3) < time { found.append(Self.message(query)) }
        return found
    }

    package func freeze(_ receipts: [MessageReceipts], in conversation: ConversationID, upTo sequence: Int64) throws(StoreFailure)
    {
        try self.writer.transaction(.high) { () throws(SQLiteError) in
            guard let live = try self.writer.conversation(conversation) else { return .unchanged(()) }
            for one in receipts {
                try self.update(
                    """
                    INSERT INTO frozen (conversation, sequence, total, read, delivered) VALUES (?1, ?2, ?3, ?4, ?5)
                    ON CONFLICT DO NOTHING
                    """
                ) { insert in
                    insert.bind(1, live.key)
                    insert.bind(2, one.sequence)
                    insert.bind(3, Int64(one.counts.total))
                    insert.bind(4, Int64(one.counts.read))
                    insert.bind(5, Int64(one.counts.delivered))
                }
            }
            let frozenTo = max(live.head.frozenTo, min(sequence, live.head.sequence))
            let next = try self.writer.statement(
                "SELECT max(1, time) FROM entries WHERE conversation = ?1 AND sequence > ?2 AND +kind = 1 ORDER BY sequence LIMIT 1"
            )
            next.bind(1, live.key)
            next.bind(2, frozenTo)
            let since = try next.one() ?? 0
            try self.update("UPDATE conversations SET frozen_to = ?2, unfrozen_since = ?3 WHERE key = ?1") { update in
                update.bind(1, live.key)
                update.bind(2, frozenTo)
                update.bind(3, since)
            }
            live.head.frozenTo = frozenTo
            live.unfrozenSince = since
            return .commit(())
        }
    }

    package func frozenReceipts(in conversation: ConversationID, sequences: [Int64]) throws(StoreFailure) -> [MessageReceipts] {
        try self.writer.read(.high) { () throws(SQLiteError) in
            guard let live = try self.writer.conversation(conversation) else { return [] }
            let query = try self.writer.statement(
                "SELECT total, read, delivered FROM frozen WHERE conversation = ?1 AND sequence = ?2")
            defer { query.reset() }
            query.bind(1, live.key)
            var found: [MessageReceipts] = []
            for sequence in Set(sequences).sorted() {
                query.bind(2, sequence)
                if try query.step() {
                    let counts = ReceiptCounts(
                        total: Int(query.int32(0)), read: Int(query.int32(1)), delivered: Int(query.int32(2)))
                    found.append(MessageReceipts(sequence: sequence, counts: counts))
                }
                query.reset()
            }
            return found
        }
    }
}
