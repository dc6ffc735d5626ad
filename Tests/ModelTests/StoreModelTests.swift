import Glibc
import ParleyDomain
import ParleySQLite
import ParleyTestKit
import Testing

/// Decisions, store and reader beside the naive model: random lives of groups of up to 70, what each person is told compared after every
/// step: unread, mentions, the list and its order, the changes since his last sync, counts and both lists of a message.
///
/// `PARLEY_MODEL_SEED=N` runs one seed, `PARLEY_MODEL_STEPS` sets the steps of each.
@Suite struct StoreModelTests {
    private static let seeds: [UInt64] =
        getenv("PARLEY_MODEL_SEED").flatMap { UInt64(String(cString: $0)) }.map { [$0] } ?? Array(1...8)
    private static let steps = getenv("PARLEY_MODEL_STEPS").flatMap { Int(String(cString: $0)) } ?? 3_300

    @Test(arguments: seeds) func whatPeopleAreToldIsTheModels(_ seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 2_000_000)
        var life = try StoreLife(&dice, seed: seed)
        for step in 0..<Self.steps {
            if life.isLong { life = try StoreLife(&dice, seed: seed) }
            try life.step(&dice)
            try life.compare(&dice, "seed \(seed), step \(step)")
        }
    }
}

/// Three groups of the same people, in the model and in a store on SQLite.
struct StoreLife {
    private var world = NaiveWorld()
    private let shell: ModelShell
    private let people: Int
    private let historyVisible: Bool
    /// By user: where his last sync ended, and what he knows since: the groups that he is in, with unread and mentions.
    private var tokens: [Int: Int64] = [:]
    private var known: [Int: [ConversationID: Line]] = [:]
    private let folder: ModelFolder

    private struct Line: Equatable {
        var unread: Int64
        var mentions: Int64
        var head: Int64
        var spokenAt: Int64
    }

    init(_ dice: inout Dice, seed: UInt64) throws {
        self.people = 3 + dice.below(dice.chance(20) ? 67 : 9)
        self.historyVisible = dice.chance(60)
        self.folder = try ModelFolder()
        var options = SQLiteDatabase.Options()
        options.forgoesDurability = true
        let database = try SQLiteDatabase(folder: self.folder.path, options: options)
        let accounts = SQLiteAccountStore(database)
        let users = (1...self.people).map { Self.user($0) }
        for user in users {
            try accounts.createAccount(Account(id: user, name: user.rawValue, passwordHash: nil, created: 1))
        }
        self.shell = ModelShell(store: try SQLiteMessageStore(database), reader: SQLiteMessageReader(database))
        for group in 0..<3 {
            let others = (2...self.people).filter { _ in dice.chance(70) }
            let first = others.isEmpty ? [2] : others
            let new = NewConversation(kind: .group, title: "G", historyVisible: self.historyVisible)
            let made = try self.shell.run(
                .create(new, members: first.map { Self.user($0) }), in: Self.room(group), by: Self.user(1))
            _ = try #require(made)
            self.world.groups.append(
                NaiveGroup(creator: 1, others: first, historyVisible: self.historyVisible, at: Int(self.shell.now)))
        }
    }

    static func user(_ number: Int) -> UserID { UserID(trusted: "u\(number)") }
    static func room(_ number: Int) -> ConversationID { ConversationID(trusted: "g\(number)") }

    var isLong: Bool { self.world.groups.contains { $0.head > 150 } }

    // MARK: What happens

    mutating func step(_ dice: inout Dice) throws {
        let group = dice.below(3)
        let user = 1 + dice.below(self.people)
        let isMember = self.world.groups[group].members[user]?.isIn == true
        switch dice.below(100) {
        case 0..<34: if isMember { try self.send(group, user, &dice) }
        case 34..<44: try self.relate(group, user, isMember: isMember, &dice)
        case 44..<78: if isMember { try self.acknowledge(group, user, &dice) }
        case 78..<83: try self.setReceipts(user, on: dice.chance(50))
        case 83..<90: try self.add(group, user)
        case 90..<97: try self.end(group, user, bySelf: dice.chance(50))
        default:
            try self.shell.writePositions()
            if dice.chance(30) { self.shell.restart() }
        }
    }

    private mutating func send(_ group: Int, _ user: Int, _ dice: inout Dice) throws {
        var message = NewMessage(content: Array(#"{"type":"text","text":"x"}"#.utf8))
        let mentioned = dice.chance(20) ? Set((0..<3).map { _ in 1 + dice.below(self.people) }) : []
        message.mentions = mentioned.sorted().map { Self.user($0) }
        message.mentionsAll = user == 1 && dice.chance(10)
        let entry = try self.shell.run(.send(message), in: Self.room(group), by: Self.user(user))
        self.world.groups[group].send(by: user, mentions: mentioned, all: message.mentionsAll, at: Int(self.shell.now))
        #expect(entry?.sequence == Int64(self.world.groups[group].head))
    }

    private mutating func relate(_ group: Int, _ user: Int, isMember: Bool, _ dice: inout Dice) throws {
        let messages = self.world.groups[group].entries.filter { $0.kind == .message && !$0.isRecalled }
        guard !messages.isEmpty else { return }
        let message = messages[dice.below(messages.count)]
        let target = Int64(message.sequence)
        switch dice.below(3) {
        case 0:
            // The owner may take back anybody's.
            guard try self.shell.run(.recall(target: target), in: Self.room(group), by: Self.user(1)) != nil else { return }
            self.world.groups[group].relate(.recall, to: message.sequence, by: 1, at: Int(self.shell.now))
        case 1:
            guard self.world.groups[group].members[message.sender]?.isIn == true else { return }
            let edit = Command.Action.edit(target: target, NewMessage(content: Array(#"{"type":"text","text":"y"}"#.utf8)))
            guard try self.shell.run(edit, in: Self.room(group), by: Self.user(message.sender)) != nil else { return }
            self.world.groups[group].relate(.edit, to: message.sequence, by: message.sender, at: Int(self.shell.now))
        default:
            guard isMember else { return }
            let react = Command.Action.react(target: target, emoji: "👍", on: dice.chance(70))
            // Refused where he may not see the message: then nothing has happened in the model either.
            guard try self.shell.run(react, in: Self.room(group), by: Self.user(user)) != nil else { return }
            self.world.groups[group].relate(.reaction, to: message.sequence, by: user, at: Int(self.shell.now))
        }
    }

    /// One of his devices, or two within the same second: then both wait to be written as one.
    private mutating func acknowledge(_ group: Int, _ user: Int, _ dice: inout Dice) throws {
        let head = self.world.groups[group].head
        for _ in 0..<(dice.chance(30) ? 2 : 1) {
            let read = dice.chance(40) ? head : 1 + dice.below(head)
            let delivered = max(read, dice.chance(50) ? read : 1 + dice.below(head))
            try self.shell.advance(Self.user(user), in: Self.room(group), read: Int64(read), delivered: Int64(delivered))
            self.world.groups[group].acknowledge(user, device: dice.below(3), read: read, delivered: delivered)
        }
    }

    private mutating func setReceipts(_ user: Int, on: Bool) throws {
        guard self.world.groups[0].optedOut.contains(user) == on else { return }
        try self.shell.note(.preferences(Self.user(user), receipts: on, presence: nil))
        for group in 0..<3 { self.world.groups[group].setReceipts(on, of: user) }
    }

    private mutating func add(_ group: Int, _ user: Int) throws {
        guard self.world.groups[group].members[user]?.isIn != true else { return }
        // A position that waits is his former membership's: it is written before he is back.
        try self.shell.writePositions()
        _ = try #require(try self.shell.run(.add([Self.user(user)]), in: Self.room(group), by: Self.user(1)))
        self.world.groups[group].add([user], by: 1, at: Int(self.shell.now))
    }

    private mutating func end(_ group: Int, _ user: Int, bySelf: Bool) throws {
        guard user != 1, self.world.groups[group].members[user]?.isIn == true else { return }
        try self.shell.writePositions()
        let action: Command.Action = bySelf ? .leave : .remove(Self.user(user))
        let actor = bySelf ? user : 1
        _ = try #require(try self.shell.run(action, in: Self.room(group), by: Self.user(actor)))
        self.world.groups[group].end(user, by: actor, at: Int(self.shell.now))
    }

    // MARK: What people are told

    mutating func compare(_ dice: inout Dice, _ place: Comment) throws {
        // Who has read is told from memory, also what waits to be written; now and then a desk is opened for it.
        try self.compareReceipts(&dice, place)
        let user = 1 + dice.below(self.people)
        // The store answers for what it was told; what waits for its second is nobody's news yet.
        try self.shell.writePositions()
        try self.sync(user)
        let known = self.known[user] ?? [:]
        let list = self.world.list(of: user)
        #expect(Set(known.keys) == Set(list.map { Self.room($0) }), place)
        for group in list {
            let (line, model) = (known[Self.room(group)], self.world.groups[group])
            #expect(line?.unread == model.unread(of: user).map { Int64($0) }, place)
            #expect(line?.mentions == model.unreadMentions(of: user).map { Int64($0) }, place)
            #expect(line?.head == Int64(model.head), place)
        }
        if self.historyVisible, self.world.groups.allSatisfy({ group in group.entries.allSatisfy { $0.kind != .recall } }) {
            let order = list.sorted { (known[Self.room($0)]?.spokenAt ?? 0, $1) > (known[Self.room($1)]?.spokenAt ?? 0, $0) }
            #expect(order == list, place)
        }
    }

    /// What changed since his last sync, taken over as a client takes it.
    private mutating func sync(_ user: Int) throws {
        while true {
            let changes = try self.shell.reader.changes(for: Self.user(user), after: self.tokens[user] ?? 0, limit: 2)
            for summary in changes {
                let id = summary.head.conversation
                self.tokens[user] = summary.stamp
                guard summary.membership.active else {
                    self.known[user]?[id] = nil
                    continue
                }
                let time = summary.preview?.time ?? Int64(self.world.groups[Int(id.rawValue.dropFirst()) ?? 0].entries[0].time)
                self.known[user, default: [:]][id] = Line(
                    unread: summary.unread, mentions: summary.mentions, head: summary.head.sequence, spokenAt: time)
            }
            if changes.count < 2 { return }
        }
    }

    private func compareReceipts(_ dice: inout Dice, _ place: Comment) throws {
        let group = dice.below(3)
        let model = self.world.groups[group]
        let messages = model.entries.filter { $0.kind == .message && !$0.isRecalled && model.members[$0.sender]?.isIn == true }
        guard !messages.isEmpty else { return }
        let message = messages[dice.below(messages.count)]
        let sender = Self.user(message.sender)
        let asked = try self.shell.ask(.counts([Int64(message.sequence)]), in: Self.room(group), by: sender)
        let wanted = model.counts(of: message.sequence)
        guard case .receipts(_, _, let receipts)? = asked, let counts = receipts.first?.counts else {
            Issue.record("no counts: \(String(describing: asked))")
            return
        }
        #expect([counts.total, counts.read, counts.delivered] == [wanted.total, wanted.read, wanted.delivered], place)
        for (list, isWanted) in [(ReaderList.read, true), (.unread, false)] {
            let kind = ReceiptQuestion.Kind.readers(Int64(message.sequence), list, afterSlot: 0, limit: 100)
            guard case .readers(_, let page)? = try self.shell.ask(kind, in: Self.room(group), by: sender) else {
                Issue.record("no list")
                return
            }
            #expect(page.slots.map { Int($0) } == model.slots(of: message.sequence) { $0.read == isWanted }, place)
        }
    }
}

/// A folder that goes with the value.
final class ModelFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/parley-model-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StartFailure() }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    struct StartFailure: Error {}

    deinit {
        for name in ["parley.sqlite", "parley.sqlite-wal", "parley.sqlite-shm", "parley.lock"] { unlink(self.path + "/" + name) }
        rmdir(self.path)
    }
}
