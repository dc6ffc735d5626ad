import CSQLite
import ParleyDomain

/// The one connection that writes, with what it remembers between transactions. Messages and accounts share it.
///
/// `@unchecked Sendable` is sound: everything mutable here is touched only inside `transaction` or `read`, which hold the
/// priority lock.
final class Writer: @unchecked Sendable {
    /// What a transaction decided about itself.
    enum Decision<Value> {
        case commit(Value)
        /// Nothing was written, so what is remembered stays true.
        case unchanged(Value)
        /// What was written is to be undone; the value is the answer all the same.
        case rollback(Value)
    }

    let connection: Connection
    let lock = PriorityLock()
    var cache = WriterCache()
    /// The newest stamp or id handed out.
    private(set) var highWater: Int64
    /// Whether this transaction gave a stamp to a row that is no entry, so that `highWater` must be stored.
    private(set) var bearsStamps = false
    private let checkpointPages: Int
    private let logLimitPages: Int
    private let commit: Statement
    private let begin: Statement
    /// Why nothing is accepted any more, until the database is opened anew (F28).
    private var closed: String?

    init(_ connection: Connection, options: SQLiteDatabase.Options) throws(SQLiteError) {
        self.connection = connection
        let pageSize = max(512, Int(try connection.number("PRAGMA page_size") ?? 4096))
        self.checkpointPages = max(1, options.checkpointKiB * 1024 / pageSize)
        self.logLimitPages = max(self.checkpointPages, options.logLimitKiB * 1024 / pageSize)
        self.begin = try connection.statement("BEGIN IMMEDIATE")
        self.commit = try connection.statement("COMMIT")
        let entries = try connection.number("SELECT max(id) FROM entries") ?? 0
        let others = try connection.number("SELECT value FROM meta WHERE name = 'high_water'") ?? 0
        self.highWater = max(0, entries, others)
    }

    func statement(_ sql: String) throws(SQLiteError) -> Statement { try self.connection.statement(sql) }

    /// Reads on the writing connection, outside a transaction of its own.
    func read<Value>(_ priority: PriorityLock.Priority, _ body: () throws(SQLiteError) -> Value) throws(StoreFailure) -> Value {
        self.lock.acquire(priority)
        defer { self.lock.release() }
        if let closed { throw .unavailable(closed) }
        do {
            return try body()
        } catch {
            throw self.failure(before: error)
        }
    }

    /// Runs the body in one durable transaction. When this returns a committed value, it is on disk.
    func transaction<Value>(
        _ priority: PriorityLock.Priority, _ body: () throws(SQLiteError) -> Decision<Value>
    ) throws(StoreFailure) -> Value {
        self.lock.acquire(priority)
        defer { self.lock.release() }
        if let closed { throw .unavailable(closed) }
        try self.checkpointIfDue()
        let decision: Decision<Value>
        do {
            try self.begin.run()
            decision = try body()
        } catch {
            self.rollback()
            throw self.failure(before: error)
        }
        switch decision {
        case .unchanged(let value):
            self.endTransaction()
            return value
        case .rollback(let value):
            self.rollback()
            return value
        case .commit(let value):
            do {
                try self.commit.run()
            } catch {
                throw self.failure(committing: error)
            }
            return value
        }
    }

    /// Ends it all in good order. Calls made after are answered `unavailable`.
    func close() {
        self.lock.acquire(.high)
        defer { self.lock.release() }
        if self.closed == nil { self.closed = "The database is closed." }
        self.cache.removeAll()
        self.connection.close()
    }

    // MARK: Numbers

    /// The next id: milliseconds since the start of 2025 above 22 bits of counter, but always above the last (R15).
    ///
    /// - Parameter time: When the entry was accepted, in milliseconds since 1970. Going back does no harm; the caller has
    ///   checked that it is in `Snowflake.times`.
    func nextID(at time: Int64) throws(SQLiteError) -> Int64 {
        let next = try self.nextStamp()
        let byTime = max(0, time - Snowflake.epoch) << 22
        self.highWater = max(next, byTime)
        return self.highWater
    }

    /// A stamp for a change that is no entry. `highWater` must be stored with it.
    func nextStamp() throws(SQLiteError) -> Int64 {
        let (next, overflow) = self.highWater.addingReportingOverflow(1)
        guard !overflow else { throw .corrupt("the ids are used up") }
        self.highWater = next
        return next
    }

    /// A stamp for a row beside an entry of the same transaction.
    func rowStamp() throws(SQLiteError) -> Int64 {
        self.bearsStamps = true
        return try self.nextStamp()
    }

    /// Takes back numbers of this transaction that nothing bears.
    func giveBack(to mark: Int64) { self.highWater = mark }

    /// Keeps the newest stamp for the next start, where no entry bears it.
    func storeHighWater() throws(SQLiteError) {
        let update = try self.statement("UPDATE meta SET value = ?1 WHERE name = 'high_water'")
        update.bind(1, self.highWater)
        try update.run()
        self.bearsStamps = false
    }

    // MARK: The log

    /// Copies the log into the database once it has grown, before a batch rather than after it: the outcomes of the last
    /// batch have been handed on by then, so no client waits for the copying of his own commit.
    private func checkpointIfDue() throws(StoreFailure) {
        guard self.connection.pagesInLog >= self.checkpointPages else { return }
        do throws(SQLiteError) {
            _ = try self.connection.checkpoint(waiting: false)
            guard self.connection.pagesInLog >= self.logLimitPages else { return }
            // A reader has kept the log from starting anew for too long: wait for a moment without readers (F21).
            let state = try self.connection.checkpoint(waiting: true)
            guard state.copied < state.pages || self.connection.pagesInLog >= self.logLimitPages else { return }
            throw SQLiteError(code: SQLITE_BUSY, message: "the log has reached its limit and a long read keeps it")
        } catch {
            // Nothing is lost by a copy that found no room: the log has it all. It may grow up to its limit.
            if error.primary == SQLITE_FULL, self.connection.pagesInLog < self.logLimitPages { return }
            throw self.failure(before: error)
        }
    }

    // MARK: Failures

    private func rollback() {
        self.cache.removeAll()
        self.bearsStamps = false
        self.endTransaction()
    }

    private func endTransaction() {
        guard self.connection.inTransaction else { return }
        do {
            try self.connection.execute("ROLLBACK")
        } catch {
            self.close(error)
        }
    }

    private func failure(before error: SQLiteError) -> StoreFailure {
        self.cache.removeAll()
        if error.isDeviceFailure { self.close(error) }
        return error.failure
    }

    /// A commit that failed for want of room wrote no whole transaction to the log, so its outcome is known. After any
    /// other failure it is not, and a later sync that succeeds would prove nothing (F28).
    private func failure(committing error: SQLiteError) -> StoreFailure {
        let known = error.primary == SQLITE_FULL || error.primary == SQLITE_BUSY
        self.rollback()
        if known, self.closed == nil, !self.connection.inTransaction { return error.failure }
        self.close(error)
        return .outcomeUnknown("The disk failed while the batch was being stored (\(error.message), code \(error.code)).")
    }

    private func close(_ error: SQLiteError) {
        self.cache.removeAll()
        guard self.closed == nil else { return }
        self.closed =
            "The disk failed (\(error.message), code \(error.code)), so nothing more is accepted. "
            + "Check the disk, then start the server again."
    }
}

/// The parts of an id.
enum Snowflake {
    /// The start of 2025 in UTC, in milliseconds since 1970.
    static let epoch: Int64 = 1_735_689_600_000
    /// Times that an id can hold: 41 bits of milliseconds. Earlier ones count as the epoch.
    static let times: ClosedRange<Int64> = 0...(Snowflake.epoch + (1 << 41) - 1)
}
