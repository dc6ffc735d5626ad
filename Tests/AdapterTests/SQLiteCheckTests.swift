import ParleyDomain
import ParleySQLite
import ParleyTestKit
import Testing

@Suite struct SQLiteCheckTests {
    @Test func soundDatabaseHasCountsAndNoProblems() throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 10)
        try subject.accounts.provision(AccountStoreContract.plan(users: 30, groups: [1...30, 1...2]), at: SQLiteSubject.start)
        var calls: [Int] = []
        let report = try subject.database.check { conversations, _ in calls.append(conversations) }
        #expect(report.problems == [])
        #expect([report.conversations, report.entries, report.members, report.users] == [3, 13, 34, 30])
        #expect(calls == [1, 2, 3])
    }

    @Test(arguments: [
        ("DELETE FROM entries WHERE sequence = 4", "sequence 4 is missing"),
        ("UPDATE conversations SET sequence = 10", "has sequence 10, its entries say 9"),
        ("UPDATE conversations SET messages = 7", "has messages 7, its entries say 8"),
        ("UPDATE conversations SET control_sequence = 2", "has control sequence 2, its entries say 1"),
        ("UPDATE conversations SET newest_message = 5", "has newest message 5"),
        ("UPDATE conversations SET member_count = 3", "counts 3 members, there are 2"),
        ("UPDATE conversations SET last_slot = 9", "has last slot 9"),
        ("UPDATE conversations SET stamp = 5", "has stamp 5"),
        ("UPDATE conversations SET kind = 7", "unknown kind 7"),
        ("UPDATE members SET state = 0 WHERE slot = 2", "is not active"),
        ("UPDATE members SET slot = 5 WHERE slot = 2", "has slot 5 after 1"),
        ("UPDATE members SET read = 99 WHERE slot = 2", "position beyond the head"),
        ("UPDATE members SET stamp = 9000000000000000000", "stamp of the future"),
        ("UPDATE intervals SET to_sequence = 99", "has the interval 1...99"),
        ("DELETE FROM intervals", "has no interval"),
        (
            "INSERT INTO entries SELECT id + 1, format, 77, sequence, kind, sender, client_id, time, message_ordinal, "
                + "sender_ordinal, relates_to, crc, content, thread FROM entries WHERE sequence = 9",
            "1 entries belong to no conversation"
        ),
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM users WHERE id = 'u2'",
            "a row of members names a row of users that is not there"
        ),
        (
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'conversation, sequence', 'conversation, time') "
                + "WHERE name = 'entries_by_sequence'", "structure: "
        ),
    ])
    func plantedFaultIsFound(_ fault: String, _ wanted: String) throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 8)
        try subject.tamper(fault)
        let report = try subject.database.check()
        #expect(report.problems.contains { $0.contains(wanted) }, "\(report.problems)")
    }

    @Test(arguments: ["message_ordinal", "sender_ordinal"])
    func wrongOrdinalUnderARightCheckSumIsFound(_ column: String) throws {
        let subject = try SQLiteSubject()
        try subject.makeRoom(messages: 8)
        try subject.database.rewrite(sequence: 5, of: SQLiteSubject.room) { entry in
            if column == "message_ordinal" { entry.messageOrdinal = 9 } else { entry.senderOrdinal = 9 }
        }
        _ = try subject.entries()
        let report = try subject.database.check()
        let name = column == "message_ordinal" ? "message ordinal 9 instead of 4" : "sender ordinal 9 instead of 4"
        #expect(report.problems.contains { $0.contains(name) }, "\(report.problems)")
    }

    @Test(.timeLimit(.minutes(10)))
    func tenThousandUsersAndTheirGroupAreMadeAtOnce() throws {
        let subject = try SQLiteSubject()
        let plan = AccountStoreContract.plan(users: 10_000, groups: [1...10_000])
        let clock = ContinuousClock()
        let first = try clock.measure { try subject.accounts.provision(plan, at: SQLiteSubject.start) }
        print("10,000 users and their group: \(first)")
        try subject.accounts.provision(plan, at: SQLiteSubject.start)
        let group = ConversationID(trusted: "group1")
        #expect(try subject.store.heads(of: [group]).first?.memberCount == 10_000)
        #expect(try subject.database.check().problems == [])
    }
}
