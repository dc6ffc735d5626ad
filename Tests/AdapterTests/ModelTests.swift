import ParleyDomain
import ParleySQLite
import ParleyTestKit
import Testing

/// SQLite beside the memory store: the same random batches must give the same answers, but for ids and stamps.
@Suite struct ModelTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func randomBatchesGiveTheAnswersOfTheMemoryStore(_ seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let subject = try SQLiteSubject()
        let memory = MemoryMessageStore()
        let users = (1...6).map { UserID(trusted: "u\($0)") }
        try subject.subject.messages.addUsers(users)
        for user in users { memory.addUser(UserProfile(user: user, name: "name of \(user)")) }
        for step in 0..<120 {
            let drafts = try (0..<dice.below(5)).map { _ in try Self.draft(&dice, heads: memory.heads(of: Self.rooms)) }
            let (found, wanted) = (try subject.store.append(drafts), try memory.append(drafts))
            try #require(found.map(Self.plain) == wanted.map(Self.plain), "seed \(seed), step \(step), \(drafts)")
            let moved = (0..<dice.below(3)).map { _ in
                PositionUpdate(
                    conversation: Self.rooms[dice.below(3)], user: users[dice.below(6)], read: Int64(dice.below(20)),
                    delivered: Int64(dice.below(20)))
            }
            try subject.store.advance(moved)
            try memory.advance(moved)
        }
        try Self.compare(subject, memory, users)
        let report = try subject.database.check()
        #expect(report.problems == [], "seed \(seed)")
        // What a crash leaves answers the same.
        try Self.compare(SQLiteSubject(folder: subject.folder.copy()), memory, users)
    }

    private static let rooms = ["a", "b", "c"].map { ConversationID(trusted: $0) }

    private static func draft(_ dice: inout Dice, heads: [ConversationHead]) throws -> Draft {
        let room = self.rooms[dice.below(3)]
        // Now and then a user whom nobody knows.
        func user(_ dice: inout Dice) -> UserID { UserID(trusted: "u\(1 + dice.below(dice.below(9) == 0 ? 8 : 6))") }
        func some(_ dice: inout Dice) -> [UserID] { (0..<dice.below(4)).map { _ in user(&dice) } }
        let control = heads.first { $0.conversation == room }?.controlSequence ?? 0
        var draft = Draft(
            conversation: room, sender: user(&dice), clientID: ClientID(trusted: "c\(dice.below(60))"), kind: .message,
            content: Array("{\"text\":\"\(dice.below(3))\"}".utf8), time: SQLiteSubject.start + Int64(dice.below(1_000)),
            decidedAt: dice.below(8) == 0 ? control - 1 : control, relatesTo: dice.below(6) == 0 ? Int64(dice.below(9)) : 0)
        let roll = dice.below(10)
        guard roll < 5 else { return draft }
        draft.content = []
        draft.relatesTo = 0
        switch roll {
        case 0:
            let new = NewConversation(
                kind: room == self.rooms[2] && dice.below(2) == 0 ? .direct : .group, title: "t\"\(dice.below(2))",
                memberCap: Int32(3 + dice.below(3)), historyVisible: room == self.rooms[0])
            (draft.kind, draft.change) = (.created, .create(new, members: some(&dice)))
        case 1, 2: (draft.kind, draft.change) = (.added, .add(some(&dice)))
        case 3: (draft.kind, draft.change) = (dice.below(2) == 0 ? .left : .removed, .end(user(&dice)))
        default: (draft.kind, draft.change) = (.role, .setRole(user(&dice), Role.allCases[dice.below(3)]))
        }
        return draft
    }

    private static func compare(_ subject: SQLiteSubject, _ memory: MemoryMessageStore, _ users: [UserID]) throws {
        func plain(_ head: ConversationHead) -> ConversationHead {
            var head = head
            head.stamp = 0
            return head
        }
        #expect(try subject.store.heads(of: self.rooms).map(plain) == memory.heads(of: self.rooms).map(plain))
        for user in users {
            let found = try subject.reader.changes(for: user, after: 0, limit: 50)
            let wanted = try memory.changes(for: user, after: 0, limit: 50)
            #expect(found.map(\.head.conversation) == wanted.map(\.head.conversation))
            #expect(found.map(\.unread) == wanted.map(\.unread))
            #expect(found.map { $0.preview.map(self.plain) } == wanted.map { $0.preview.map(self.plain) })
            #expect(found.map(\.peer) == wanted.map(\.peer))
            for room in self.rooms {
                #expect(try subject.store.membership(of: user, in: room) == memory.membership(of: user, in: room))
                for (after, before) in [(Int64(0), Int64.max), (5, 9), (100, 0)] {
                    #expect(
                        self.page { try subject.reader.entries(in: room, for: user, after: after, limit: 7) }
                            == self.page { try memory.entries(in: room, for: user, after: after, limit: 7) })
                    #expect(
                        self.page { try subject.reader.entries(in: room, for: user, before: before, limit: 7) }
                            == self.page { try memory.entries(in: room, for: user, before: before, limit: 7) })
                }
            }
        }
    }

    /// The page without ids and stamps; nil where it was refused.
    private static func page(_ body: () throws -> Page) -> Page? {
        guard var page = try? body() else { return nil }
        page.entries = page.entries.map(self.plain)
        return page
    }

    private static func plain(_ entry: Entry) -> Entry {
        var entry = entry
        entry.id = 0
        entry.stamp = 0
        return entry
    }

    private static func plain(_ outcome: AppendOutcome) -> AppendOutcome {
        switch outcome {
        case .appended(let entry, _): .appended(self.plain(entry))
        case .duplicate(let entry): .duplicate(self.plain(entry))
        case .refused(.invalid): .refused(.invalid(""))
        case .unchanged, .refused: outcome
        }
    }
}

/// A small generator whose numbers are the same on every run (SplitMix64).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    /// A number from 0 to below the bound; 0 for a bound of 0.
    mutating func below(_ bound: Int) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return bound <= 0 ? 0 : Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}

/// The faults that the memory store can be told to have.
@Suite struct MemoryFaultTests {
    private func message(_ client: String) -> Draft { SQLiteSubject.message(client) }

    private func store() throws -> MemoryMessageStore {
        let store = MemoryMessageStore(epoch: "e", firstID: 100)
        store.addUser(UserProfile(user: SQLiteSubject.anna, name: "Anna"))
        let new = NewConversation(kind: .group, title: "Room")
        _ = try store.append([
            Draft(
                conversation: SQLiteSubject.room, sender: SQLiteSubject.anna, clientID: ClientID(trusted: "make"), kind: .created,
                change: .create(new, members: []), time: 1, decidedAt: 0)
        ])
        return store
    }

    @Test func fullStoresNothingAndWorksAgain() throws {
        let store = try self.store()
        store.failNextAppend(.full)
        #expect(throws: StoreFailure.full("the disk is full")) { try store.append([self.message("a")]) }
        guard case .appended(let entry, _)? = try store.append([self.message("a")]).first else {
            throw SystemError(call: "append")
        }
        #expect(entry.sequence == 2 && entry.id == 101)
    }

    @Test(arguments: [MemoryMessageStore.Failure.unknownButStored, .unknownAndLost])
    func unknownOutcomeIsToldAfterTheCrash(_ failure: MemoryMessageStore.Failure) throws {
        let store = try self.store()
        store.failNextAppend(failure)
        #expect(throws: StoreFailure.outcomeUnknown("the disk failed")) { try store.append([self.message("a")]) }
        #expect(throws: StoreFailure.unavailable("closed after a failure")) { try store.append([self.message("a")]) }
        store.crash()
        switch try store.append([self.message("a")]).first {
        case .duplicate?: #expect(failure == .unknownButStored)
        case .appended?: #expect(failure == .unknownAndLost)
        default: Issue.record("neither")
        }
    }
}
