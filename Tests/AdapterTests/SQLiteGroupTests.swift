import ParleyDomain
import ParleySQLite
import ParleyTestKit
import Testing

/// What groups and relations cost, and that `check` sees what is wrong with them.
@Suite struct SQLiteGroupTests {
    private static let ben = UserID(trusted: "u2")

    private static func change(
        _ client: String, _ kind: EntryKind, _ change: Change, in room: ConversationID = SQLiteSubject.room, relatesTo: Int64 = 0
    ) -> Draft {
        Draft(
            conversation: room, sender: SQLiteSubject.anna, clientID: ClientID(trusted: client), kind: kind,
            content: kind == .edit ? Array("{}".utf8) : [], change: change, time: SQLiteSubject.start, decidedAt: .max,
            relatesTo: relatesTo)
    }

    /// One entry of each kind that is about a message, in the room of `makeRoom`.
    private static let relations = [
        Self.change("e", .edit, .edit(target: 2), relatesTo: 2),
        Self.change("r", .reaction, .react(target: 2, emoji: "+", on: true), relatesTo: 2),
        Self.change("p", .pin, .pin(target: 2, on: true), relatesTo: 2),
        Self.change("x", .recall, .recall(target: 3), relatesTo: 3),
    ]

    private static func marked() throws -> SQLiteSubject {
        var options = SQLiteDatabase.Options()
        options.readers = 1
        let subject = try SQLiteSubject(options: options)
        try subject.makeRoom(messages: 8)
        var reply = SQLiteSubject.message("reply")
        reply.thread = 2
        reply.mentions = [Self.ben]
        for outcome in try subject.store.append(Self.relations + [reply]) {
            guard case .appended = outcome else { throw SystemError(call: "\(outcome)") }
        }
        return subject
    }

    // MARK: Plans

    /// R104: every row that a read touches is found by an index. What is sorted is a user's own conversations, and who waits outside.
    @Test func noQueryReadsATableFromEndToEnd() throws {
        let subject = try Self.marked()
        let (reader, room, ann, ben) = (subject.reader, SQLiteSubject.room, SQLiteSubject.anna, Self.ben)
        _ = try reader.entries(in: room, for: ann, after: 0, limit: 50)
        _ = try reader.entries(in: room, for: ann, before: .max, limit: 50)
        _ = try reader.changes(for: ben, after: 0, limit: 50)
        _ = try reader.members(of: room, for: ann, afterSlot: 0, limit: 50)
        _ = try reader.members(of: room, for: ann, changedAfter: 0, limit: 50)
        _ = try reader.members(of: room, for: ann, in: .banned, after: "", limit: 50)
        _ = try reader.members(of: room, for: ann, slots: [1])
        _ = try reader.profiles(of: [ann])
        _ = try reader.thread(of: 2, in: room, for: ann, after: 0, limit: 50)
        _ = try reader.revisions(of: 2, in: room, for: ann, after: 0, limit: 50)
        _ = try reader.reactions(to: 2, emoji: "+", in: room, for: ann, after: "", limit: 50)
        _ = try reader.pins(in: room, for: ann)
        _ = try reader.mentions(of: ben, in: room, after: 0, limit: 50)
        _ = try reader.audit(room, for: ann, before: .max, limit: 50)
        _ = try reader.links(of: room, for: ann, at: 1)
        _ = try reader.link("k", for: ann, at: 1)
        _ = try reader.conversation(ofLink: "k")
        _ = try reader.reports(of: room, for: ann, before: .max, limit: 50)
        _ = try reader.blocks(of: ann)
        _ = try reader.data(of: ann, in: nil)
        _ = try reader.seen([ben], for: ann)
        _ = try reader.recipients(of: room, messages: 2...2, afterSlot: 0, limit: 50)
        _ = try reader.newestStamp()
        let plans = try subject.database.plans()
        #expect(plans.count >= 25)
        for (sql, plan) in plans {
            #expect(
                !plan.contains { $0.hasPrefix("SCAN") && !$0.hasPrefix("SCAN CONSTANT ROW") && !$0.hasPrefix("SCAN (") },
                "\(sql): \(plan)")
            let sorts = plan.contains { $0.contains("TEMP B-TREE") }
            let maySort =
                sql.contains("AS newest") || sql.contains("ORDER BY u.id") || sql.contains("ORDER BY o.id")
                || sql.contains("first_sequence")
            #expect(!sorts || maySort, "\(sql): \(plan)")
        }
    }

    @Test func noStatementOfTheWriterReadsATableFromEndToEnd() throws {
        let subject = try Self.marked()
        let (store, room, ann, ben) = (subject.store, SQLiteSubject.room, SQLiteSubject.anna, Self.ben)
        _ = try store.append([
            Self.change("l", .link, .makeLink(NewLink(id: "k"))), Self.change("u", .link, .revokeLink("k")),
            Self.change("b", .removed, .end(ben)), Self.change("a", .added, .add([ben])),
            Self.change("m", .muted, .mute(ben, until: 1)), Self.change("s", .changed, .settings(SettingsChange())),
        ])
        _ = try store.note([
            .block(ben, by: ann, on: true), .report(room, sequence: 2, by: ben, reason: "spam", time: 1),
            .notify(room, ben, .mentions),
            .preferences(ben, receipts: false, presence: false), .preferences(ben, receipts: true, presence: true),
            .data(ben, room, [1]), .seen(ben, at: 1),
        ])
        _ = try store.targets([TargetQuery(conversation: room, sequence: 2, user: ann)])
        _ = try store.receiptRows(of: room, afterSlot: 0, limit: 10)
        _ = try store.messages(in: room, sequences: [2])
        _ = try store.newestMessages(of: ann, in: room, limit: 10)
        _ = try store.unfrozenMessages(before: .max, limit: 10)
        try store.freeze([], in: room, upTo: 4)
        _ = try store.frozenReceipts(in: room, sequences: [2])
        _ = try store.memberships(of: ann)
        _ = try store.membership(of: ann, in: room)
        let plans = try subject.database.plans(ofWriter: true)
        #expect(plans.count >= 40)
        for (sql, plan) in plans {
            #expect(!plan.contains { $0.hasPrefix("SCAN") && !$0.hasPrefix("SCAN CONSTANT ROW") }, "\(sql): \(plan)")
        }
    }

    /// Some conditions of an index make SQLite fill a b-tree for every row, which costs as much as the row.
    @Test func insertingAnEntryMakesNoTemporaryTable() throws {
        let subject = try Self.marked()
        let inserts = try subject.database.operationsOfWriter().filter { $0.key.hasPrefix("INSERT INTO entries") }
        #expect(inserts.count == 1)
        for (sql, operations) in inserts {
            #expect(operations.contains("IdxInsert"))
            #expect(!operations.contains("OpenEphemeral"), "\(sql)")
        }
    }

    @Test func auditReadsItsOwnIndex() throws {
        let subject = try Self.marked()
        _ = try subject.reader.audit(SQLiteSubject.room, for: SQLiteSubject.anna, before: .max, limit: 50)
        let plans = try subject.database.plans().filter { $0.key.contains("kind <> 1") }
        #expect(plans.count == 1)
        for plan in plans.values { #expect(plan.contains { $0.contains("USING INDEX entries_by_audit") }, "\(plan)") }
    }

    // MARK: Rows

    /// R16, R32: an entry costs the same rows in a group of 10,000 as in one of two.
    @Test func rowsOfAnEntryDoNotGrowWithTheMembers() throws {
        let subject = try SQLiteSubject()
        try subject.accounts.provision(
            AccountStoreContract.plan(users: 10_000, groups: [1...2, 1...10_000]), at: SQLiteSubject.start)
        let owner = UserID(trusted: "u1")
        var rows: [[Int64]] = [[], []]
        for (index, name) in ["group1", "group2"].enumerated() {
            let room = ConversationID(trusted: name)
            let first = try #require(try subject.store.heads(of: [room]).first).sequence + 1
            var drafts: [Draft] = []
            for client in ["m1", "m2"] {
                var message = SQLiteSubject.message(client)
                message.mentionsAll = client == "m2"
                drafts.append(message)
            }
            drafts += [
                Self.change("e", .edit, .edit(target: first), relatesTo: first),
                Self.change("r", .reaction, .react(target: first, emoji: "+", on: true), relatesTo: first),
                Self.change("p", .pin, .pin(target: first, on: true), relatesTo: first),
                Self.change("x", .recall, .recall(target: first), relatesTo: first),
                Self.change("role", .role, .setRole(UserID(trusted: "u2"), .administrator)),
                Self.change("s", .changed, .settings(SettingsChange())),
                Self.change("d", .dissolved, .dissolve),
            ]
            for var draft in drafts {
                draft.conversation = room
                draft.sender = owner
                draft.decidedAt = .max
                let before = subject.store.rowsWritten
                let outcome = try subject.store.append([draft]).first
                guard case .appended = outcome else { throw SystemError(call: "\(draft.kind): \(String(describing: outcome))") }
                rows[index].append(subject.store.rowsWritten - before)
            }
        }
        #expect(rows[0] == rows[1])
        // The entry and the head; the row of everybody besides.
        #expect(rows[0].prefix(2) == [2, 3])
    }

    // MARK: Check

    @Test(arguments: [
        ("UPDATE states SET edited = 3 WHERE target = 2", "newest edits of messages differ from the log in 2 places"),
        ("DELETE FROM states WHERE target = 3", "recalls of messages differ from the log in 1 places"),
        ("UPDATE states SET replies = 7 WHERE target = 2", "threads of messages differ"),
        ("DELETE FROM reactions", "reactions of messages differ"),
        ("UPDATE states SET reactions = 2 WHERE target = 2", "numbers of emoji of messages differ"),
        ("UPDATE states SET sender = 2", "senders of messages differ"),
        ("UPDATE entries SET thread = 3 WHERE thread = 2", "does not match its check sum"),
    ])
    func plantedFaultIsFound(_ fault: String, _ wanted: String) throws {
        let subject = try Self.marked()
        #expect(try subject.database.check().problems == [])
        try subject.tamper(fault)
        let report = try subject.database.check()
        #expect(report.problems.contains { $0.contains(wanted) }, "\(report.problems)")
    }

    // MARK: Lists of changes

    /// A page of changes may end between two members of one entry (R37).
    @Test func changesOfMembersCanBeReadOneByOne() throws {
        let subject = try SQLiteSubject()
        try subject.accounts.provision(AccountStoreContract.plan(users: 30, groups: [1...30]), at: SQLiteSubject.start)
        let (room, owner) = (ConversationID(trusted: "group1"), UserID(trusted: "u1"))
        var slots: [Int32] = []
        var changes = try subject.reader.members(of: room, for: owner, changedAfter: 0, limit: 1)
        slots += changes.members.map(\.membership.slot)
        while changes.more {
            changes = try subject.reader.members(of: room, for: owner, changedAfter: changes.stamp, limit: 1)
            slots += changes.members.map(\.membership.slot)
        }
        #expect(slots == Array(1...30))
        #expect(changes.stamp == (try subject.reader.newestStamp()))
    }
}
