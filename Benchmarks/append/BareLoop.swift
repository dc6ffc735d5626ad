import CSQLite
import ParleySQLite

/// Rows per second with the same file, settings and statements, and nothing of ours between: the numbers are made up in
/// the loop, every text and every byte is a constant or prepared before the clock runs.
func measureBareLoop(in folder: String, options: SQLiteDatabase.Options, batch: Int, seconds: Double) throws -> Double {
    let made = try SQLiteDatabase(folder: folder, options: options)
    _ = try prepare(made)
    made.close()
    let loop = try BareLoop(path: folder + "/parley.sqlite", options: options)
    defer { loop.close() }
    var row = 0
    var spent = 0.0
    while spent < seconds {
        let clientIDs = (0..<batch).map { Array(Shape.clientID(row + $0).utf8CString) }
        let start = now()
        try loop.run(from: row, clientIDs: clientIDs)
        spent += now() - start
        row += batch
    }
    return Double(row) / spent
}

final class BareLoop {
    private var database: OpaquePointer?
    private var begin: OpaquePointer?
    private var commit: OpaquePointer?
    private var insert: OpaquePointer?
    private var update: OpaquePointer?
    private let checkpointPages: Int32
    /// Pages in the log after the last commit.
    private let pages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    private var heads = [Int64](repeating: 1, count: Shape.conversations)
    private var own = [Int64](repeating: 0, count: Shape.conversations * 2)
    private var id: Int64 = 1 << 60

    init(path: String, options: SQLiteDatabase.Options) throws {
        self.checkpointPages = Int32(options.checkpointKiB * 1024 / options.pageSize)
        try self.check(sqlite3_open_v2(path, &self.database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil))
        for pragma in [
            "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 0", "PRAGMA mmap_size = 0",
            "PRAGMA temp_store = MEMORY", "PRAGMA cell_size_check = ON", "PRAGMA cache_size = -\(options.writerCacheKiB)",
        ] { try self.check(sqlite3_exec(self.database, pragma, nil, nil, nil)) }
        self.pages.initialize(to: 0)
        sqlite3_wal_hook(
            self.database,
            { context, _, _, pages in
                context?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, self.pages)
        self.begin = try self.prepare("BEGIN IMMEDIATE")
        self.commit = try self.prepare("COMMIT")
        self.insert = try self.prepare(
            """
            INSERT INTO entries (id, format, conversation, sequence, kind, sender, client_id, time, message_ordinal,
                sender_ordinal, relates_to, crc, content, thread)
            VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0) ON CONFLICT DO NOTHING
            """)
        self.update = try self.prepare(
            """
            UPDATE conversations SET sequence = ?2, messages = ?3, control_sequence = 1, newest_message = ?4, member_count = 2,
                last_slot = 2, time = ?5, stamp = ?6 WHERE key = ?1
            """)
    }

    private func prepare(_ sql: String) throws -> OpaquePointer? {
        var statement: OpaquePointer?
        try self.check(sqlite3_prepare_v3(self.database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        return statement
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK || code == SQLITE_DONE else {
            throw BenchError(text: self.database.map { String(cString: sqlite3_errmsg($0)) } ?? "no database")
        }
    }

    func run(from first: Int, clientIDs: [[CChar]]) throws {
        if self.pages.pointee >= self.checkpointPages {
            try self.check(sqlite3_wal_checkpoint_v2(self.database, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil))
        }
        try self.step(self.begin)
        try Shape.content.withUnsafeBytes { content in
            for (offset, clientID) in clientIDs.enumerated() { try self.insert(first + offset, clientID, content) }
        }
        for offset in 0..<min(clientIDs.count, Shape.conversations) {
            let conversation = (first + offset) % Shape.conversations
            sqlite3_bind_int64(self.update, 1, Int64(conversation + 1))
            sqlite3_bind_int64(self.update, 2, self.heads[conversation])
            sqlite3_bind_int64(self.update, 3, self.heads[conversation] - 1)
            sqlite3_bind_int64(self.update, 4, self.heads[conversation])
            sqlite3_bind_int64(self.update, 5, Shape.start)
            sqlite3_bind_int64(self.update, 6, self.id)
            try self.step(self.update)
        }
        try self.step(self.commit)
    }

    private func insert(_ row: Int, _ clientID: [CChar], _ content: UnsafeRawBufferPointer) throws {
        let conversation = row % Shape.conversations
        let side = row / Shape.conversations % 2
        self.heads[conversation] += 1
        self.own[conversation * 2 + side] += 1
        self.id += 1
        sqlite3_bind_int64(self.insert, 1, self.id)
        sqlite3_bind_int64(self.insert, 2, Int64(conversation + 1))
        sqlite3_bind_int64(self.insert, 3, self.heads[conversation])
        sqlite3_bind_int64(self.insert, 4, 1)
        sqlite3_bind_int64(self.insert, 5, Int64(conversation * 2 + side + 1))
        sqlite3_bind_int64(self.insert, 7, Shape.start + Int64(row))
        sqlite3_bind_int64(self.insert, 8, self.heads[conversation] - 1)
        sqlite3_bind_int64(self.insert, 9, self.own[conversation * 2 + side])
        sqlite3_bind_int64(self.insert, 10, 0)
        sqlite3_bind_int64(self.insert, 11, Int64(row & 0xFFFF_FFFF))
        try clientID.withUnsafeBufferPointer { text in
            sqlite3_bind_text(self.insert, 6, text.baseAddress, Int32(text.count - 1), nil)
            sqlite3_bind_blob(self.insert, 12, content.baseAddress, Int32(content.count), nil)
            try self.step(self.insert)
        }
    }

    private func step(_ statement: OpaquePointer?) throws {
        let code = sqlite3_step(statement)
        sqlite3_reset(statement)
        try self.check(code)
    }

    func close() {
        for statement in [self.begin, self.commit, self.insert, self.update] { sqlite3_finalize(statement) }
        sqlite3_close(self.database)
        self.pages.deallocate()
    }
}
