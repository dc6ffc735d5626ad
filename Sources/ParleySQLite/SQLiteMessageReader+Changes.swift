package import ParleyDomain

extension SQLiteMessageReader {
    package func changes(for user: UserID, after stamp: Int64, limit: Int) throws(ReadFailure) -> [ConversationSummary] {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            // A membership that ended is told of once, to a client that was there before; its head stays at its end. Who is no
            // member learns of what concerns himself alone, so that an invitation shows nothing of what goes on inside.
            let query = try snapshot.statement(
                """
                SELECT \(Row.memberColumns), \(Row.headColumns), h.key, h.newest_message, u.key,
                    CASE m.state WHEN 1 THEN max(h.stamp, m.stamp) ELSE m.stamp END AS newest, \(Row.blockedColumn)
                FROM users u CROSS JOIN members m ON m.user = u.key CROSS JOIN conversations h ON h.key = m.conversation
                WHERE u.id = ?1 AND newest > ?2 AND (m.state IN (1, 3, 4) OR ?2 > 0) ORDER BY newest LIMIT ?3
                """)
            defer { query.reset() }
            query.bind(1, user.rawValue)
            query.bind(2, stamp)
            query.bind(3, Int64(clamping: limit, to: 0...Limits.syncPositions))
            var found: [ConversationSummary] = []
            while try query.step() {
                var view = try Self.view(query, snapshot)
                let newest = query.int64(Row.memberWidth + Row.headWidth + 3)
                view.member.membership.blocked = query.int64(Row.memberWidth + Row.headWidth + 4) != 0
                switch view.member.membership.state {
                case .active: found.append(try self.summary(view, newest, snapshot))
                case .invited, .requested: found.append(Self.outside(view, newest))
                case .left, .banned: found.append(try self.ended(view, newest, snapshot))
                }
            }
            return found
        }
    }

    private func summary(_ view: View, _ stamp: Int64, _ snapshot: Connection) throws(SQLiteError) -> ConversationSummary {
        var preview: Entry?
        var state: MessageState?
        if let sequence = try self.newestMessage(view, snapshot) {
            let folded = try self.folded(try self.entries([sequence], view, snapshot), view, snapshot)
            preview = folded.entries.first
            state = folded.states[sequence]
        }
        return ConversationSummary(
            head: view.head, membership: view.member.membership, unread: try self.unread(view, snapshot),
            mentions: try self.unreadMentions(view, snapshot), preview: preview, previewState: state,
            peer: try self.peer(view, snapshot), stamp: stamp)
    }

    /// Messages of others after the read position, by difference: no row of a message is counted (R34).
    func unread(_ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        let read = view.member.membership.read
        let before = try self.ordinals(at: read, view, snapshot)
        guard view.head.messages > before else { return 0 }
        let own = try self.ownMessages(upTo: view.head.sequence, view, snapshot) - self.ownMessages(upTo: read, view, snapshot)
        let query = try snapshot.statement(
            "SELECT count(*) FROM states WHERE conversation = ?1 AND target > ?2 AND recalled > 0 AND sender <> ?3")
        query.bind(1, view.key)
        query.bind(2, read)
        query.bind(3, view.user)
        return max(0, view.head.messages - before - own - (try query.one() ?? 0))
    }

    /// Unread messages of others that mention the member, up to 100.
    func unreadMentions(_ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        let found = try self.mentions(after: view.member.membership.read, limit: Self.mentionsCounted, view, snapshot)
        return Int64(found.count)
    }

    private static let mentionsCounted = 100

    /// A conversation that the user is invited to, or has asked to join: its title, and that it is there.
    private static func outside(_ view: View, _ stamp: Int64) -> ConversationSummary {
        let head = ConversationHead(
            conversation: view.head.conversation, kind: view.head.kind, title: view.head.title, memberCap: 0, stamp: stamp)
        return ConversationSummary(
            head: head, membership: view.member.membership, unread: 0, preview: nil, peer: nil, stamp: stamp)
    }

    /// A conversation whose member has left: that it ended and where, nothing of what came after.
    private func ended(_ view: View, _ stamp: Int64, _ snapshot: Connection) throws(SQLiteError) -> ConversationSummary {
        let end = view.member.endedAt
        let head = ConversationHead(
            conversation: view.head.conversation, kind: view.head.kind, title: end > 0 ? view.head.title : "", sequence: end,
            messages: try self.ordinals(at: end, view, snapshot), controlSequence: end, memberCap: view.head.memberCap,
            lastSlot: view.member.membership.slot, historyVisible: view.head.historyVisible, stamp: stamp)
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
            SELECT sender_ordinal FROM entries WHERE conversation = ?1 AND sender = ?2 AND sequence <= ?3 AND kind = 1
            ORDER BY sequence DESC LIMIT 1
            """)
        query.bind(1, view.key)
        query.bind(2, view.user)
        query.bind(3, sequence)
        return min(max(try query.one() ?? 0, 0), view.head.messages)
    }

    /// The sequence of the newest message inside the member's intervals; nil if there is none. Where an interval ended before the
    /// newest of all, the message ordinals lead to it: as many steps as the length of the interval has bits.
    private func newestMessage(_ view: View, _ snapshot: Connection) throws(SQLiteError) -> Int64? {
        for range in view.visible.reversed() where range.lowerBound <= view.newestMessage {
            if range.contains(view.newestMessage) { return view.newestMessage }
            let messages = try self.ordinals(at: range.upperBound, view, snapshot)
            guard messages > (try self.ordinals(at: range.lowerBound - 1, view, snapshot)) else { continue }
            // The first sequence that has as many messages up to it as the whole range is that of the last of them.
            var (low, high) = (range.lowerBound, range.upperBound)
            while low < high {
                let middle = low + (high - low) / 2
                if try self.ordinals(at: middle, view, snapshot) >= messages { high = middle } else { low = middle + 1 }
            }
            return low
        }
        return nil
    }

    func peer(_ view: View, _ snapshot: Connection) throws(SQLiteError) -> UserID? {
        guard view.head.kind == .direct else { return nil }
        let query = try snapshot.statement(
            "SELECT u.id FROM members m JOIN users u ON u.key = m.user WHERE m.conversation = ?1 AND m.user <> ?2 LIMIT 1")
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, view.user)
        return try query.step() ? UserID(trusted: query.text(0)) : nil
    }
}
