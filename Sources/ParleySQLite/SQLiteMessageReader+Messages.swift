package import ParleyDomain

/// Pages of chosen messages: threads, versions, pins, mentions, and what an administrator audits.
extension SQLiteMessageReader {
    package func thread(of root: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int)
        throws(ReadFailure) -> Page
    {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            guard try self.message(root, view, snapshot) != nil else { return .failure(.noMessage) }
            let limit = min(max(limit, 0), Limits.pageEntriesMax)
            var sequences: [Int64] = after < root ? [root] : []
            let query = try snapshot.statement(
                """
                SELECT sequence FROM entries WHERE conversation = ?1 AND thread = ?2 AND thread > 0 AND sequence BETWEEN ?3 AND ?4
                ORDER BY sequence LIMIT ?5
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, root)
            for range in view.visible where range.upperBound > after && sequences.count <= limit {
                query.bind(3, max(range.lowerBound, after < .max ? after + 1 : after))
                query.bind(4, range.upperBound)
                query.bind(5, Int64(limit + 1 - sequences.count))
                while try query.step() { sequences.append(query.int64(0)) }
            }
            return .success(try self.page(sequences, limit: limit, view, snapshot))
        }
    }

    package func revisions(of sequence: Int64, in conversation: ConversationID, for user: UserID, after: Int64, limit: Int)
        throws(ReadFailure) -> Page
    {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            guard let message = try self.message(sequence, view, snapshot) else { return .failure(.noMessage) }
            if try self.isRecalled(sequence, view, snapshot) {
                return .success(Page(entries: [], head: view.head.sequence, more: false))
            }
            let query = try snapshot.statement(
                """
                SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
                WHERE e.conversation = ?1 AND e.relates_to = ?2 AND e.kind = 18 AND e.sequence BETWEEN ?3 AND ?4
                ORDER BY e.sequence
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, sequence)
            var builder = PageBuilder(limit: limit)
            var more = after < sequence && builder.room == 0
            if after < sequence, !more { builder.add(message) }
            for range in view.visible where range.upperBound > max(sequence, after) && !more {
                query.bind(3, max(range.lowerBound, after < .max ? after + 1 : after))
                query.bind(4, range.upperBound)
                while !more, try query.step() {
                    if builder.room > 0 { builder.add(try Row.entry(query, in: conversation)) } else { more = true }
                }
                query.reset()
            }
            return .success(Page(entries: builder.entries, head: view.head.sequence, more: more))
        }
    }

    package func reactions(
        to sequence: Int64, emoji: String, in conversation: ConversationID, for user: UserID, after: String, limit: Int
    ) throws(ReadFailure) -> [UserProfile] {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            guard try self.message(sequence, view, snapshot) != nil else { return .failure(.noMessage) }
            if try self.isRecalled(sequence, view, snapshot) { return .success([]) }
            guard view.seesAll(since: sequence) else {
                let seen = try self.seenReactions(to: sequence, [emoji], view, snapshot)[emoji] ?? []
                let users = seen.filter { $0 > after }.sorted().prefix(max(0, min(limit, Limits.usersPerRequest)))
                return .success(try self.profiles(of: users.map { UserID(trusted: $0) }, snapshot))
            }
            let query = try snapshot.statement(
                """
                SELECT u.id, u.name FROM reactions r CROSS JOIN users u ON u.id = r.user
                WHERE r.conversation = ?1 AND r.target = ?2 AND r.emoji = ?3 AND r.user > ?4 ORDER BY r.user LIMIT ?5
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, sequence)
            query.bind(3, emoji)
            query.bind(4, after)
            query.bind(5, Int64(clamping: limit, to: 0...Limits.usersPerRequest))
            return .success(try Self.profiles(query))
        }
    }

    package func pins(in conversation: ConversationID, for user: UserID) throws(ReadFailure) -> Page {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let query = try snapshot.statement(
                "SELECT target, pinned FROM states WHERE conversation = ?1 AND pinned > 0 ORDER BY pinned DESC LIMIT ?2")
            defer { query.reset() }
            query.bind(1, view.key)
            query.bind(2, Int64(Limits.pinsPerConversation))
            var sequences: [Int64] = []
            while try query.step() {
                let target = query.int64(0)
                if view.sees(target), view.sees(query.int64(1)) { sequences.append(target) }
            }
            return try self.page(sequences, limit: Limits.pinsPerConversation, view, snapshot)
        }
    }

    package func mentions(of user: UserID, in conversation: ConversationID, after: Int64, limit: Int) throws(ReadFailure) -> Page
    {
        try self.member(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            let limit = min(max(limit, 0), Limits.pageEntriesMax)
            let sequences = try self.mentions(after: after, limit: limit + 1, view, snapshot)
            return try self.page(sequences, limit: limit, view, snapshot)
        }
    }

    /// Messages of others that mention the member, oldest first. Recalled ones have no rows.
    func mentions(after: Int64, limit: Int, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> [Int64] {
        // Two ranges of one index, merged: the query stops at the limit.
        let query = try snapshot.statement(
            """
            SELECT sequence FROM mentions WHERE conversation = ?1 AND user = \(Mention.everybody) AND sequence BETWEEN ?3 AND ?4
                AND sender <> ?2
            UNION SELECT sequence FROM mentions WHERE conversation = ?1 AND user = ?2 AND sequence BETWEEN ?3 AND ?4 AND sender <> ?2
            ORDER BY sequence LIMIT ?5
            """)
        defer { query.reset() }
        query.bind(1, view.key)
        query.bind(2, view.user)
        var sequences: [Int64] = []
        for range in view.visible where range.upperBound > after && sequences.count < limit {
            query.bind(3, max(range.lowerBound, after < .max ? after + 1 : after))
            query.bind(4, range.upperBound)
            query.bind(5, Int64(limit - sequences.count))
            while try query.step() { sequences.append(query.int64(0)) }
        }
        return sequences
    }

    package func audit(_ conversation: ConversationID, for user: UserID, before: Int64, limit: Int) throws(ReadFailure) -> Page {
        try self.answer(user, of: conversation) { (snapshot, view) throws(SQLiteError) in
            guard view.isAdministrator else { return .failure(.forbidden) }
            let limit = min(max(limit, 0), Limits.pageEntriesMax)
            let query = try snapshot.statement(
                """
                SELECT sequence FROM entries INDEXED BY entries_by_audit
                WHERE conversation = ?1 AND sequence BETWEEN ?2 AND ?3 AND kind <> 1 AND kind <> 18 AND kind <> 20 ORDER BY sequence DESC LIMIT ?4
                """)
            defer { query.reset() }
            query.bind(1, view.key)
            var sequences: [Int64] = []
            for range in view.visible.reversed() where range.lowerBound < before && sequences.count <= limit {
                query.bind(2, range.lowerBound)
                query.bind(3, min(range.upperBound, before > .min ? before - 1 : before))
                query.bind(4, Int64(limit + 1 - sequences.count))
                while try query.step() { sequences.append(query.int64(0)) }
            }
            return .success(try self.page(sequences, limit: limit, view, snapshot))
        }
    }

    // MARK: Entries by sequence

    /// Entries of these sequences, in their order, each of which must be there.
    func entries(_ sequences: [Int64], _ view: View, _ snapshot: Connection) throws(SQLiteError) -> [Entry] {
        let query = try snapshot.statement(
            """
            SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender
            WHERE e.conversation = ?1 AND e.sequence = ?2
            """)
        defer { query.reset() }
        query.bind(1, view.key)
        var found = PageBuilder(limit: Limits.pageEntriesMax)
        for sequence in sequences where found.room > 0 {
            query.bind(2, sequence)
            guard try query.step() else { throw .hole(at: sequence, in: view.head.conversation) }
            found.add(try Row.entry(query, in: view.head.conversation))
            query.reset()
        }
        return found.entries
    }

    /// A page of these sequences, of which there may be one more than fits.
    private func page(_ sequences: [Int64], limit: Int, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Page {
        let folded = try self.folded(try self.entries(Array(sequences.prefix(limit)), view, snapshot), view, snapshot)
        return folded.page(view, more: folded.entries.count < sequences.count)
    }

    /// A message that the member may see; nil if there is none of this sequence.
    func message(_ sequence: Int64, _ view: View, _ snapshot: Connection) throws(SQLiteError) -> Entry? {
        guard view.sees(sequence), let entry = try self.entries([sequence], view, snapshot).first, entry.kind == .message else {
            return nil
        }
        return entry
    }

    /// Of rows of id and name.
    static func profiles(_ row: Statement) throws(SQLiteError) -> [UserProfile] {
        var found: [UserProfile] = []
        while try row.step() { found.append(UserProfile(user: UserID(trusted: row.text(0)), name: row.text(1))) }
        return found
    }
}
