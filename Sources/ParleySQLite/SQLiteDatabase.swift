import CSQLite
import ParleyDomain

/// One store shard in one folder: opened once, held until `close`, or until the last store on it is gone.
///
/// The folder holds `parley.lock`, `parley.sqlite` and SQLite's own `-wal` and `-shm` beside it. Opening takes the lock,
/// brings the schema up to date and proves the settings on which every acknowledgement rests (F20).
package final class SQLiteDatabase: Sendable {
    package struct Options: Sendable {
        /// In bytes; counts only when the database is made. 0002-sqlite-through-its-c-library.md has the measurement.
        package var pageSize = 8192
        /// Page cache of the writer, in KiB.
        package var writerCacheKiB = 65_536
        /// Page cache of each reader, in KiB.
        package var readerCacheKiB = 4_096
        /// Reads that may run at once; more wait.
        package var readers = 4
        /// The log is copied into the database when it has reached this many KiB.
        package var checkpointKiB = 32_768
        /// The log never starts a transaction above this many KiB (F21).
        package var logLimitKiB = 49_152

        /// Commits without waiting for the disk, so that acknowledged messages can be lost. No command sets this: it is there for the
        /// judge's faulty server, which shows that the loss would be seen.
        package var forgoesDurability = false
        /// Whether a database is made where there is none; else that is an error, and nothing is left there.
        package var makes = true

        package init() {}
    }

    static let fileName = "parley.sqlite"
    /// In the header of the file, where programs that look at files find whose it is: "Prly".
    static let applicationID: Int64 = 0x5072_6C79

    let writer: Writer
    let readers: ReaderPool
    /// The path of the database file.
    package let path: String
    /// Random, made with the database; changed when a copy is restored.
    package let epoch: String
    private let folder: DataFolder

    /// Whether others than its owner can enter the data folder. The files in it are for the owner only.
    package var isOpenToOthers: Bool { self.folder.isOpenToOthers }

    /// Opens or makes the database of a data folder.
    ///
    /// The error is one sentence for the person who starts the server; the process should print it and exit.
    package init(folder path: String, options: Options = Options()) throws(OpenFailure) {
        let folder = try DataFolder(path: path, makes: options.makes)
        let file = try folder.file(Self.fileName)
        self.folder = folder
        self.path = file
        do {
            let isEmpty = try Self.requireOurs(file)
            guard options.makes || !isEmpty else { throw OpenFailure(missingIn: path) }
            let connection = try Connection(
                path: file, part: .writer, cacheKiB: options.writerCacheKiB, pageSize: options.pageSize)
            if options.forgoesDurability {
                try connection.execute("PRAGMA synchronous = OFF")
            } else {
                try Self.requireDurable(connection)
            }
            try Self.migrate(connection, path: file)
            self.epoch = try connection.text("SELECT value FROM meta WHERE name = 'epoch'") ?? ""
            self.writer = try Writer(connection, options: options)
            self.readers = ReaderPool(path: file, options: options)
        } catch let failure as OpenFailure {
            throw failure
        } catch let error as SQLiteError {
            throw OpenFailure(opening: file, error)
        } catch {
            throw OpenFailure(.unavailable, "\(file) could not be opened.")
        }
    }

    /// Waits for what runs, copies the log into the database file and gives the folder up. Later calls of every store on
    /// it are answered `unavailable`. Without it the next start takes the log over as it is: nothing is lost.
    package func close() {
        self.readers.close()
        self.writer.close()
        self.folder.release()
    }

    /// Reads the settings back that decide whether a commit is on disk when it returns, and refuses any other value.
    package static func requireDurable(_ connection: Connection) throws(OpenFailure) {
        do throws(SQLiteError) {
            let mode = try connection.text("PRAGMA journal_mode") ?? ""
            let synchronous = try connection.number("PRAGMA synchronous") ?? -1
            let mapped = try connection.number("PRAGMA mmap_size") ?? 0
            guard mode == "wal", synchronous == 2 || synchronous == 3, mapped == 0 else {
                throw SQLiteError(
                    code: SQLITE_MISUSE, message: "journal_mode is \(mode), synchronous is \(synchronous), mmap_size is \(mapped)"
                )
            }
        } catch {
            throw OpenFailure(
                .unsafeSettings,
                "SQLite did not take the settings that keep acknowledged messages (\(error.message)); "
                    + "wal, 2 and 0 are needed. Start with the SQLite library this server was built for, on a local disk.")
        }
    }

    /// Refuses a database of another program, before anything is written to it; whether nothing is in it yet. One of ours from before the
    /// mark is known by its tables.
    private static func requireOurs(_ path: String) throws -> Bool {
        guard DataFolder.bytes(of: path) > 0 else { return true }
        let reader = try Connection(path: path, part: .reader, cacheKiB: 100, pageSize: 0)
        let mark = try reader.number("PRAGMA application_id") ?? 0
        if mark == Self.applicationID { return false }
        let tables = try reader.number("SELECT count(*) FROM sqlite_schema") ?? 0
        let ours = try reader.number(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('meta', 'users', 'sessions', 'conversations', 'entries')"
        )
        guard mark == 0, tables == 0 || ours == 5 else { throw OpenFailure(foreign: path) }
        return tables == 0
    }

    private static func migrate(_ connection: Connection, path: String) throws {
        try connection.execute("BEGIN IMMEDIATE")
        do {
            if try connection.number("PRAGMA application_id") != Self.applicationID {
                try connection.execute("PRAGMA application_id = \(Self.applicationID)")
            }
            let made = try connection.number("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'") ?? 0
            let found = made == 0 ? 0 : try connection.number("SELECT value FROM meta WHERE name = 'schema_version'") ?? 0
            guard found <= Schema.version else {
                throw OpenFailure(
                    .newerSchema,
                    "\(path) was written by a newer Parley (schema \(found), this one knows \(Schema.version)). "
                        + "Install that version, or restore a backup made with this one.")
            }
            guard found >= 0, found < Schema.version else { return try connection.execute("COMMIT") }
            for step in Schema.migrations[Int(found)...] {
                for sql in step { try connection.execute(sql) }
            }
            if found == 0 {
                try connection.execute("INSERT INTO meta VALUES ('epoch', '\(Self.randomName())'), ('high_water', 0)")
            }
            try connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', \(Schema.version))")
            try connection.execute("COMMIT")
        } catch {
            if connection.inTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// 128 random bits as 32 hexadecimal digits.
    private static func randomName() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(upperBound: UInt64.max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
