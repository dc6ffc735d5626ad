import ParleyDomain
import Testing

@testable import ParleyImport

private func nick(_ text: String) throws -> IRCNick { try #require(IRCNick(Array(text.utf8))) }

private func read(_ text: String, known: Set<String> = []) -> IRCLine {
    IRCLine(ArraySlice(Array(text.utf8))) { known.contains($0.account.rawValue) }
}

@Suite struct IRCLineTests {
    @Test(arguments: [
        ("[09:56] <cowbud> Agrajag: hrmm", "cowbud", "Agrajag: hrmm", 596), ("[00:00] <a>  two spaces", "a", " two spaces", 0),
        ("[23:59] <bur[n] er> nope > < [x]", "bur[n]er", "nope > < [x]", 1439), ("[07:43] <[set] > how", "[set]", "how", 463),
        ("[01:02] <a>\u{0}\u{8}\t", "a", "\u{0}\u{8}\t", 62),
        ("[02:27]  * Peregrino says Hi!", "Peregrino", "* Peregrino says Hi!", 147),
    ])
    func somebodySpeaks(_ line: String, _ name: String, _ text: String, _ minute: Int) throws {
        #expect(read(line) == .says(try nick(name), text: text, minute: minute))
        guard case .says(let found, _, _) = read(line) else { return }
        #expect(found.written == name)
    }

    @Test func somebodyDoesSomethingInAnOlderLog() throws {
        #expect(read("=== Scooter boots his Xbox") == .says(try nick("Scooter"), text: "* Scooter boots his Xbox", minute: nil))
        #expect(read("=== stuff shrug") == .says(try nick("stuff"), text: "* stuff shrug", minute: nil))
        // The log breaks a nick after a bracket: who speaks elsewhere in the file tells which it is.
        let broken = "=== bur[n] er wonders"
        #expect(
            read(broken, known: ["irc:bur@5bn@5der"]) == .says(try nick("bur[n]er"), text: "* bur[n] er wonders", minute: nil))
        #expect(read(broken) == .says(try nick("bur[n]"), text: "* bur[n] er wonders", minute: nil))
    }

    @Test func peopleComeAndGo() throws {
        #expect(read("=== vtg [vertigo@route6.alumina.nl]  has joined #ubuntu") == .joins(try nick("vtg")))
        #expect(read("=== [cc] smart [n=[cc] smar@gw.x]  has joined #Ubuntu") == .joins(try nick("[cc]smart")))
        #expect(read("=== PD [~KID@203.109.86.7]  has left #ubuntu [\"Leaving\"] ") == .leaves(try nick("PD")))
        #expect(read("=== ivo [~ivo@host]  has quit [Ping timeout]") == .leaves(try nick("ivo")))
        #expect(read("=== Bart]  is now known as _Bart_") == .renames(try nick("Bart]"), to: try nick("_Bart_")))
        #expect(read("=== ompaul was kicked off #ubuntu by Seveas (Seveas)") == .kicked(try nick("ompaul")))
        // A sentence with the same words is a sentence.
        #expect(
            read("=== foo is now known as the king")
                == .says(try nick("foo"), text: "* foo is now known as the king", minute: nil))
        #expect(
            read("=== foo says bar [x] has joined #y")
                == .says(try nick("foo"), text: "* foo says bar [x] has joined #y", minute: nil))
    }

    @Test(arguments: [
        ("=== mode/#ubuntu [+o Seveas]  by ChanServ", IRCLine.Rejection.mode),
        ("=== ..[topic/#ubuntu:Seveas] : Happy Day", .topic),
        ("=== rww changed the topic of #ubuntu to: x", .topic), ("=== netjoined: irc.freenode.net -> k", .network),
        ("=== ", .malformed),
        ("=== alone", .malformed), ("", .malformed), ("no log", .malformed), ("[24:00] <a> x", .malformed),
        ("[0x:00] <a> x", .malformed),
        ("[12:60] <a> x", .malformed), ("[12:00]", .malformed), ("[12:00] <a", .malformed), ("[12:00] a x", .malformed),
        ("[12:00] <> x", .badNick), ("[12:00] <a b> x", .badNick), ("[12:00] <b\u{E4}d> x", .badNick),
        ("[12:00]  * b\u{E4}d x", .badNick),
        ("[12:00] <a>", .noText), ("[12:00] <a> ", .noText),
    ])
    func someLinesAreRejected(_ line: String, _ reason: IRCLine.Rejection) {
        guard case .rejected(reason, _) = read(line) else {
            Issue.record("\(line): \(read(line))")
            return
        }
    }

    @Test func boundsAreExact() throws {
        let most = String(repeating: "\u{1F372}", count: Limits.textCharacters)
        guard case .says = read("[12:00] <a> " + most.dropLast()) else {
            Issue.record("7,999 characters are no message")
            return
        }
        #expect(read("[12:00] <a> " + most + "x") == .rejected(.tooLong, minute: 720))
        // Longer than any message can be: not even looked at.
        #expect(read("[12:00] <a> " + String(repeating: "x", count: IRCLine.bytesMax)) == .rejected(.tooLong, minute: nil))
        #expect(IRCNick(Array(repeating: UInt8(ascii: "n"), count: 32)) != nil)
        #expect(IRCNick(Array(repeating: UInt8(ascii: "n"), count: 33)) == nil)
        // 20 brackets are 60 bytes of an id of 64.
        #expect(IRCNick(Array(repeating: UInt8(ascii: "["), count: 20))?.account.rawValue.utf8.count == 64)
        #expect(IRCNick(Array(repeating: UInt8(ascii: "["), count: 21)) == nil)
    }

    @Test func bytesThatAreNoTextBecomeAMark() {
        let line = IRCLine(ArraySlice(Array("[12:00] <a> caf".utf8) + [0xE9])) { _ in false }
        guard case .says(_, "caf\u{FFFD}", 720) = line else {
            Issue.record("\(line)")
            return
        }
    }

    @Test func oneAccountANick() throws {
        #expect(try nick("Dr_Willis").account == (try nick("dr_willis")).account)
        #expect(try nick("[FreeBSD]").account.rawValue == "irc:@5bfreebsd@5d")
        // Escapes cannot meet: what stands for itself is never `@`.
        let nicks = try ["a|b", "a`b", "a^b", "a_b", "a-b", "a7cb"].map { try nick($0).account }
        #expect(Set(nicks).count == nicks.count)
    }
}
