import CSQLite

/// One SQLite connection with the settings of its part: the writer, or a reader that cannot write or checkpoint.
///
/// Not Sendable: one thread at a time uses it, guarded by its owner (opened without SQLite's own mutex).
package final class Connection {
    package enum Part { case writer, reader }

    let handle: OpaquePointer
    /// Pages in the write-ahead log after the last commit of this connection.
    private let logPages: UnsafeMutablePointer<Int32>
    private(set) var statements: [String: Statement] = [:]
    private var closed = false

    /// Opens a database file that exists.
    ///
    /// - Parameters:
    ///   - cacheKiB: Page cache of this connection, in KiB.
    ///   - pageSize: In bytes; counts only while the file is empty.
    package init(path: String, part: Part, cacheKiB: Int, pageSize: Int) throws(SQLiteError) {
        let flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (part == .writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY)
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: message)
        }
        self.handle = opened
        self.logPages = .allocate(capacity: 1)
        self.logPages.initialize(to: 0)
        // Readers wait for a moment while the log is being reset, the writer for readers when it empties the log.
        sqlite3_busy_timeout(opened, 1_000)
        try self.execute("PRAGMA mmap_size = 0")
        try self.execute("PRAGMA temp_store = MEMORY")
        try self.execute("PRAGMA cell_size_check = ON")
        try self.execute("PRAGMA trusted_schema = OFF")
        try self.execute("PRAGMA cache_size = -\(cacheKiB)")
        switch part {
        case .writer:
            try self.execute("PRAGMA page_size = \(pageSize)")
            try self.execute("PRAGMA journal_mode = WAL")
            try self.execute("PRAGMA synchronous = FULL")
            try self.execute("PRAGMA foreign_keys = ON")
            try self.execute("PRAGMA journal_size_limit = \(64 << 20)")
            try self.execute("PRAGMA wal_autocheckpoint = 0")
            sqlite3_wal_hook(
                opened,
                { context, _, _, pages in
                    context?.assumingMemoryBound(to: Int32.self).pointee = pages
                    return SQLITE_OK
                }, self.logPages)
        case .reader:
            // Only the writer checkpoints: two at once is the race behind F22.
            try self.execute("PRAGMA wal_autocheckpoint = 0")
            try self.execute("PRAGMA query_only = ON")
        }
    }

    deinit {
        self.close()
        self.logPages.deallocate()
    }

    /// Closes the file; the last connection of all copies the log into it. Nothing may be asked of it after.
    func close() {
        guard !self.closed else { return }
        self.closed = true
        for statement in self.statements.values { statement.finalize() }
        self.statements.removeAll()
        // Statements made by `prepare` that are still held keep it open until they go.
        sqlite3_close_v2(self.handle)
    }

    package func prepare(_ sql: String) throws(SQLiteError) -> Statement { try Statement(sql, on: self.handle) }

    /// The statement for this text, prepared at its first use and kept. Texts are literals in this module, so they are few.
    func statement(_ sql: String) throws(SQLiteError) -> Statement {
        if let known = self.statements[sql] { return known }
        let statement = try self.prepare(sql)
        self.statements[sql] = statement
        return statement
    }

    /// Runs SQL that takes no parameters and whose rows nobody needs.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(self.handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw self.error() }
    }

    /// The one number that a pragma or a query answers; nil without a row.
    package func number(_ sql: String) throws(SQLiteError) -> Int64? { try self.prepare(sql).one() }

    package func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try self.prepare(sql)
        return try statement.step() ? statement.text(0) : nil
    }

    func error() -> SQLiteError {
        SQLiteError(code: sqlite3_extended_errcode(self.handle), message: String(cString: sqlite3_errmsg(self.handle)))
    }

    /// Rows inserted, updated or deleted since the connection was opened.
    package var totalChanges: Int64 { sqlite3_total_changes64(self.handle) }

    /// Rows that the last statement inserted, updated or deleted.
    var changes: Int64 { sqlite3_changes64(self.handle) }

    var inTransaction: Bool { sqlite3_get_autocommit(self.handle) == 0 }

    /// Pages in the write-ahead log after the last commit.
    var pagesInLog: Int { Int(self.logPages.pointee) }

    /// Copies the log into the database file. `emptied` says whether the next write starts the log anew.
    ///
    /// - Parameter waiting: Wait for readers to leave the log (at most a second) and truncate it; otherwise copy what
    ///   can be copied at once.
    func checkpoint(waiting: Bool) throws(SQLiteError) -> (pages: Int, copied: Int) {
        var pages: Int32 = 0
        var copied: Int32 = 0
        let mode = waiting ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = sqlite3_wal_checkpoint_v2(self.handle, nil, mode, &pages, &copied)
        guard code == SQLITE_OK || code & 0xFF == SQLITE_BUSY else { throw self.error() }
        if waiting, code == SQLITE_OK { self.logPages.pointee = 0 }
        return (Int(pages), Int(copied))
    }
}
