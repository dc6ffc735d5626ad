package import ParleyDomain

extension SQLiteMessageReader {
    /// Columns and tables of a list of members.
    private static let list = "SELECT \(Row.memberColumns), u.name FROM members m CROSS JOIN users u ON u.key = m.user"

    private static func profile(_ row: Statement, in conversation: ConversationID) throws(SQLiteError) -> MemberProfile {
        let membership = try Row.member(row, at: 0, in: conversation).membership
        return MemberProfile(
            profile: UserProfile(user: membership.user, name: row.text(Row.memberWidth)), membership: membership)
    }

    package func members(of conversation: ConversationID, for user: UserID, afterSlot slot: Int32, limit: Int) throws(ReadFailure)
        -> [MemberProfile]
    {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let query = try snapshot.statement(
                "\(Self.list) WHERE m.conversation = ?1 AND m.slot > ?2 AND m.slot > 0 ORDER BY m.slot LIMIT ?3")
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, Int64(max(0, slot)))
            query.bind(3, Int64(clamping: limit, to: 0...Limits.usersPerRequest))
            var found: [MemberProfile] = []
            while try query.step() { found.append(try Self.profile(query, in: conversation)) }
            return found
        }
    }

    package func members(of conversation: ConversationID, for user: UserID, changedAfter stamp: Int64, limit: Int)
        throws(ReadFailure) -> MemberChanges
    {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let limit = Int(Int64(clamping: limit, to: 1...Limits.usersPerRequest))
            let query = try snapshot.statement(
                """
                SELECT \(Row.memberColumns), u.name, m.changed FROM members m CROSS JOIN users u ON u.key = m.user
                WHERE m.conversation = ?1 AND m.changed > ?2 AND m.slot > 0 ORDER BY m.changed LIMIT ?3
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, stamp)
            query.bind(3, Int64(limit + 1))
            var changes = MemberChanges(members: [], stamp: stamp, more: false)
            while try query.step() {
                guard changes.members.count < limit else {
                    changes.more = true
                    break
                }
                changes.members.append(try Self.profile(query, in: conversation))
                changes.stamp = query.int64(Row.memberWidth + 1)
            }
            if !changes.more { changes.stamp = max(stamp, try Self.newestStamp(snapshot)) }
            return changes
        }
    }

    package func members(of conversation: ConversationID, for user: UserID, in state: MemberState, after: String, limit: Int)
        throws(ReadFailure) -> [MemberProfile]
    {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            guard view.isAdministrator else { return .failure(.forbidden) }
            // Who is in one of the states above 1 stands in an index of their own: members are not read.
            let index = state.rawValue > 1 ? "AND m.state > 1" : ""
            let query = try snapshot.statement(
                "\(Self.list) WHERE m.conversation = ?1 AND m.state = ?2 \(index) AND u.id > ?3 ORDER BY u.id LIMIT ?4")
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, Int64(state.rawValue))
            query.bind(3, after)
            query.bind(4, Int64(clamping: limit, to: 0...Limits.usersPerRequest))
            var found: [MemberProfile] = []
            while try query.step() { found.append(try Self.profile(query, in: conversation)) }
            return .success(found)
        }
    }

    package func members(of conversation: ConversationID, for user: UserID, slots: [Int32]) throws(ReadFailure) -> [MemberProfile]
    {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let query = try snapshot.statement("\(Self.list) WHERE m.conversation = ?1 AND m.slot = ?2 AND m.slot > 0")
            defer { query.reset() }
            query.bind(1, view.key)
            var found: [MemberProfile] = []
            for slot in slots {
                query.bind(2, Int64(slot))
                if try query.step() { found.append(try Self.profile(query, in: conversation)) }
                query.reset()
            }
            return found
        }
    }

    package func profiles(of users: [UserID]) throws(ReadFailure) -> [UserProfile] {
        try self.snapshot { (snapshot) throws(SQLiteError) in try self.profiles(of: users, snapshot) }
    }

    func profiles(of users: [UserID], _ snapshot: Connection) throws(SQLiteError) -> [UserProfile] {
        let query = try snapshot.statement("SELECT name FROM users WHERE id = ?1")
        defer { query.reset() }
        var found: [UserProfile] = []
        for user in users {
            query.bind(1, user.rawValue)
            if try query.step() { found.append(UserProfile(user: user, name: query.text(0))) }
            query.reset()
        }
        return found
    }

    package func newestStamp() throws(ReadFailure) -> Int64 {
        try self.snapshot { (snapshot) throws(SQLiteError) in try Self.newestStamp(snapshot) }
    }

    private static func newestStamp(_ snapshot: Connection) throws(SQLiteError) -> Int64 {
        let query = try snapshot.statement(
            "SELECT max((SELECT coalesce(max(id), 0) FROM entries), (SELECT value FROM meta WHERE name = 'high_water'))")
        return try query.one() ?? 0
    }

    // MARK: Waking

    package func recipients(of conversation: ConversationID, messages: ClosedRange<Int64>, afterSlot slot: Int32, limit: Int)
        throws(ReadFailure) -> [Recipient]
    {
        try self.snapshot { (snapshot) throws(SQLiteError) in
            // Level 1: only who is mentioned, by name or with everybody; level 2: nobody. Neither the sender nor who came later.
            let query = try snapshot.statement(
                """
                SELECT u.id, m.slot, EXISTS (
                        SELECT 1 FROM mentions n CROSS JOIN entries x ON x.conversation = n.conversation AND x.sequence = n.sequence
                        WHERE n.conversation = m.conversation AND n.user IN (\(Mention.everybody), m.user)
                            AND n.sequence BETWEEN max(?5, m.visible_from) AND ?2 AND x.sender <> m.user
                            AND NOT EXISTS (SELECT 1 FROM states st WHERE st.conversation = n.conversation AND st.target = n.sequence AND st.recalled > 0)
                    ) AS mentioned, e.sequence
                FROM conversations h CROSS JOIN entries e ON e.conversation = h.key AND e.sequence = (
                        SELECT x.sequence FROM entries x WHERE x.conversation = h.key AND x.sequence BETWEEN ?5 AND ?2 AND x.kind = 1
                            AND NOT EXISTS (SELECT 1 FROM states st WHERE st.conversation = h.key AND st.target = x.sequence AND st.recalled > 0)
                        ORDER BY x.sequence DESC LIMIT 1)
                    CROSS JOIN members m ON m.conversation = h.key AND m.slot > ?3 AND m.slot > 0
                    CROSS JOIN users u ON u.key = m.user
                WHERE h.id = ?1 AND h.member_count <= \(Limits.membersWoken) AND m.state = 1 AND m.user <> e.sender AND m.visible_from <= e.sequence
                    AND (m.notify = 0 OR (m.notify = 1 AND mentioned))
                ORDER BY m.slot LIMIT ?4
                """)
            query.bind(1, conversation.rawValue)
            query.bind(2, messages.upperBound)
            query.bind(3, Int64(max(0, slot)))
            query.bind(4, Int64(clamping: limit, to: 0...Limits.usersPerRequest))
            query.bind(5, messages.lowerBound)
            var found: [Recipient] = []
            while try query.step() {
                found.append(
                    Recipient(
                        user: UserID(trusted: query.text(0)), slot: query.int32(1), sequence: query.int64(3),
                        mentioned: query.int64(2) != 0, badge: 0))
            }
            for index in found.indices { found[index].badge = try self.badge(of: found[index].user, snapshot) }
            return found
        }
    }

    private static let badgeMax: Int64 = 100

    /// Unread messages that count by the user's levels. Stops at 100, whatever more there is.
    private func badge(of user: UserID, _ snapshot: Connection) throws(SQLiteError) -> Int64 {
        let query = try snapshot.statement(
            """
            SELECT \(Row.memberColumns), \(Row.headColumns), h.key, h.newest_message, u.key
            FROM users u CROSS JOIN members m ON m.user = u.key CROSS JOIN conversations h ON h.key = m.conversation
            WHERE u.id = ?1 AND m.state = 1 AND m.notify < 2 AND h.newest_message > m.read
            """)
        defer { query.reset() }
        query.bind(1, user.rawValue)
        var badge: Int64 = 0
        while badge < Self.badgeMax, try query.step() {
            let view = try Self.view(query, snapshot)
            badge +=
                try view.member.membership.notify == .all ? self.unread(view, snapshot) : self.unreadMentions(view, snapshot)
        }
        return min(badge, Self.badgeMax)
    }
}
