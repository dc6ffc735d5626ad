import ParleyDomain
import Testing

@testable import ParleySQLite

/// A database that the first released schema made, opened by this program.
@Suite struct SQLiteMigrationTests {
    private static let room = ConversationID(trusted: "room")
    private static let ann = UserID(trusted: "u1")
    private static let ben = UserID(trusted: "u2")
    private static let now: Int64 = 1_760_000_000_000

    /// The sums were made by zlib over the bytes that 0006 describes, not by this program.
    private static let entries:
        [(id: Int64, kind: Int64, client: String, ordinal: Int64, relates: Int64, content: String, crc: UInt32)] = [
            (
                1001, 2, "make", 0, 0, #"{"type":"created","kind":"group","title":"Room","users":["u2"],"slots":[2]}"#,
                2_196_690_586
            ),
            (1002, 1, "m1", 1, 0, #"{"type":"text","text":"hello"}"#, 3_655_752_627),
            (1003, 1, "m2", 2, 2, #"{"type":"text","text":"again"}"#, 1_193_613_262),
        ]

    /// The file as the first version of this program left it.
    private func oldDatabase(in folder: TemporaryFolder) throws {
        try writeBytes([], to: folder.database)
        let connection = try Connection(path: folder.database, part: .writer, cacheKiB: 1000, pageSize: 8192)
        for sql in Schema.migrations[0] { try connection.execute(sql) }
        for sql in [
            "INSERT INTO meta VALUES ('epoch', 'e1'), ('high_water', 1004), ('schema_version', 1)",
            "INSERT INTO users VALUES (1, 'u1', 'Ann', 'ann', NULL, 1), (2, 'u2', 'Ben', 'ben', NULL, 1), (3, 'u3', 'Cid', 'cid', NULL, 1)",
            "INSERT INTO conversations VALUES (1, 'room', 2, 'Room', 3, 2, 1, 3, 2, 500, 2, 1, \(Self.now), 1003)",
            // Ann, who has read 2; Ben, who has read nothing.
            "INSERT INTO members VALUES (1, 1, 1, 3, 1, 1, 0, 2, 3, 1004), (1, 2, 2, 1, 1, 1, 0, 0, 0, 1001)",
            "INSERT INTO intervals VALUES (1, 1, 1, 0), (1, 2, 1, 0)",
        ] { try connection.execute(sql) }
        for (index, entry) in Self.entries.enumerated() {
            try connection.execute(
                """
                INSERT INTO entries VALUES (\(entry.id), 1, 1, \(index + 1), \(entry.kind), 1, '\(entry.client)', \(Self.now),
                    \(entry.ordinal), \(entry.ordinal), \(entry.relates), \(entry.crc), CAST('\(entry.content)' AS BLOB))
                """)
        }
        let asked = Self.entries[0].content.replacing(#""slots":[2]"#, with: #""slots":[]"#)
        try connection.execute("INSERT INTO requests VALUES (1001, CAST('\(asked) cap 500 history true' AS BLOB))")
    }

    @Test func everythingIsThereAfterTheSecondStep() throws {
        let folder = try TemporaryFolder()
        try self.oldDatabase(in: folder)
        let subject = try SQLiteSubject(folder: folder)

        #expect(subject.database.epoch == "e1")
        let page = try subject.reader.entries(in: Self.room, for: Self.ben, after: 0, limit: 50)
        #expect(page.entries.map { String(decoding: $0.content, as: UTF8.self) } == Self.entries.map(\.content))
        #expect(page.entries.map(\.thread) == [0, 0, 0])
        #expect(page.entries.map(\.relatesTo) == [0, 0, 2])

        let head = try #require(try subject.store.heads(of: [Self.room]).first)
        #expect(head.rules == GroupRules())
        #expect([head.memberCount, head.lastSlot, Int32(clamping: head.frozenTo)] == [2, 2, 0])
        let ann = try #require(try subject.store.membership(of: Self.ann, in: Self.room))
        #expect(
            ann == Membership(conversation: Self.room, user: Self.ann, slot: 1, role: .owner, read: 2, delivered: 3))
        let summary = try #require(try subject.reader.changes(for: Self.ben, after: 0, limit: 10).first)
        #expect([summary.unread, summary.mentions] == [2, 0])
        #expect(try subject.reader.members(of: Self.room, for: Self.ben, changedAfter: 0, limit: 1).more)
        #expect(try subject.store.unfrozenMessages(before: Self.now + 1, limit: 10).first?.1.map(\.sequence) == [2, 3])
        #expect(try subject.database.check().problems == [])
    }

    @Test func whatWasSentBeforeGoesOn() throws {
        let folder = try TemporaryFolder()
        try self.oldDatabase(in: folder)
        let subject = try SQLiteSubject(folder: folder)
        let make = Draft(
            conversation: Self.room, sender: Self.ann, clientID: ClientID(trusted: "make"), kind: .created,
            change: .create(NewConversation(kind: .group, title: "Room"), members: [Self.ben]), time: Self.now, decidedAt: 0)
        var again = make
        again.clientID = ClientID(trusted: "m2")
        again.kind = .message
        again.change = nil
        again.relatesTo = 2
        again.content = Array(Self.entries[2].content.utf8)
        again.decidedAt = 1
        var edit = again
        edit.clientID = ClientID(trusted: "edit")
        edit.kind = .edit
        edit.change = .edit(target: 2)
        let outcomes = try subject.store.append([make, again, edit])
        guard case .duplicate(let first) = outcomes[0], case .duplicate(let third) = outcomes[1],
            case .appended(let fourth, _) = outcomes[2]
        else {
            Issue.record("\(outcomes)")
            return
        }
        #expect([first.sequence, third.sequence, fourth.sequence] == [1, 3, 4])
        #expect(fourth.id > 1004)
        #expect([fourth.messageOrdinal, fourth.senderOrdinal] == [2, 2])
        #expect(try subject.reader.entries(in: Self.room, for: Self.ben, after: 1, limit: 1).states[2]?.edited == 4)
        #expect(try subject.database.check().problems == [])
    }

    @Test func threadIsInTheCheckSumAndNoTwoEntriesGiveTheSameBytes() throws {
        var entry = Entry(
            conversation: Self.room, sequence: 3, id: 1003, stamp: 1003, kind: .message, sender: Self.ann,
            clientID: ClientID(trusted: "m2"), time: Self.now, messageOrdinal: 2, senderOrdinal: 2, relatesTo: 2,
            content: Array(Self.entries[2].content.utf8))
        #expect(entry.checksum == Self.entries[2].crc)
        entry.thread = 2
        let inThread = entry.checksum
        #expect(inThread != Self.entries[2].crc)
        entry.thread = 3
        #expect(entry.checksum != inThread)
        // The bytes of a thread's number at the beginning of the names are not those of a thread.
        entry.thread = 0
        entry.conversation = ConversationID(trusted: "\u{2}\0\0\0\0\0\0\0room")
        #expect(entry.checksum != inThread)
    }
}
