import ParleyDomain
import ParleyTestKit
import Testing

@testable import ParleyImport

/// 2005-02-08, in milliseconds since 1970.
private let day: Int64 = 1_107_820_800_000
private let owner = UserID(trusted: "owner")
private let group = ConversationID(trusted: "irc")

/// Imports into a store in memory; each run is a new process on the same store.
private final class World {
    let store = MemoryMessageStore()
    var accounts: [UserID: String] = [:]

    init() { self.store.addUser(UserProfile(user: owner, name: "Librarian")) }

    /// - Parameter progressed: Called with the lines that are done.
    func run(_ logs: [(String, String, String)], progressed: (Int) -> Void = { _ in }) throws -> ImportSummary {
        var run = ImportRun(
            store: self.store, group: ImportGroup(id: group, title: "#ubuntu", owner: owner, ownerName: "Librarian"),
            makeAccounts: { accounts in
                var (made, renamed) = (0, 0)
                for account in accounts {
                    if let name = self.accounts[account.id] {
                        renamed += name == account.name ? 0 : 1
                    } else {
                        made += 1
                    }
                    self.accounts[account.id] = account.name
                    self.store.addUser(UserProfile(user: account.id, name: account.name))
                }
                return (made, renamed)
            })
        return try run.run(try logs.map { try IRCLog(name: $0, bytes: Array($1.utf8), annotations: Array($2.utf8)) }) {
            progressed($0.lines)
        }.0
    }

    /// What stands in the log: `kind sender client-id`, and the text and what it answers.
    func log() throws -> [String] {
        try self.store.entries(in: group, for: owner, after: 0, limit: Limits.pageEntriesMax).entries.map { entry in
            let text = entry.kind == .message ? " " + String(decoding: entry.content, as: UTF8.self) : ""
            return "\(entry.kind.name) \(entry.sender) \(entry.clientID)\(text)"
                + (entry.relatesTo > 0 ? " -> \(entry.relatesTo)" : "")
        }
    }

    func isMember(_ nick: String) throws -> Bool {
        try self.store.membership(of: UserID(trusted: "irc:" + nick), in: group)?.active ?? false
    }
}

private let first = """
    === Ann [a@h]  has joined #u
    [10:00] <Ben> hi
    [10:01] <Ann> hello
    === Ann [a@h]  has joined #u
    === Ben is now known as Ben|away
    === Ben|away is now known as Ben
    === Ann [a@h]  has left #u []
    [10:02] <Ann> not gone
    """

@Suite struct ImportRunTests {
    @Test func aLogBecomesEntriesInItsOrder() throws {
        let world = World()
        let summary = try world.run([("2005-02-08.txt", first, "1 2 -\n1 1 -\n2 7 -\n")])
        #expect(
            try world.log() == [
                "created owner import", "link owner 2005-02-08.txt:link", "added owner 2005-02-08.txt:present-0",
                "joined irc:ann 2005-02-08.txt:0", #"message irc:ben 2005-02-08.txt:1 {"type":"text","text":"hi"}"#,
                #"message irc:ann 2005-02-08.txt:2 {"type":"text","text":"hello"} -> 5"#, "left irc:ben 2005-02-08.txt:4",
                "joined irc:ben@7caway 2005-02-08.txt:4", "left irc:ben@7caway 2005-02-08.txt:5",
                "joined irc:ben 2005-02-08.txt:5",
                "left irc:ann 2005-02-08.txt:6", "added owner 2005-02-08.txt:7",
                #"message irc:ann 2005-02-08.txt:7 {"type":"text","text":"not gone"} -> 6"#,
            ])
        #expect(summary.addsUp)
        #expect((summary.messages, summary.joins, summary.repeatedJoins, summary.parts, summary.renames) == (3, 1, 1, 1, 2))
        #expect((summary.replies, summary.unanswered) == (2, 1))
        #expect(try world.isMember("ben") && !world.isMember("ben@7caway") && world.isMember("ann"))
        // What was brought in is no news to who brought it in.
        #expect(try world.store.membership(of: owner, in: group)?.read == 13)
    }

    @Test func timesAreTheDayAndTheMinute() throws {
        let world = World()
        _ = try world.run([("2005-02-08.txt", first, "")])
        let times = try world.store.entries(in: group, for: owner, after: 0, limit: 200).entries.map { ($0.time - day) / 60_000 }
        #expect(times == [600, 600, 600, 600, 600, 601, 601, 601, 601, 601, 601, 602, 602])
        #expect(IRCLog.day(of: "2005-02-08.txt") == day)
        #expect(IRCLog.day(of: "1970-01-01") == 0)
        #expect(IRCLog.day(of: "2000-03-01") == 951_868_800_000)
        for name in ["", "05-02-08", "2005-02-30.txt", "2005-13-01", "2005-00-01", "2001-02-29", "1969-12-31", "20050208"] {
            #expect(IRCLog.day(of: name) == nil, "\(name)")
        }
    }

    @Test func againChangesNothing() throws {
        let world = World()
        let logs = [
            ("2005-02-08.txt", first, "1 2 -\n"), ("2005-02-09.txt", "=== Ben [b@h]  has joined #u\n[09:00] <Cleo> I am new", ""),
        ]
        let once = try world.run(logs)
        let log = try world.log()
        let twice = try world.run(logs)
        #expect(try world.log() == log)
        #expect((twice.entriesNew, twice.entriesThere, twice.accountsMade) == (0, once.entriesNew, 0))
        #expect((twice.messages, twice.joins, twice.repeatedJoins) == (once.messages, once.joins, once.repeatedJoins))
        // Ben is in since the day before.
        #expect((once.joins, once.repeatedJoins) == (1, 2))
    }

    /// What came to nothing the first time does not become something later because the log went on.
    @Test func aRepeatedJoinStaysOneThoughHeLeavesLater() throws {
        let world = World()
        let logs = [
            ("2005-02-08.txt", "[10:00] <Ben> hi", ""),
            ("2005-02-09.txt", "=== Ben [b@h]  has joined #u\n=== Ben [b@h]  has left #u []", ""),
        ]
        _ = try world.run(logs)
        #expect(try !world.isMember("ben"))
        let again = try world.run(logs)
        #expect((again.entriesNew, again.repeatedJoins) == (0, 1))
        #expect(try !world.isMember("ben"))
    }

    /// Ended after any batch, and then on: the same log as in one run.
    @Test func whatWasEndedGoesOn() throws {
        let whole = World()
        let long = (0..<1_500).map { "[10:00] <n\($0 % 7)> \($0)\n=== n\($0 % 5) is now known as m\($0 % 3)" }.joined(
            separator: "\n")
        _ = try whole.run([("2005-02-08.txt", long, "0 2 -\n")])
        let broken = World()
        let failures: [(MemoryMessageStore.Failure, after: Int)] = [
            (.full, 0), (.unknownButStored, 0), (.unknownAndLost, 300), (.unknownButStored, 1_000), (.full, 2_000),
        ]
        for (failure, line) in failures {
            #expect(throws: (any Error).self) {
                try broken.run([("2005-02-08.txt", long, "0 2 -\n")]) { if $0 >= line { broken.store.failNextAppend(failure) } }
            }
            broken.store.crash()
        }
        let last = try broken.run([("2005-02-08.txt", long, "0 2 -\n")])
        #expect(last.addsUp && last.entriesNew > 0)
        #expect(try broken.log() == (try whole.log()))
        #expect(try broken.store.heads(of: [group]).first?.sequence == (try whole.store.heads(of: [group])).first?.sequence)
    }

    @Test func namesFollowTheCaseOfLetters() throws {
        let world = World()
        _ = try world.run([("2005-02-08.txt", "[10:00] <gary> a\n=== gary is now known as Gary", "")])
        #expect(world.accounts == [UserID(trusted: "irc:gary"): "Gary"])
        #expect(try world.log().count == 4)
    }

    @Test func othersWordsUnderAKnownLineAreRefused() throws {
        let world = World()
        _ = try world.run([("2005-02-08.txt", "[10:00] <Ben> hi\n[10:01] <Ben> there", "")])
        let log = try world.log()
        let summary = try world.run([("2005-02-08.txt", "[10:00] <Ben> bye\n[10:01] <Ben> there", "0 1 -\n")])
        #expect(summary.rejected == [.changed: 2] || summary.rejected == [.changed: 1])
        #expect(summary.addsUp && summary.entriesNew == 0)
        #expect(try world.log() == log)
    }

    @Test func filesMustHaveADayAndOneName() {
        #expect(throws: ImportFailure.self) { try IRCLog(name: "ubuntu.txt", bytes: []) }
        #expect(throws: ImportFailure.self) { try IRCLog(name: "2005-02-08 a.txt", bytes: []) }
        #expect(throws: ImportFailure.self) { try IRCLog(name: "2005-02-08" + String(repeating: "x", count: 39), bytes: []) }
        #expect(throws: ImportFailure.self) { try World().run([("2005-02-08.txt", "", ""), ("2005-02-08.txt", "", "")]) }
    }

    @Test func somebodyElsesGroupIsLeftAlone() throws {
        let world = World()
        let other = UserID(trusted: "other")
        world.store.addUser(UserProfile(user: other, name: "Other"))
        let create = Command.create(group, ClientID(trusted: "c"), NewConversation(kind: .group, title: "Mine"), members: [])
        guard case .append(let draft) = Conversation.decideUnknown(create, by: other, at: day) else { return }
        _ = try world.store.append([draft])
        #expect(throws: ImportFailure.self) { try world.run([("2005-02-08.txt", first, "")]) }
        #expect(try world.store.heads(of: [group]).first?.sequence == 1)
    }

    @Test func annotationsAreCountedOnce() throws {
        let log = try IRCLog(
            name: "2005-02-08.txt", bytes: Array("[10:00] <a> 0\n[10:00] <b> 1\n=== c [x@y]  has joined #u\n[10:00] <d> 3".utf8),
            annotations: Array(
                "0 0 -\n0 1 -\n0 1 -\n2 3 -\n0 3 -\n3 2 -\n1 0 -\n0 9 -\n9999999999 1 -\nx 1 -\n0 1\n-1 1 -\n".utf8))
        let annotations = log.annotations
        #expect(annotations.replies == [1: 0])
        #expect(
            (
                annotations.lines, annotations.none, annotations.further, annotations.noMessage, annotations.backward,
                annotations.malformed
            )
                == (12, 1, 2, 2, 2, 4))
    }
}
