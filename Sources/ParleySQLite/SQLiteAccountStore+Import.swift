package import ParleyDomain

extension SQLiteAccountStore {
    /// Accounts in one transaction.
    private static let accountsPerStep = 10_000

    /// Makes the accounts that are not there, in steps of 10,000, and shows the others by the name that they have here.
    ///
    /// A name that somebody else has is made `NAME (irc)`, `NAME (irc 2)` and so on up to 9; `.taken` beyond. Of an account that is
    /// there only the case of letters in its name changes, so that what it is found by stays.
    /// - Returns: how many were made, and how many are shown by another name now.
    package func makeImported(_ accounts: [Account]) throws(AccountFailure) -> (made: Int, renamed: Int) {
        var made = 0
        var renamed = 0
        var rest = accounts[...]
        while !rest.isEmpty {
            let step = rest.prefix(Self.accountsPerStep)
            rest = rest.dropFirst(step.count)
            try self.write { () throws(SQLiteError) in
                var changes = 0
                for account in step {
                    if try self.writer.userKey(account.id) == nil {
                        guard try self.insertUnderAFreeName(account) else { return .rollback(.taken) }
                        made += 1
                        changes += 1
                    } else if try self.showAs(account.name, account.id) {
                        renamed += 1
                        changes += 1
                    }
                }
                return changes > 0 ? .commit(nil) : .unchanged(nil)
            }
        }
        return (made, renamed)
    }

    private func insertUnderAFreeName(_ account: Account) throws(SQLiteError) -> Bool {
        if try self.insert(account) { return true }
        for number in 1...9 {
            var other = account
            other.name = account.name + (number == 1 ? " (irc)" : " (irc \(number))")
            if try self.insert(other) { return true }
        }
        return false
    }

    private func showAs(_ name: String, _ user: UserID) throws(SQLiteError) -> Bool {
        let update = try self.writer.statement("UPDATE users SET name = ?2 WHERE id = ?1 AND folded_name = ?3 AND name <> ?2")
        update.bind(1, user.rawValue)
        update.bind(2, name)
        update.bind(3, name.lowercased())
        try update.run()
        return self.writer.connection.changes > 0
    }
}
