import CSQLite
import ParleyDomain

/// A few read-only connections, made when first needed. A read that finds none free waits for one.
///
/// `@unchecked Sendable` is sound: `idle` and `made` are touched only under the monitor, and a connection is in the hands
/// of one thread between `take` and `give`.
final class ReaderPool: @unchecked Sendable {
    private let path: String
    private let cacheKiB: Int
    private let limit: Int
    private let monitor = Monitor()
    private var idle: [Connection] = []
    private var made = 0
    private var closed = false

    init(path: String, options: SQLiteDatabase.Options) {
        self.path = path
        self.cacheKiB = options.readerCacheKiB
        self.limit = max(1, options.readers)
    }

    /// Runs the body in one snapshot of committed data. The body must be short: the log cannot be reset meanwhile (F21).
    func read<Value>(_ body: (Connection) throws(SQLiteError) -> Value) throws(SQLiteError) -> Value {
        let reader = try self.take()
        defer { self.give(reader) }
        try reader.statement("BEGIN").run()
        do {
            let value = try body(reader)
            try reader.statement("COMMIT").run()
            return value
        } catch {
            if reader.inTransaction { try? reader.statement("ROLLBACK").run() }
            throw error
        }
    }

    private func take() throws(SQLiteError) -> Connection {
        self.monitor.lock()
        while self.idle.isEmpty, self.made >= self.limit, !self.closed { self.monitor.wait() }
        if self.closed {
            self.monitor.unlock()
            throw SQLiteError(code: SQLITE_MISUSE, message: "the database is closed")
        }
        if let reader = self.idle.popLast() {
            self.monitor.unlock()
            return reader
        }
        self.made += 1
        self.monitor.unlock()
        do {
            return try Connection(path: self.path, part: .reader, cacheKiB: self.cacheKiB, pageSize: 0)
        } catch {
            self.monitor.lock()
            self.made -= 1
            self.monitor.unlock()
            self.monitor.wakeAll()
            throw error
        }
    }

    private func give(_ reader: Connection) {
        self.monitor.lock()
        if self.closed { self.made -= 1 } else { self.idle.append(reader) }
        self.monitor.unlock()
        self.monitor.wakeAll()
    }

    /// Closes all connections, after the reads that run.
    func close() {
        self.monitor.lock()
        defer { self.monitor.unlock() }
        self.closed = true
        self.monitor.wakeAll()
        self.made -= self.idle.count
        self.idle.removeAll()
        while self.made > 0 { self.monitor.wait() }
    }
}
