package import ParleyDomain

extension SQLiteMessageReader {
    package func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary] {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            // A membership that ended is told of once, to a client that was there before; its head stays at its end.
            let query = try snapshot.statement(
                """
                SELECT \(Row.memberColumns), \(Row.headColumns), h.key, h.newest_message, u.key,
                    CASE WHEN m.active THEN max(h.stamp, m.stamp) ELSE m.stamp END AS newest
                FROM users u CROSS JOIN members m ON m.user = u.key CROSS JOIN conversations h ON h.key = m.conversation
                WHERE u.id = ?1 AND newest > ?2 AND (m.active OR ?2 > 0) ORDER BY newest LIMIT ?3
                """)
            defer { query.reset() }
            query.bind(1, user.rawValue)
            query.bind(2, stamp)
            query.bind(3, Int64(clamping: limit, to: 0...Limits.syncPositions))
            var found: [ConversationSummary] = []
            while try query.step() {
                let view = try Self.view(query, snapshot)
                let newest = query.int64(Row.memberWidth + Row.headWidth + 3)
                found.append(
                    try view.member.membership.active ? self.summary(view, newest, snapshot) : self.ended(view, newest, snapshot))
            }
            return found
        }
    }

    private func summary(_ view: View, _ stamp: Int64, _ snapshot: Connection) throws(SQLiteError) -> ConversationSummary {
        let read = view.member.membership.read
        let before = try self.ordinals(at: read, view, snapshot)
        // Messages of others after the read position, by difference; no row is counted (R34).
        let own = try self.ownMessages(upTo: view.head.sequence, view, snapshot) - self.ownMessages(upTo: read, view, snapshot)
        let unread = max(0, view.head.messages - before - own)
        return ConversationSummary(
            head: view.head, membership: view.member.membership, unread: unread, preview: try self.preview(view, snapshot),
            peer: try self.peer(view, snapshot), stamp: stamp)
    }

    /// A conversation whose member has left: that it ended and where, nothing of what came after.
    private func ended(_ view: View, _ stamp: Int64, _ snapshot: Connection) throws(SQLiteError) -> ConversationSummary {
        var head = view.head
        head.sequence = view.member.endedAt
        head.messages = try self.ordinals(at: view.member.endedAt, view, snapshot)
        head.controlSequence = view.member.endedAt
        head.memberCount = 0
        head.lastSlot = view.member.membership.slot
        head.time = 0
        head.stamp = stamp
        return ConversationSummary(
            head: head, membership: view.member.membership, unread: 0, preview: nil, peer: nil, stamp: stamp)
    }

    /// Messages in the conversation up to and including this sequence.
    private func ordinals(at sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        guard sequence > 0 else { return 0 }
        guard sequence < view.head.sequence else { return view.head.messages }
        let query = try snapshot.statement("SELECT message_ordinal FROM entries WHERE conversation = ?1 AND sequence = ?2")
        query.bind(1, view.key)
        query.bind(2, sequence)
        guard let found = try query.one() else { throw .hole(at: sequence, in: view.head.conversation) }
        return min(max(found, 0), view.head.messages)
    }

    /// The member's own messages up to and including this sequence.
    private func ownMessages(upTo sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        guard sequence > 0 else { return 0 }
        let query = try snapshot.statement(
            """
            SELECT sender_ordinal FROM entries WHERE conversation = ?1 AND sender = ?2 AND sequence <= ?3
            ORDER BY sequence DESC LIMIT 1
            """)
        query.bind(1, view.key)
        query.bind(2, view.user)
        query.bind(3, sequence)
        return min(max(try query.one() ?? 0, 0), view.head.messages)
    }

    /// The newest message inside the member's intervals. Beyond the newest message of all, only system entries are walked.
    private func preview(_ view: View, _ snapshot: Connection) throws(SQLiteError) -> Entry? {
        let query = try snapshot.statement(
            """
            SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
            WHERE e.conversation = ?1 AND e.sequence BETWEEN ?2 AND ?3 AND e.kind = \(EntryKind.message.rawValue)
            ORDER BY e.sequence DESC LIMIT 1
            """)
        defer { query.reset() }
        for range in view.visible.reversed() where range.lowerBound <= view.newestMessage {
            query.bind(1, view.key)
            query.bind(2, range.lowerBound)
            query.bind(3, min(range.upperBound, view.newestMessage))
            if try query.step() { return try Row.entry(query, in: view.head.conversation) }
            query.reset()
        }
        return nil
    }

    private func peer(_ view: View, _ snapshot: Connection) throws(SQLiteError) -> UserID? {
        guard view.head.kind == .direct else { return nil }
        let query = try snapshot.statement(
            "SELECT u.id FROM members m JOIN users u ON u.key = m.user WHERE m.conversation = ?1 AND m.user <> ?2 LIMIT 1")
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, view.user)
        return try query.step() ? UserID(trusted: query.text(0)) : nil
    }
}
