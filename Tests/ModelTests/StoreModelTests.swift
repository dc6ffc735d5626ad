import Glibc
import ParleyDomain
import ParleySQLite
import ParleyTestKit
import Testing

/// Decisions, store and reader beside the naive model: random lives of groups of up to 70, alone and several things at once, what people
/// are told compared after every step: unread, mentions, the list and its order, the changes since the last sync, pages as they are shown,
/// counts and both lists of a message. One person and one message after each step; now and then all of them.
///
/// `PARLEY_MODEL_SEED=N` runs one seed, `PARLEY_MODEL_BASE=N` the eight after N, `PARLEY_MODEL_STEPS` sets the steps of each.
@Suite struct StoreModelTests {
    private static let steps = ModelSeeds.number("PARLEY_MODEL_STEPS").flatMap { Int(exactly: $0) } ?? 3_300

    @Test(arguments: ModelSeeds.seeds("PARLEY_MODEL_SEED")) func whatPeopleAreToldIsTheModels(_ seed: UInt64) throws {
        var dice = Dice(seed: seed &+ 2_000_000)
        var life = try StoreLife(&dice)
        for step in 0..<Self.steps {
            if life.isLong { life = try StoreLife(&dice) }
            try life.step(&dice)
            try life.compare(&dice, all: step % 50 == 49, "PARLEY_MODEL_SEED=\(seed), step \(step)")
        }
    }
}

/// Three groups of the same people, in the model and in a store on SQLite.
struct StoreLife {
    var world = NaiveWorld()
    let shell: ModelShell
    let people: Int
    /// By user: where his last sync ended, and what he knows since: the groups that he is in, with unread and mentions.
    var tokens: [Int: Int64] = [:]
    var known: [Int: [ConversationID: Line]] = [:]
    private let folder: ModelFolder

    struct Line: Equatable {
        var unread: Int64
        var mentions: Int64
        var head: Int64
        var spokenAt: Int64
    }

    /// Something that somebody asks for: whether the model grants it, and what it does there.
    private struct Wish {
        var group: Int
        var user: Int
        var action: Command.Action
        var isGranted: (NaiveGroup) -> Bool
        var apply: (inout NaiveGroup, _ time: Int) -> Void

        var isAboutMembers: Bool {
            switch self.action {
            case .send, .edit, .recall, .react, .pin: false
            default: true
            }
        }
    }

    init(_ dice: inout Dice) throws {
        self.people = 3 + dice.below(dice.chance(20) ? 67 : 9)
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
            let visible = dice.chance(50)
            let new = NewConversation(kind: .group, title: "G", historyVisible: visible)
            let made = try self.shell.run([
                (.create(new, members: first.map { Self.user($0) }), Self.room(group), Self.user(1))
            ])
            _ = try #require(made[0])
            self.world.groups.append(NaiveGroup(creator: 1, others: first, historyVisible: visible, at: Int(self.shell.now)))
        }
    }

    static func user(_ number: Int) -> UserID { UserID(trusted: "u\(number)") }
    static func room(_ number: Int) -> ConversationID { ConversationID(trusted: "g\(number)") }
    static func content(_ text: String) -> [UInt8] { Array(#"{"type":"text","text":"\#(text)"}"#.utf8) }

    var isLong: Bool { self.world.groups.contains { $0.head > 150 } }

    // MARK: What happens

    mutating func step(_ dice: inout Dice) throws {
        switch dice.below(100) {
        case 0..<40: try self.perform((0..<(dice.chance(25) ? 2 + dice.below(5) : 1)).compactMap { _ in self.wish(&dice) })
        case 40..<45: try self.perform([self.membership(&dice), self.wish(&dice), self.wish(&dice)].compactMap { $0 })
        case 45..<57: try self.perform([self.membership(&dice)].compactMap { $0 })
        case 57..<90: try self.acknowledge(&dice)
        case 90..<95: try self.setReceipts(1 + dice.below(self.people), on: dice.chance(50))
        default:
            try self.shell.writePositions()
            if dice.chance(30) { self.shell.restart() }
        }
    }

    /// Things that come at once: each is granted or refused as the model does it after those before it in its group.
    private mutating func perform(_ wishes: [Wish]) throws {
        // A position that waits is of the membership that there was: it is written before that changes.
        if wishes.contains(where: \.isAboutMembers) { try self.shell.writePositions() }
        let entries = try self.shell.run(wishes.map { ($0.action, Self.room($0.group), Self.user($0.user)) })
        for (wish, entry) in zip(wishes, entries) {
            let isGranted = wish.isGranted(self.world.groups[wish.group])
            try #require((entry != nil) == isGranted, "\(wish.action) by u\(wish.user) in g\(wish.group) of \(wishes.count)")
            guard isGranted else { continue }
            wish.apply(&self.world.groups[wish.group], Int(self.shell.now))
            #expect(entry?.sequence == Int64(self.world.groups[wish.group].head))
        }
    }

    /// A message, or something done with one.
    private func wish(_ dice: inout Dice) -> Wish? {
        let group = dice.below(3)
        let user = 1 + dice.below(self.people)
        guard dice.chance(35) else { return self.message(group, user, &dice) }
        let messages = self.world.groups[group].entries.filter { $0.kind == .message }
        guard !messages.isEmpty else { return nil }
        let message = messages[dice.below(messages.count)]
        let (target, sequence) = (Int64(message.sequence), message.sequence)
        func may(_ model: NaiveGroup, _ user: Int) -> Bool {
            model.sees(sequence, user) && !model.entries[sequence - 1].isRecalled
        }
        switch dice.below(8) {
        case 0:
            // The owner may take back anybody's.
            return Wish(group: group, user: 1, action: .recall(target: target)) {
                may($0, 1)
            } apply: {
                $0.relate(.recall, to: sequence, by: 1, at: $1)
            }
        case 1, 2, 3:
            let (user, text) = (message.sender, "e\(dice.below(1_000))")
            return Wish(group: group, user: user, action: .edit(target: target, NewMessage(content: Self.content(text)))) {
                may($0, user)
            } apply: {
                $0.relate(.edit, to: sequence, by: user, text: text, at: $1)
            }
        case 4:
            let on = dice.chance(60)
            return Wish(group: group, user: 1, action: .pin(target: target, on: on)) {
                may($0, 1) && !$0.isSo(.pin, of: sequence, by: 1, text: "", on: on)
            } apply: {
                $0.relate(.pin, to: sequence, by: 1, on: on, at: $1)
            }
        default:
            let (emoji, on) = (dice.chance(50) ? "👍" : "🎉", dice.chance(60))
            return Wish(group: group, user: user, action: .react(target: target, emoji: emoji, on: on)) {
                may($0, user) && !$0.isSo(.reaction, of: sequence, by: user, text: emoji, on: on)
            } apply: {
                $0.relate(.reaction, to: sequence, by: user, text: emoji, on: on, at: $1)
            }
        }
    }

    private func message(_ group: Int, _ user: Int, _ dice: inout Dice) -> Wish {
        let text = "m\(dice.below(1_000))"
        var message = NewMessage(content: Self.content(text))
        let mentioned = dice.chance(20) ? Set((0..<3).map { _ in 1 + dice.below(self.people) }) : []
        let all = user == 1 && dice.chance(10)
        message.mentions = mentioned.sorted().map { Self.user($0) }
        message.mentionsAll = all
        return Wish(group: group, user: user, action: .send(message)) {
            $0.members[user]?.isIn == true
        } apply: {
            $0.send(by: user, mentions: mentioned, all: all, text: text, at: $1)
        }
    }

    /// Somebody comes or goes, or what newcomers see is changed.
    private func membership(_ dice: inout Dice) -> Wish? {
        let group = dice.below(3)
        let user = 1 + dice.below(self.people)
        let model = self.world.groups[group]
        let isIn = model.members[user]?.isIn == true
        if dice.chance(8) {
            let on = !model.historyVisible
            var change = SettingsChange()
            change.historyVisible = on
            return Wish(group: group, user: 1, action: .change(change), isGranted: { _ in true }) {
                $0.setHistoryVisible(on, by: 1, at: $1)
            }
        }
        guard user != 1 else { return nil }
        if model.banned.contains(user), dice.chance(50) {
            return Wish(group: group, user: 1, action: .unban(Self.user(user)), isGranted: { $0.banned.contains(user) }) {
                $0.ban(user, by: 1, on: false, at: $1)
            }
        }
        if dice.chance(10) {
            return Wish(group: group, user: 1, action: .ban(Self.user(user)), isGranted: { !$0.banned.contains(user) }) {
                $0.ban(user, by: 1, on: true, at: $1)
            }
        }
        guard isIn else {
            return Wish(group: group, user: 1, action: .add([Self.user(user)]), isGranted: { !$0.banned.contains(user) }) {
                $0.add([user], by: 1, at: $1)
            }
        }
        let actor = dice.chance(50) ? user : 1
        return Wish(
            group: group, user: actor, action: actor == user ? .leave : .remove(Self.user(user)),
            isGranted: { $0.members[user]?.isIn == true }
        ) {
            $0.end(user, by: actor, at: $1)
        }
    }

    /// One of his devices, or two within the same second: then both wait to be written as one.
    private mutating func acknowledge(_ dice: inout Dice) throws {
        let group = dice.below(3)
        let user = 1 + dice.below(self.people)
        guard self.world.groups[group].members[user]?.isIn == true else { return }
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
