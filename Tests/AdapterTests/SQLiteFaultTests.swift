import CSQLite
import ParleyDomain
import ParleySQLite
import Testing

/// What the adapter does when disk or file are not as they should be.
@Suite struct SQLiteFaultTests {
    // MARK: Damage

    @Test func flippedByteInContentIsCorruptAndNeverServed() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 5)
        try subject.tamper("UPDATE entries SET content = CAST('xhe content of m2' AS BLOB) WHERE sequence = 4")
        #expect(Self.isCorrupt { _ = try subject.entries() })
        #expect(
            Self.isCorrupt {
                _ = try subject.reader.entries(in: SQLiteSubject.room, for: SQLiteSubject.anna, before: 5, limit: 1)
            })
        let sound = try subject.reader.entries(in: SQLiteSubject.room, for: SQLiteSubject.anna, after: 4, limit: 5)
        #expect(sound.entries.map(\.sequence) == [5, 6])
        #expect(try subject.database.check().problems == ["entry 4 of conversation room does not match its check sum"])
    }

    @Test(arguments: [
        "UPDATE entries SET sender = 2 WHERE sequence = 3", "UPDATE entries SET time = time + 1 WHERE sequence = 3",
        "UPDATE entries SET client_id = 'm1x' WHERE sequence = 3", "UPDATE entries SET message_ordinal = 9 WHERE sequence = 3",
        "UPDATE entries SET sender_ordinal = 9 WHERE sequence = 3", "UPDATE entries SET kind = 4 WHERE sequence = 3",
        "UPDATE entries SET relates_to = 1 WHERE sequence = 3", "UPDATE entries SET format = 2 WHERE sequence = 3",
        "UPDATE entries SET id = id + 1000000 WHERE sequence = 3", "UPDATE entries SET crc = crc + 1 WHERE sequence = 3",
        "UPDATE users SET id = 'u9' WHERE id = 'u1'", "DELETE FROM entries WHERE sequence = 3",
        "UPDATE entries SET sequence = 40 WHERE sequence = 3",
    ])
    func damageOfAnyColumnIsSeen(_ damage: String) throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 5)
        try subject.tamper(damage)
        // A renamed sender is seen by the other member.
        let reader = damage.contains("users") ? UserID(trusted: "u2") : SQLiteSubject.anna
        #expect(Self.isCorrupt { _ = try subject.reader.entries(in: SQLiteSubject.room, for: reader, after: 0, limit: 50) })
        #expect(try !subject.database.check().isSound)
    }

    @Test func everyFlippedBitOfAnEntryPageIsSeenOrHarmless() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 8)
        let wanted = try subject.entries()
        subject.database.close()
        let bytes = try readBytes(subject.folder.database)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "the content of m3".utf8) })
        // Around one row: its header, numbers, ids and content.
        for offset in (place - 40)..<(place + 17) {
            let copy = try TemporaryFolder()
            var flipped = bytes
            flipped[offset] ^= 1 << UInt8(offset % 8)
            try writeBytes(flipped, to: copy.database)
            let damaged = try SQLiteSubject(folder: copy)
            if let found = try? damaged.entries() { #expect(found == wanted, "served after a flip at \(offset)") }
        }
    }

    /// A second group, of one member.
    private static func makeOther(in subject: SQLiteSubject) throws -> ConversationID {
        let other = ConversationID(trusted: "other")
        let make = Draft(
            conversation: other, sender: SQLiteSubject.anna, clientID: ClientID(trusted: "make"), kind: .created,
            change: .create(NewConversation(kind: .group, title: "Other"), members: []), time: SQLiteSubject.start, decidedAt: 0)
        _ = try subject.store.append([make])
        return other
    }

    /// What needs a damaged row fails, and its neighbours in the batch do not.
    @Test func aDamagedRowIsTheFailureOfWhatNeedsItAlone() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 2)
        let other = try Self.makeOther(in: subject)
        try subject.tamper("UPDATE entries SET content = CAST('xhe content of m0' AS BLOB) WHERE client_id = 'm0'")
        try subject.tamper("UPDATE members SET role = 9 WHERE user = 2")
        var far = SQLiteSubject.message("far")
        far.conversation = other
        var end = SQLiteSubject.message("end")
        (end.kind, end.change, end.content) = (.removed, .end(UserID(trusted: "u2")), [])
        let outcomes = try subject.store.append([
            SQLiteSubject.message("new"), SQLiteSubject.message("m0"), end, far, SQLiteSubject.message("m1"),
        ])
        let told = outcomes.map { outcome in
            switch outcome {
            case .appended(let entry, _): "\(entry.conversation) \(entry.sequence)"
            case .duplicate(let entry): "again \(entry.sequence)"
            case .unchanged: "unchanged"
            case .refused(.corrupt): "corrupt"
            case .refused(let reason): "\(reason)"
            }
        }
        #expect(told == ["room 4", "corrupt", "corrupt", "other 2", "again 3"])
        let outcome = try subject.store.note([
            .notify(SQLiteSubject.room, UserID(trusted: "u2"), .none), .seen(SQLiteSubject.anna, at: 5),
        ])
        guard case .done? = outcome.last else { throw SystemError(call: "note \(outcome)") }
        // No id is lost or given twice by what was refused.
        #expect(
            try subject.reader.entries(in: SQLiteSubject.room, for: SQLiteSubject.anna, after: 3, limit: 9).entries.count == 1)
    }

    @Test func aDamagedHeadKeepsNoPositionOfOthers() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 2)
        let other = try Self.makeOther(in: subject)
        try subject.tamper("UPDATE conversations SET kind = 9 WHERE id = 'other'")
        let again = try SQLiteSubject(folder: subject.folder.copy())
        try again.store.advance([
            PositionUpdate(conversation: other, user: SQLiteSubject.anna, read: 1, delivered: 1),
            PositionUpdate(conversation: SQLiteSubject.room, user: SQLiteSubject.anna, read: 2, delivered: 3),
        ])
        #expect(try again.store.membership(of: SQLiteSubject.anna, in: SQLiteSubject.room)?.read == 2)
    }

    private static func isCorrupt(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch ReadFailure.store(.corrupt) {
            return true
        } catch {
            return false
        }
    }

    // MARK: A full disk

    @Test func fullDiskRollsBackCleanlyAndWorksAgainWithRoom() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 2)
        let before = try subject.entries()
        try subject.database.limitPages(to: 1)
        let large = (0..<40).map { SQLiteSubject.message("large\($0)", bytes: 20_000) }
        #expect(throws: StoreFailure.full("The disk is full: make room in the data folder, then try again.")) {
            try subject.store.append(large)
        }
        #expect(try subject.entries() == before)
        #expect(try subject.store.heads(of: [SQLiteSubject.room]).first?.sequence == 3)
        try subject.database.limitPages(to: 1_000_000)
        let outcomes = try subject.store.append(large)
        guard case .appended(let entry, _)? = outcomes.first else { throw SystemError(call: "append") }
        #expect(entry.sequence == 4)
        #expect(try subject.database.check().problems == [])
    }

    // MARK: A failing device (F28)

    @Test(arguments: [syncFailed, writeFailed])
    func failedCommitIsUnknownAndClosesTheStore(_ code: Int32) throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 2)
        let draft = SQLiteSubject.message("unknown")
        try subject.database.withFailingLog(code) {
            let failure = #expect(throws: StoreFailure.self) { try subject.store.append([draft]) }
            guard case .outcomeUnknown? = failure else { throw SystemError(call: "append \(String(describing: failure))") }
        }
        // The device works again, but that proves nothing.
        for _ in 0..<2 {
            let failure = #expect(throws: StoreFailure.self) { try subject.store.append([draft]) }
            guard case .unavailable? = failure else { throw SystemError(call: "append \(String(describing: failure))") }
        }
        #expect(throws: StoreFailure.self) { try subject.store.heads(of: [SQLiteSubject.room]) }
        subject.database.close()
        // After a new start the same client id tells what became of it.
        let again = try SQLiteSubject(folder: subject.folder)
        let outcome = try #require(try again.store.append([draft]).first)
        switch outcome {
        case .appended(let entry, _), .duplicate(let entry): #expect(entry.sequence == 4)
        case .unchanged, .refused: Issue.record("not stored: \(outcome)")
        }
        #expect(try again.database.check().problems == [])
    }

    @Test func fullLogRollsBackCleanlyAndWorksAgain() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 2)
        let draft = SQLiteSubject.message("late")
        try subject.database.withFailingLog(SQLITE_FULL) {
            let failure = #expect(throws: StoreFailure.self) { try subject.store.append([draft]) }
            guard case .full? = failure else { throw SystemError(call: "append \(String(describing: failure))") }
        }
        #expect(try subject.entries().count == 3)
        guard case .appended(let entry, _)? = try subject.store.append([draft]).first else { throw SystemError(call: "append") }
        #expect(entry.sequence == 4)
    }

    // MARK: The log

    @Test func readersNeverCheckpointAndTheWriterKeepsTheLogSmall() throws {
        var options = SQLiteDatabase.Options()
        options.checkpointKiB = 256
        options.logLimitKiB = 1_024
        let subject = try SQLiteSubject(options: options)
        try subject.makeRoom(messages: 1)
        let before = try readBytes(subject.folder.database)
        for _ in 0..<50 { _ = try subject.entries() }
        #expect(try readBytes(subject.folder.database) == before)
        for batch in 0..<60 {
            _ = try subject.store.append((0..<20).map { SQLiteSubject.message("m\(batch)-\($0)x", bytes: 2_000) })
        }
        let log = try readBytes(subject.folder.path + "/parley.sqlite-wal")
        #expect(log.count < 1_024 * 1_024)
        #expect(try readBytes(subject.folder.database).count > 2_000_000)
    }

    @Test func longReadCannotGrowTheLogBeyondItsLimit() throws {
        var options = SQLiteDatabase.Options()
        options.checkpointKiB = 128
        options.logLimitKiB = 512
        let subject = try SQLiteSubject(options: options)
        try subject.makeRoom(messages: 1)
        let reader = try Connection(path: subject.folder.database, part: .reader, cacheKiB: 100, pageSize: 0)
        try reader.execute("BEGIN")
        _ = try reader.number("SELECT count(*) FROM entries")
        var failure: StoreFailure?
        for batch in 0..<200 where failure == nil {
            do throws(StoreFailure) {
                _ = try subject.store.append((0..<10).map { SQLiteSubject.message("m\(batch)-\($0)", bytes: 2_000) })
            } catch {
                failure = error
            }
        }
        guard case .unavailable? = failure else { throw SystemError(call: "append \(String(describing: failure))") }
        #expect(try readBytes(subject.folder.path + "/parley.sqlite-wal").count < 700 * 1_024)
        try reader.execute("COMMIT")
        _ = try subject.store.append([SQLiteSubject.message("after")])
        #expect(try subject.database.check().problems == [])
    }
}
