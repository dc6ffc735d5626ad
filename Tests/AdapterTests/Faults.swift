import CSQLite
import ParleyDomain

@testable import ParleySQLite

/// SQLITE_IOERR_WRITE and SQLITE_IOERR_FSYNC, which are macros that Swift does not see.
let writeFailed = SQLITE_IOERR | (3 << 8)
let syncFailed = SQLITE_IOERR | (4 << 8)

/// Ways to look at and to break a database that no server has.
extension SQLiteDatabase {
    /// The settings of the writing connection, as SQLite tells them.
    func settings() throws -> [String] {
        try ["journal_mode", "synchronous", "mmap_size", "wal_autocheckpoint", "foreign_keys", "page_size"].map {
            try self.writer.connection.text("PRAGMA \($0)") ?? ""
        }
    }

    /// By statement: what SQLite makes of each that the one reading connection, or the writing one, has run.
    func plans(ofWriter: Bool = false) throws -> [String: [String]] {
        try self.explained(by: "EXPLAIN QUERY PLAN ", column: 3, ofWriter: ofWriter)
    }

    /// By statement: the operations of SQLite's machine that the writing connection's consist of.
    func operationsOfWriter() throws -> [String: [String]] { try self.explained(by: "EXPLAIN ", column: 1, ofWriter: true) }

    private func explained(by prefix: String, column: Int32, ofWriter: Bool) throws -> [String: [String]] {
        let connection = ofWriter ? self.writer.connection : try self.readers.read { $0 }
        var explained: [String: [String]] = [:]
        for sql in connection.statements.keys where !["BEGIN", "COMMIT", "ROLLBACK"].contains(sql) {
            let query = try connection.prepare(prefix + sql)
            while try query.step() { explained[sql, default: []].append(query.text(column)) }
        }
        return explained
    }

    /// Lets the file grow to so many pages, as a full disk would; never below its present size.
    func limitPages(to pages: Int) throws {
        try self.writer.connection.execute("PRAGMA max_page_count = \(pages)")
    }

    /// Runs the body while writing or syncing the log answers with this code.
    func withFailingLog(_ code: Int32, _ body: () throws -> Void) throws {
        var pointer: UnsafeMutablePointer<sqlite3_file>?
        let asked = withUnsafeMutablePointer(to: &pointer) {
            sqlite3_file_control(self.writer.connection.handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, $0)
        }
        guard asked == SQLITE_OK, let file = pointer, let methods = file.pointee.pMethods else { throw SystemError(call: "log") }
        let failing = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        failing.initialize(to: methods.pointee)
        switch code {
        case syncFailed: failing.pointee.xSync = { _, _ in syncFailed }
        case writeFailed: failing.pointee.xWrite = { _, _, _, _ in writeFailed }
        default: failing.pointee.xWrite = { _, _, _, _ in SQLITE_FULL }
        }
        file.pointee.pMethods = UnsafePointer(failing)
        defer {
            file.pointee.pMethods = methods
            failing.deallocate()
        }
        try body()
    }

    /// Changes an entry and gives it the check sum that fits.
    func rewrite(sequence: Int64, of conversation: ConversationID, _ change: (inout Entry) -> Void) throws {
        let connection = self.writer.connection
        let query = try connection.prepare(
            "SELECT \(Row.entryColumns) FROM entries e LEFT JOIN users s ON s.key = e.sender WHERE e.sequence = ?1")
        query.bind(1, sequence)
        guard try query.step() else { throw SystemError(call: "no entry") }
        var entry = try Row.entry(query, in: conversation)
        query.reset()
        change(&entry)
        let update = try connection.prepare(
            "UPDATE entries SET message_ordinal = ?2, sender_ordinal = ?3, crc = ?4 WHERE sequence = ?1")
        update.bind(1, sequence)
        update.bind(2, entry.messageOrdinal)
        update.bind(3, entry.senderOrdinal)
        update.bind(4, Int64(entry.checksum))
        try update.run()
    }
}
