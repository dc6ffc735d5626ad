import CSQLite
package import ParleyDomain

/// Accounts and sessions, in the same database as the log. Writes take the one writing connection when no batch of
/// messages waits for it; reads take a reading one.
package final class SQLiteAccountStore: AccountStore {
    /// Held so that the folder stays ours as long as anyone can write.
    let database: SQLiteDatabase

    package init(_ database: SQLiteDatabase) {
        self.database = database
    }

    var writer: Writer { self.database.writer }

    // MARK: Accounts

    package func createAccount(_ account: Account) throws(AccountFailure) {
        try self.write { () throws(SQLiteError) in
            try self.insert(account) ? .commit(nil) : .unchanged(.taken)
        }
    }

    package func account(named name: String) throws(AccountFailure) -> Account? {
        try self.account("SELECT id, name, password_hash, created FROM users WHERE folded_name = ?1", name.lowercased())
    }

    package func account(id: UserID) throws(AccountFailure) -> Account? {
        try self.account("SELECT id, name, password_hash, created FROM users WHERE id = ?1", id.rawValue)
    }

    private func account(_ sql: String, _ key: String) throws(AccountFailure) -> Account? {
        try self.read { (snapshot) throws(SQLiteError) in
            let query = try snapshot.statement(sql)
            defer { query.reset() }
            query.bind(1, key)
            guard try query.step() else { return nil }
            // A disabled account has none that could match.
            let isDisabled = !query.isNull(2) && query.text(2).hasPrefix(Self.lock)
            return Account(
                id: UserID(trusted: query.text(0)), name: query.text(1),
                passwordHash: query.isNull(2) || isDisabled ? nil : query.text(2), created: query.int64(3), isDisabled: isDisabled
            )
        }
    }

    package func accounts(prefix: String, limit: Int) throws(AccountFailure) -> [UserProfile] {
        try self.read { (snapshot) throws(SQLiteError) in
            let query = try snapshot.statement(
                "SELECT id, name FROM users WHERE folded_name >= ?1 AND folded_name < ?2 ORDER BY folded_name LIMIT ?3")
            defer { query.reset() }
            let folded = prefix.lowercased()
            query.bind(1, folded)
            // The last scalar there is: every name that goes on after the prefix is below.
            query.bind(2, folded + "\u{10FFFF}")
            query.bind(3, Int64(clamping: limit, to: 0...Limits.usersPerRequest))
            var found: [UserProfile] = []
            while try query.step() { found.append(UserProfile(user: UserID(trusted: query.text(0)), name: query.text(1))) }
            return found
        }
    }

    /// False if the id or the name is taken.
    func insert(_ account: Account) throws(SQLiteError) -> Bool {
        let insert = try self.writer.statement(
            """
            INSERT INTO users (id, name, folded_name, password_hash, created) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO NOTHING
            """)
        insert.bind(1, account.id.rawValue)
        insert.bind(2, account.name)
        insert.bind(3, account.name.lowercased())
        if let hash = account.passwordHash { insert.bind(4, hash) } else { insert.bindNull(4) }
        insert.bind(5, account.created)
        try insert.run()
        return self.writer.connection.changes == 1
    }

    // MARK: Sessions

    package func createSession(_ session: Session, verified hash: String?) throws(AccountFailure) {
        try self.write { () throws(SQLiteError) in
            guard let user = try self.writer.userKey(session.user) else {
                return .unchanged(.store(.unavailable("There is no user \(session.user) to log in.")))
            }
            // That of a disabled account begins with the lock: it is none that anybody was checked against.
            let known = try self.writer.statement("SELECT password_hash IS ?2 FROM users WHERE key = ?1")
            known.bind(1, user)
            if let hash { known.bind(2, hash) } else { known.bindNull(2) }
            guard try known.one() == 1 else { return .unchanged(.outdated) }
            return try self.insert(session, user: user) ? .commit(nil) : .unchanged(.taken)
        }
    }

    /// False if the id or the token is taken.
    func insert(_ session: Session, user: Int64) throws(SQLiteError) -> Bool {
        let insert = try self.writer.statement(
            """
            INSERT INTO sessions (id, user, device, token_hash, created, expires, address, agent)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING
            """)
        insert.bind(1, session.id.rawValue)
        insert.bind(2, user)
        insert.bind(3, session.device)
        insert.bind(4, session.tokenHash)
        insert.bind(5, session.created)
        insert.bind(6, session.expires)
        insert.bind(7, session.address)
        insert.bind(8, session.agent)
        try insert.run()
        return self.writer.connection.changes == 1
    }

    package func session(tokenHash: [UInt8], at now: Int64) throws(AccountFailure) -> Session? {
        try self.session(where: "s.token_hash = ?1", at: now) { $0.bind(1, tokenHash) }
    }

    package func session(id: SessionID, at now: Int64) throws(AccountFailure) -> Session? {
        try self.session(where: "s.id = ?1", at: now) { $0.bind(1, id.rawValue) }
    }

    private func session(where condition: String, at now: Int64, _ bind: (Statement) -> Void) throws(AccountFailure) -> Session? {
        try self.read { (snapshot) throws(SQLiteError) in
            let query = try snapshot.statement(
                """
                SELECT s.id, u.id, s.device, s.token_hash, s.created, s.expires, s.address, s.agent
                FROM sessions s JOIN users u ON u.key = s.user WHERE \(condition) AND s.revoked = 0 AND s.expires > ?2
                """)
            defer { query.reset() }
            bind(query)
            query.bind(2, now)
            guard try query.step() else { return nil }
            return Session(
                id: SessionID(trusted: query.text(0)), user: UserID(trusted: query.text(1)), device: query.text(2),
                tokenHash: query.bytes(3), created: query.int64(4), expires: query.int64(5), address: query.text(6),
                agent: query.text(7))
        }
    }

    package func revokeSession(_ id: SessionID, at now: Int64) throws(AccountFailure) {
        try self.write { () throws(SQLiteError) in
            // A time of zero would read as "not revoked".
            let update = try self.writer.statement("UPDATE sessions SET revoked = max(1, ?2) WHERE id = ?1 AND revoked = 0")
            update.bind(1, id.rawValue)
            update.bind(2, now)
            try update.run()
            return self.writer.connection.changes > 0 ? .commit(nil) : .unchanged(nil)
        }
    }

    /// The condition is that of the index `sessions_by_end`; ids of another application's sessions begin with `x`.
    package func deleteSessions(expiredBefore time: Int64, limit: Int) throws(AccountFailure) -> Int {
        do {
            return try self.writer.transaction(.low) { () throws(SQLiteError) in
                let delete = try self.writer.statement(
                    """
                    DELETE FROM sessions WHERE key IN (
                        SELECT key FROM sessions WHERE (revoked = 0 OR id < 'x') AND expires < ?1 ORDER BY expires LIMIT ?2)
                    """)
                delete.bind(1, time)
                delete.bind(2, Int64(clamping: limit))
                try delete.run()
                let count = Int(self.writer.connection.changes)
                return count > 0 ? .commit(count) : .unchanged(0)
            }
        } catch {
            throw .store(error)
        }
    }

    // MARK: Secrets

    package func secret(named name: String, make: () -> [UInt8]) throws(AccountFailure) -> [UInt8] {
        if let known = try self.read({ (snapshot) throws(SQLiteError) in try self.secret(name, snapshot.statement) }) {
            return known
        }
        let made = make()
        guard made.count == 32 else { throw .store(.unavailable("The secret \(name) has \(made.count) bytes instead of 32.")) }
        do {
            return try self.writer.transaction(.low) { () throws(SQLiteError) in
                // Another thread may have made it in between: the first stays.
                if let known = try self.secret(name, self.writer.statement) { return .unchanged(known) }
                let insert = try self.writer.statement("INSERT INTO secrets (name, value) VALUES (?1, ?2)")
                insert.bind(1, name)
                insert.bind(2, made)
                try insert.run()
                return .commit(made)
            }
        } catch {
            throw .store(error)
        }
    }

    private func secret(_ name: String, _ statement: (String) throws(SQLiteError) -> Statement) throws(SQLiteError) -> [UInt8]? {
        let query = try statement("SELECT value FROM secrets WHERE name = ?1")
        defer { query.reset() }
        query.bind(1, name)
        return try query.step() ? query.bytes(0) : nil
    }

    // MARK: Both halves

    /// Runs a transaction; the decision's value is the failure to answer with, if any.
    func write(_ body: () throws(SQLiteError) -> Writer.Decision<AccountFailure?>) throws(AccountFailure) {
        let refusal: AccountFailure?
        do {
            refusal = try self.writer.transaction(.low, body)
        } catch {
            throw .store(error)
        }
        if let refusal { throw refusal }
    }

    private func read<Value>(_ body: (Connection) throws(SQLiteError) -> Value) throws(AccountFailure) -> Value {
        do {
            return try self.database.readers.read(body)
        } catch {
            throw .store(error.failure)
        }
    }
}
