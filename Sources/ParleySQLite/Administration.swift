package import ParleyDomain

/// What an operator looks at: rows across all users and conversations, for nobody else. One snapshot each, and bounded.
package struct Administration: Sendable {
    private let database: SQLiteDatabase

    /// The most rows of one answer.
    package static let rowsMax = 1_000

    package init(_ database: SQLiteDatabase) { self.database = database }

    // MARK: Users

    package struct UserRow: Sendable, Equatable {
        package var user: UserID
        package var name: String
        /// In milliseconds since 1970.
        package var created: Int64
        /// Whether he can log in with a password.
        package var hasPassword: Bool
        package var isDisabled: Bool
        /// Live ones.
        package var sessions: Int64
    }

    /// Users by name, those after `name`, whose names begin with `prefix`.
    package func users(prefix: String, after name: String, limit: Int, at now: Int64) throws(StoreFailure) -> [UserRow] {
        try self.rows(
            """
            WITH page AS (
                SELECT key, id, name, folded_name, created, password_hash FROM users
                WHERE folded_name >= ?1 AND folded_name < ?2 AND folded_name > ?3 ORDER BY folded_name LIMIT ?4)
            SELECT p.id, p.name, p.created, p.password_hash IS NOT NULL, coalesce(substr(p.password_hash, 1, 1) = '\(SQLiteAccountStore.lock)', 0), count(s.key)
            FROM page p LEFT JOIN sessions s ON s.user = p.key AND s.revoked = 0 AND s.expires > ?5
            GROUP BY p.key ORDER BY p.folded_name
            """
        ) { query in
            query.bind(1, prefix.lowercased())
            query.bind(2, prefix.lowercased() + "\u{10FFFF}")
            query.bind(3, name.lowercased())
            query.bind(4, Self.limit(limit))
            query.bind(5, now)
        } row: { row in
            UserRow(
                user: UserID(trusted: row.text(0)), name: row.text(1), created: row.int64(2), hasPassword: row.int64(3) != 0,
                isDisabled: row.int64(4) != 0, sessions: row.int64(5))
        }
    }

    /// The user of this id and the user of this name, in that order: one where both are the same or only one is there. Ids are public, and
    /// a name may be any text: which of two is meant is for the operator to say.
    package func users(called text: String) throws(StoreFailure) -> [UserProfile] {
        try self.rows("SELECT id, name FROM users WHERE id = ?1 OR folded_name = ?2 ORDER BY id <> ?1") { query in
            query.bind(1, text)
            query.bind(2, text.lowercased())
        } row: { row in
            UserProfile(user: UserID(trusted: row.text(0)), name: row.text(1))
        }
    }

    package struct SessionRow: Sendable, Equatable {
        package var session: SessionID
        package var device: String
        package var created: Int64
        package var expires: Int64
        package var address: String
        package var agent: String
    }

    /// Live sessions of a user, the newest first.
    package func sessions(of user: UserID, at now: Int64) throws(StoreFailure) -> [SessionRow] {
        try self.rows(
            """
            SELECT s.id, s.device, s.created, s.expires, s.address, s.agent FROM sessions s JOIN users u ON u.key = s.user
            WHERE u.id = ?1 AND s.revoked = 0 AND s.expires > ?2 ORDER BY s.key DESC
            """
        ) { query in
            query.bind(1, user.rawValue)
            query.bind(2, now)
        } row: { row in
            SessionRow(
                session: SessionID(trusted: row.text(0)), device: row.text(1), created: row.int64(2), expires: row.int64(3),
                address: row.text(4), agent: row.text(5))
        }
    }

    // MARK: Groups

    /// Groups whose titles begin with `prefix`, by id, those after `id`.
    package func groups(prefix: String, after id: String, limit: Int) throws(StoreFailure) -> [ConversationHead] {
        try self.rows(
            """
            SELECT \(Row.headColumns) FROM conversations h
            WHERE h.kind = ?1 AND h.id > ?2 AND substr(h.title, 1, length(?3)) = ?3 COLLATE NOCASE ORDER BY h.id LIMIT ?4
            """
        ) { query in
            query.bind(1, Int64(ConversationKind.group.rawValue))
            query.bind(2, id)
            query.bind(3, prefix)
            query.bind(4, Self.limit(limit))
        } row: { row throws(SQLiteError) in
            try Row.head(row, at: 0)
        }
    }

    /// The group of this id, or else those of this title.
    package func groups(named text: String) throws(StoreFailure) -> [ConversationHead] {
        let found = try self.rows("SELECT \(Row.headColumns) FROM conversations h WHERE h.id = ?1") {
            $0.bind(1, text)
        } row: {
            row throws(SQLiteError) in
            try Row.head(row, at: 0)
        }
        if !found.isEmpty { return found }
        return try self.rows("SELECT \(Row.headColumns) FROM conversations h WHERE h.title = ?1 AND h.kind = ?2 LIMIT 10") {
            query in
            query.bind(1, text)
            query.bind(2, Int64(ConversationKind.group.rawValue))
        } row: { row throws(SQLiteError) in
            try Row.head(row, at: 0)
        }
    }

    /// Active members by slot, those after `slot`.
    package func members(of conversation: ConversationID, afterSlot slot: Int64, limit: Int) throws(StoreFailure)
        -> [MemberProfile]
    {
        try self.rows(
            """
            SELECT \(Row.memberColumns), u.name FROM members m JOIN users u ON u.key = m.user
            WHERE m.conversation = (SELECT key FROM conversations WHERE id = ?1) AND m.slot > ?2 AND m.state = ?3
            ORDER BY m.slot LIMIT ?4
            """
        ) { query in
            query.bind(1, conversation.rawValue)
            query.bind(2, slot)
            query.bind(3, Int64(MemberState.active.rawValue))
            query.bind(4, Self.limit(limit))
        } row: { row throws(SQLiteError) in
            let membership = try Row.member(row, at: 0, in: conversation).membership
            return MemberProfile(
                profile: UserProfile(user: membership.user, name: row.text(Row.memberWidth)), membership: membership)
        }
    }

    package func owner(of conversation: ConversationID) throws(StoreFailure) -> UserProfile? {
        try self.rows(
            """
            SELECT u.id, u.name FROM members m JOIN users u ON u.key = m.user
            WHERE m.conversation = (SELECT key FROM conversations WHERE id = ?1) AND m.role = ?2 AND m.state = ?3 LIMIT 1
            """
        ) { query in
            query.bind(1, conversation.rawValue)
            query.bind(2, Int64(Role.owner.rawValue))
            query.bind(3, Int64(MemberState.active.rawValue))
        } row: { row in
            UserProfile(user: UserID(trusted: row.text(0)), name: row.text(1))
        }.first
    }

    // MARK: What happened

    package struct AuditRow: Sendable {
        package var entry: Entry
        /// The sender's name.
        package var name: String
    }

    /// Entries that changed rights, recalls and pins, before `before`, newest first.
    package func audit(_ conversation: ConversationID, before: Int64, limit: Int) throws(StoreFailure) -> [AuditRow] {
        try self.rows(
            """
            SELECT \(Row.entryColumns), s.name FROM entries e LEFT JOIN users s ON s.key = e.sender
            WHERE e.conversation = (SELECT key FROM conversations WHERE id = ?1) AND e.sequence < ?2 AND e.kind <> 1 AND e.kind <> 18 AND e.kind <> 20
            ORDER BY e.sequence DESC LIMIT ?3
            """
        ) { query in
            query.bind(1, conversation.rawValue)
            query.bind(2, before)
            query.bind(3, Self.limit(limit))
        } row: { row throws(SQLiteError) in
            AuditRow(entry: try Row.entry(row, in: conversation), name: row.text(Row.entryWidth))
        }
    }

    package struct ReportRow: Sendable, Equatable {
        package var conversation: ConversationID
        package var title: String
        package var sequence: Int64
        package var reporter: String
        package var sender: String
        package var reason: String
        /// In milliseconds since 1970.
        package var time: Int64
        /// The message as it was sent; empty once it was recalled.
        package var content: [UInt8]
    }

    /// Reports of all conversations, the newest first.
    package func reports(limit: Int) throws(StoreFailure) -> [ReportRow] {
        try self.rows(
            """
            SELECT h.id, h.title, r.sequence, u.name, coalesce(s.name, ''), r.reason, r.time,
                CASE WHEN EXISTS (SELECT 1 FROM states t WHERE t.conversation = r.conversation AND t.target = r.sequence AND t.recalled > 0)
                    THEN x'' ELSE coalesce(e.content, x'') END
            FROM reports r JOIN conversations h ON h.key = r.conversation JOIN users u ON u.key = r.user
            LEFT JOIN entries e ON e.conversation = r.conversation AND e.sequence = r.sequence LEFT JOIN users s ON s.key = e.sender
            ORDER BY r.key DESC LIMIT ?1
            """
        ) {
            $0.bind(1, Self.limit(limit))
        } row: { row in
            ReportRow(
                conversation: ConversationID(trusted: row.text(0)), title: row.text(1), sequence: row.int64(2),
                reporter: row.text(3),
                sender: row.text(4), reason: row.text(5), time: row.int64(6), content: row.bytes(7))
        }
    }

    /// What the store holds: names and numbers, in the order in which they are shown.
    package func counts(at now: Int64) throws(StoreFailure) -> [(String, Int64)] {
        let questions = [
            ("users", "SELECT count(*) FROM users"),
            ("sessions", "SELECT count(*) FROM sessions WHERE revoked = 0 AND expires > \(now)"),
            ("conversations", "SELECT count(*) FROM conversations"),
            ("entries", "SELECT coalesce(sum(sequence), 0) FROM conversations"),
            ("messages", "SELECT coalesce(sum(messages), 0) FROM conversations"),
            ("reports", "SELECT count(*) FROM reports"),
            ("database_bytes", "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
        ]
        do {
            return try self.database.readers.read { (snapshot) throws(SQLiteError) in
                var counts: [(String, Int64)] = []
                for (name, sql) in questions { counts.append((name, try snapshot.statement(sql).one() ?? 0)) }
                return counts
            }
        } catch {
            throw error.failure
        }
    }

    // MARK: Both

    private static func limit(_ limit: Int) -> Int64 { Int64(max(1, min(limit, Self.rowsMax))) }

    private func rows<Value>(
        _ sql: String, _ bind: (Statement) -> Void, row: (Statement) throws(SQLiteError) -> Value
    ) throws(StoreFailure) -> [Value] {
        do {
            return try self.database.readers.read { (snapshot) throws(SQLiteError) in
                let query = try snapshot.statement(sql)
                defer { query.reset() }
                bind(query)
                var rows: [Value] = []
                while try query.step() { rows.append(try row(query)) }
                return rows
            }
        } catch {
            throw error.failure
        }
    }
}

extension SQLiteAccountStore {
    /// A disabled account's password hash begins with this, as in `/etc/shadow`: no password matches it, and taking the mark away
    /// brings the old password back.
    static let lock = "!"

    /// Gives an account another password, by its hash; a disabled one stays disabled.
    package func setPassword(_ hash: String, of user: UserID) throws(AccountFailure) {
        try self.update(
            """
            UPDATE users SET password_hash = CASE WHEN substr(password_hash, 1, 1) = '\(Self.lock)' THEN '\(Self.lock)' ELSE '' END || ?2
            WHERE id = ?1
            """, user
        ) { $0.bind(2, hash) }
    }

    /// Nobody logs in with a disabled account. Its sessions are the caller's to end, afterwards.
    package func setDisabled(_ disabled: Bool, _ user: UserID) throws(AccountFailure) {
        let sql =
            disabled
            ? "UPDATE users SET password_hash = '\(Self.lock)' || coalesce(password_hash, '') WHERE id = ?1 AND coalesce(substr(password_hash, 1, 1), '') <> '\(Self.lock)'"
            : "UPDATE users SET password_hash = nullif(substr(password_hash, 2), '') WHERE id = ?1 AND substr(password_hash, 1, 1) = '\(Self.lock)'"
        try self.update(sql, user) { _ in }
    }

    private func update(_ sql: String, _ user: UserID, _ bind: (Statement) -> Void) throws(AccountFailure) {
        try self.write { () throws(SQLiteError) in
            let update = try self.writer.statement(sql)
            update.bind(1, user.rawValue)
            bind(update)
            try update.run()
            return self.writer.connection.changes > 0 ? .commit(nil) : .unchanged(nil)
        }
    }

    /// Takes the reports of a message off the list. How many there were.
    package func resolveReports(of sequence: Int64, in conversation: ConversationID) throws(AccountFailure) -> Int64 {
        do {
            return try self.writer.transaction(.low) { () throws(SQLiteError) in
                let delete = try self.writer.statement(
                    "DELETE FROM reports WHERE conversation = (SELECT key FROM conversations WHERE id = ?1) AND sequence = ?2")
                delete.bind(1, conversation.rawValue)
                delete.bind(2, sequence)
                try delete.run()
                let count = Int64(self.writer.connection.changes)
                return count > 0 ? .commit(count) : .unchanged(0)
            }
        } catch {
            throw .store(error)
        }
    }
}
