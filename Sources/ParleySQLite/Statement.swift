import CSQLite

/// Tells SQLite to copy what it is given: for text and bytes that do not outlive the call.
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// One prepared statement: made once, bound and stepped many times.
///
/// Not Sendable: it belongs to its connection, which one thread uses at a time. Parameters count from 1, columns from 0.
/// A failed bind is remembered and thrown by the next `step`, so that callers need one `try` per execution.
package final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private var bindCode: Int32 = SQLITE_OK
    private var finalized = false

    init(_ sql: String, on database: OpaquePointer) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw SQLiteError(code: code, message: String(cString: sqlite3_errmsg(database)) + " in: " + sql)
        }
        self.handle = handle
        self.database = database
    }

    deinit { self.finalize() }

    /// Ends the statement before its owner goes; it must not be used after.
    func finalize() {
        guard !self.finalized else { return }
        self.finalized = true
        sqlite3_finalize(self.handle)
    }

    // MARK: Binding

    package func bind(_ index: Int32, _ value: Int64) { self.note(sqlite3_bind_int64(self.handle, index, value)) }

    package func bind(_ index: Int32, _ value: Bool) { self.bind(index, value ? 1 : 0) }

    package func bind(_ index: Int32, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let base = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            // A nil pointer would bind NULL, which an empty text is not.
            let code =
                base == nil
                ? sqlite3_bind_text(self.handle, index, "", 0, copied)
                : sqlite3_bind_text(self.handle, index, base, Int32(clamping: bytes.count), copied)
            self.note(code)
        }
    }

    package func bind(_ index: Int32, _ blob: [UInt8]) {
        guard !blob.isEmpty else { return self.note(sqlite3_bind_zeroblob(self.handle, index, 0)) }
        blob.withUnsafeBytes { bytes in
            self.note(sqlite3_bind_blob(self.handle, index, bytes.baseAddress, Int32(clamping: bytes.count), copied))
        }
    }

    package func bindNull(_ index: Int32) { self.note(sqlite3_bind_null(self.handle, index)) }

    /// Binds text without copying it. The memory must stay until the statement is reset.
    func bindBorrowed(_ index: Int32, text: UnsafeBufferPointer<UInt8>) {
        guard let base = UnsafeRawPointer(text.baseAddress) else { return self.bind(index, "") }
        let characters = base.assumingMemoryBound(to: CChar.self)
        self.note(sqlite3_bind_text(self.handle, index, characters, Int32(clamping: text.count), nil))
    }

    /// Binds bytes without copying them. The memory must stay until the statement is reset.
    func bindBorrowed(_ index: Int32, blob: UnsafeRawBufferPointer) {
        guard let base = blob.baseAddress, !blob.isEmpty else { return self.note(sqlite3_bind_zeroblob(self.handle, index, 0)) }
        self.note(sqlite3_bind_blob(self.handle, index, base, Int32(clamping: blob.count), nil))
    }

    private func note(_ code: Int32) {
        if code != SQLITE_OK, self.bindCode == SQLITE_OK { self.bindCode = code }
    }

    // MARK: Stepping

    /// True when a row stands ready; false at the end. After the end, or an error, the statement is reset.
    package func step() throws(SQLiteError) -> Bool {
        let code = self.bindCode == SQLITE_OK ? sqlite3_step(self.handle) : self.bindCode
        switch code {
        case SQLITE_ROW:
            return true
        case SQLITE_DONE:
            self.reset()
            return false
        default:
            let error = SQLiteError(
                code: sqlite3_extended_errcode(self.database), message: String(cString: sqlite3_errmsg(self.database)))
            self.reset()
            throw error
        }
    }

    /// Runs to the end, whatever rows there are.
    package func run() throws(SQLiteError) {
        while try self.step() {}
    }

    /// Makes the statement ready for the next execution; bound values stay.
    package func reset() {
        sqlite3_reset(self.handle)
        self.bindCode = SQLITE_OK
    }

    /// The first column of the first row, for queries that give one number; nil without a row.
    package func one() throws(SQLiteError) -> Int64? {
        guard try self.step() else { return nil }
        defer { self.reset() }
        return self.int64(0)
    }

    // MARK: Columns

    package func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(self.handle, column) }

    /// A 32-bit number; out-of-range values become the nearest bound, and a check or sum tells on them.
    package func int32(_ column: Int32) -> Int32 { Int32(clamping: self.int64(column)) }

    /// A small number that stands for one of a few cases; 255, which is none of any, where the row has another.
    func uint8(_ column: Int32) -> UInt8 { UInt8(exactly: self.int64(column)) ?? .max }

    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(self.handle, column) == SQLITE_NULL }

    package func text(_ column: Int32) -> String {
        guard let base = sqlite3_column_text(self.handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(self.handle, column))
        return String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    package func bytes(_ column: Int32) -> [UInt8] {
        guard let base = sqlite3_column_blob(self.handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(self.handle, column))))
    }
}
