import CSQLite
import Glibc
import ParleyDomain
import ParleySQLite
import Testing

/// A database as another program makes it, without SQLite's log.
private func foreign(_ path: String, _ sql: String) throws {
    var handle: OpaquePointer?
    defer { sqlite3_close(handle) }
    guard sqlite3_open(path, &handle) == SQLITE_OK, sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
        throw SystemError(call: "sqlite3")
    }
}

/// What must hold before the first message is accepted.
@Suite struct SQLiteOpeningTests {
    private func refusal(_ body: () throws -> Void) -> OpenFailure? {
        do {
            try body()
            return nil
        } catch {
            return error as? OpenFailure
        }
    }

    @Test func settingsAreReadBack() throws {
        let subject = try SQLiteSubject()
        let writer = try subject.database.settings()
        #expect(writer == ["wal", "2", "0", "0", "1", "8192"])
    }

    @Test(arguments: ["PRAGMA synchronous = OFF", "PRAGMA synchronous = NORMAL", "PRAGMA journal_mode = DELETE"])
    func weakerSettingsAreRefused(_ weaker: String) throws {
        let folder = try TemporaryFolder()
        try writeBytes([], to: folder.database)
        let connection = try Connection(path: folder.database, part: .writer, cacheKiB: 100, pageSize: 4096)
        try SQLiteDatabase.requireDurable(connection)
        try connection.execute(weaker)
        let failure = try #require(self.refusal { try SQLiteDatabase.requireDurable(connection) })
        #expect(failure.kind == .unsafeSettings)
    }

    @Test func secondOpenOfTheFolderIsRefusedWithASentence() throws {
        let subject = try SQLiteSubject()
        let failure = try #require(self.refusal { _ = try SQLiteDatabase(folder: subject.folder.path) })
        #expect(failure.kind == .locked)
        #expect(
            failure.description == "Another Parley process has the data folder \(subject.folder.path). "
                + "Stop it first, or start this one with another data folder.")
        subject.database.close()
        _ = try SQLiteSubject(folder: subject.folder)
    }

    @Test func closedStoreAnswersUnavailable() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 3)
        subject.database.close()
        #expect(throws: StoreFailure.unavailable("The database is closed.")) {
            try subject.store.append([SQLiteSubject.message("late")])
        }
        #expect(throws: ReadFailure.self) { try subject.entries() }
        let again = try SQLiteSubject(folder: subject.folder)
        #expect(try again.entries().count == 4)
    }

    @Test func folderAndFilesAreForTheOwnerOnly() throws {
        let parent = try TemporaryFolder()
        let path = parent.path + "/a/b"
        let database = try SQLiteDatabase(folder: path)
        var facts = stat()
        for (name, mode) in [("", 0o700), ("/parley.lock", 0o600), ("/parley.sqlite", 0o600), ("/parley.sqlite-wal", 0o600)] {
            #expect(stat(path + name, &facts) == 0)
            #expect(Int(facts.st_mode) & 0o777 == mode, "\(name)")
        }
        database.close()
        for name in TemporaryFolder.files { unlink(path + "/" + name) }
        rmdir(path)
        rmdir(parent.path + "/a")
    }

    @Test func damagedFileIsRefusedWithASentence() throws {
        let folder = try TemporaryFolder()
        try writeBytes([UInt8](repeating: 7, count: 20_000), to: folder.database)
        let failure = try #require(self.refusal { _ = try SQLiteDatabase(folder: folder.path) })
        #expect(failure.kind == .corrupt)
        #expect(failure.description.contains("Restore a backup"))
    }

    @Test func newerSchemaIsRefusedWithASentence() throws {
        let folder = try TemporaryFolder()
        let subject = try SQLiteSubject(folder: folder)
        try subject.tamper("UPDATE meta SET value = 99 WHERE name = 'schema_version'")
        subject.database.close()
        let failure = try #require(self.refusal { _ = try SQLiteDatabase(folder: folder.path) })
        #expect(failure.kind == .newerSchema)
        #expect(failure.description.contains("newer Parley (schema 99, this one knows 3)"))
    }

    @Test func whoOnlyLooksMakesNothing() throws {
        let folder = try TemporaryFolder()
        var options = SQLiteDatabase.Options()
        options.makes = false
        for path in [folder.path, folder.path + "/none"] {
            let failure = try #require(self.refusal { _ = try SQLiteDatabase(folder: path, options: options) })
            #expect(failure.kind == .missing && failure.description.contains("no Parley database in \(path)"))
        }
        #expect(rmdir(folder.path) == 0 && mkdir(folder.path, 0o700) == 0, "nothing lies there")
        // As a first start leaves it that was killed at once.
        for leftBySQLite in [false, true] {
            try writeBytes([], to: folder.database)
            if leftBySQLite { _ = try Connection(path: folder.database, part: .writer, cacheKiB: 100, pageSize: 4096) }
            #expect(self.refusal { _ = try SQLiteDatabase(folder: folder.path, options: options) }?.kind == .missing)
        }
        try SQLiteDatabase(folder: folder.path).close()
        _ = try SQLiteDatabase(folder: folder.path, options: options)
    }

    @Test(arguments: ["CREATE TABLE foo (a)", "PRAGMA application_id = 7", "CREATE TABLE meta (name, value)"])
    func databaseOfAnotherProgramIsRefusedAndLeftAsItIs(_ sql: String) throws {
        let folder = try TemporaryFolder()
        try writeBytes([], to: folder.database)
        try foreign(folder.database, sql)
        let before = try readBytes(folder.database)
        let failure = try #require(self.refusal { _ = try SQLiteDatabase(folder: folder.path) })
        #expect(failure.kind == .foreign && failure.description.contains("another program"))
        #expect(try readBytes(folder.database) == before)
    }

    @Test func databaseFromBeforeTheMarkIsOursAndMarked() throws {
        let folder = try TemporaryFolder()
        let subject = try SQLiteSubject(folder: folder)
        try subject.makeRoom(messages: 1)
        try subject.tamper("PRAGMA application_id = 0")
        subject.database.close()
        try SQLiteDatabase(folder: folder.path).close()
        // Big-endian, at its place in the header of the file.
        #expect(try Array(readBytes(folder.database)[68..<72]) == Array("Prly".utf8))
    }

    @Test func folderThatOthersCanEnterIsSaidToBe() throws {
        let folder = try TemporaryFolder()
        let subject = try SQLiteSubject(folder: folder)
        #expect(!subject.database.isOpenToOthers)
        #expect(chmod(folder.path, 0o711) == 0)
        #expect(subject.database.isOpenToOthers)
    }

    @Test func epochStaysWithTheDatabaseAndDiffersBetweenTwo() throws {
        let (one, two) = (try SQLiteSubject(), try SQLiteSubject())
        #expect(one.database.epoch.utf8.count == 32)
        #expect(one.database.epoch != two.database.epoch)
        one.database.close()
        #expect(try SQLiteSubject(folder: one.folder).store.epoch == one.database.epoch)
    }
}
