package import ParleyDomain

extension SQLiteAccountStore {
    package func rotateSession(
        _ id: SessionID, from old: [UInt8], to new: [UInt8], expires: Int64, at now: Int64
    ) throws(AccountFailure) -> Bool {
        do throws(StoreFailure) {
            return try self.writer.transaction(.low) { () throws(SQLiteError) in
                // One statement decides: of two calls with the same old token, the second finds another one.
                let update = try self.writer.statement(
                    """
                    UPDATE sessions SET token_hash = ?3, expires = ?4
                    WHERE id = ?1 AND token_hash = ?2 AND revoked = 0 AND expires > ?5 AND NOT EXISTS (
                        SELECT 1 FROM users u WHERE u.key = sessions.user AND substr(u.password_hash, 1, 1) = '\(Self.lock)')
                    """)
                update.bind(1, id.rawValue)
                update.bind(2, old)
                update.bind(3, new)
                update.bind(4, expires)
                update.bind(5, now)
                try update.run()
                return self.writer.connection.changes == 1 ? .commit(true) : .unchanged(false)
            }
        } catch {
            throw .store(error)
        }
    }
}
