import NIOEmbedded
import ParleyDomain
import ParleyTestKit
import Testing

@testable import ParleyEngine

/// Who hears of whom: typing, presence, and what concerns somebody who has no seat (B2).
@Suite(.timeLimit(.minutes(10))) struct CompanyTests {
    private static func texts(_ socket: FakeSocket, _ type: String) -> [String] {
        socket.texts.filter { $0.hasPrefix(#"{"type":"\#(type)","#) }
    }

    // MARK: Typing

    /// The connections of a large room are in lanes; they hear of it as those of a small one do.
    @Test(arguments: [256, 2]) func typingReachesRoomsOfEverySize(laneSeats: Int) async throws {
        var settings = EngineSettings()
        settings.laneSeats = laneSeats
        let bench = try EngineBench(users: ["ann", "bob", "cem", "dan"], settings: settings)
        let (ann, annSession) = try await bench.enter("ann")
        let others = [try await bench.enter("bob").0, try await bench.enter("cem").0, try await bench.enter("dan").0]
        let group = try await bench.group(of: ["bob", "cem", "dan"], by: annSession, at: ann)
        try await bench.say(#"{"type":"typing","id":2,"conversation":"\#(group)"}"#, on: annSession)
        try await bench.until { ann.summary.last == "ok" }
        await bench.advance(1_000)
        let wanted = [#"{"type":"typing","conversation":"\#(group)","users":["ann"]}"#]
        try await bench.until { others.allSatisfy { Self.texts($0, "typing") == wanted } }
        #expect(Self.texts(ann, "typing").isEmpty)
        await bench.close()
    }

    /// Who may not write to the others is refused as a message of his would be, and nobody hears of it.
    @Test func whoMayNotWriteDoesNotShowAsTyping() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let mute = #"{"type":"mute","id":2,"conversation":"\#(group)","client_id":"m","user":"bob","until":9000000}"#
        try await bench.say(mute, on: annSession)
        try await bench.until { bob.summary.last == "event 2" }
        try await bench.say(#"{"type":"typing","id":3,"conversation":"\#(group)"}"#, on: bobSession)
        try await bench.until { bob.summary.last == "error muted" }
        let direct = #"{"type":"create","id":3,"client_id":"d","kind":"direct","members":["bob"]}"#
        try await bench.say(direct, on: annSession)
        try await bench.until { Self.texts(ann, "created").count == 2 }
        let pair = Engine.directConversation(of: UserID(trusted: "ann"), UserID(trusted: "bob"))
        #expect(try await bench.exchange(#"{"type":"block","id":1,"user":"bob","on":true}"#, as: "ann").status == 200)
        try await bench.say(#"{"type":"typing","id":4,"conversation":"\#(pair)"}"#, on: bobSession)
        try await bench.until { bob.summary.last == "error blocked" }
        try await bench.say(#"{"type":"dissolve","id":5,"conversation":"\#(group)","client_id":"x"}"#, on: annSession)
        try await bench.until { bob.summary.last == "event 3" }
        try await bench.say(#"{"type":"typing","id":6,"conversation":"\#(group)"}"#, on: bobSession)
        try await bench.until { bob.summary.last == "error dissolved" }
        await bench.advance(1_000)
        await bench.advance(1_000)
        #expect(Self.texts(ann, "typing").isEmpty)
        await bench.close()
    }

    // MARK: Presence

    /// What one may not ask any more one is not told either: after the last conversation in common, and after a block.
    @Test(arguments: ["remove", "block"]) func aWatchEndsWithTheRight(by ending: String) async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.say(#"{"type":"presence","id":5,"users":["ann"],"watch":true}"#, on: bobSession)
        try await bench.until { Self.texts(bob, "presence").count == 1 }
        try await bench.say(#"{"type":"presence","id":5,"users":["bob"],"watch":true}"#, on: annSession)
        try await bench.until { Self.texts(ann, "presence").count == 1 }
        if ending == "remove" {
            let remove = #"{"type":"remove","id":6,"conversation":"\#(group)","client_id":"r","user":"bob"}"#
            try await bench.say(remove, on: annSession)
            try await bench.until { bob.summary.last == "event 2" }
        } else {
            // The block itself takes nothing from who still shares a group: what is asked anew is what a question says.
            #expect(try await bench.exchange(#"{"type":"block","id":1,"user":"bob","on":true}"#, as: "ann").status == 200)
        }
        let question = try await bench.exchange(#"{"type":"presence","id":7,"users":["ann"]}"#, as: "bob").text
        let isTold = question.contains(#""user":"ann""#)
        #expect(isTold == (ending == "block"))
        let user = UserID(trusted: "ann")
        let engine = bench.engine
        try await bench.until { (engine.delivery(on: bench.loop).signals.watchers[user] != nil) == isTold }
        await bench.close()
    }

    /// Of a few people who are online, those are counted who let themselves be seen.
    @Test func whoHidesIsNotCounted() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        _ = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let ask = #"{"type":"presence","id":6,"conversation":"\#(group)"}"#
        #expect(try await bench.exchange(ask, as: "ann").text.contains(#""online":2"#))
        _ = try await bench.exchange(#"{"type":"preferences","id":1,"presence":false}"#, as: "bob")
        #expect(try await bench.exchange(ask, as: "ann").text.contains(#""online":1"#))
        await bench.close()
    }

    // MARK: Without a seat

    /// Who is invited, asks to be let in, or is declined, and has a connection, hears of it at once by the conversation's head.
    @Test func whoHasNoSeatIsToldOfWhatConcernsHim() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, _) = try await bench.enter("bob")
        let group = try await bench.group(of: ["cem"], by: annSession, at: ann)
        let invite = #"{"type":"invite","id":2,"conversation":"\#(group)","client_id":"i","users":["bob"]}"#
        try await bench.say(invite, on: annSession)
        try await bench.until { bob.texts.last == #"{"type":"heads","heads":{"\#(group)":2}}"# }
        let decline = #"{"type":"decline","id":3,"conversation":"\#(group)","client_id":"d","user":"bob"}"#
        try await bench.say(decline, on: annSession)
        try await bench.until { bob.texts.last == #"{"type":"heads","heads":{"\#(group)":3}}"# }
        // Members hear of it by the entries alone.
        #expect(Self.texts(ann, "heads").isEmpty)
        await bench.close()
    }

    /// A client that does not read and whose user is removed meanwhile learns that the conversation went on when it reads again.
    @Test func whoIsRemovedWhileBehindLearnsOfIt() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        bob.isWritable = false
        try await bench.send(group, 5, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" && bob.pauses == 1 }
        try await bench.say(#"{"type":"remove","id":6,"conversation":"\#(group)","client_id":"r","user":"bob"}"#, on: annSession)
        try await bench.until { ann.summary.last == "ack 3" }
        bob.isWritable = true
        let session = Carried(bobSession)
        try await bench.loop.executeInContext { session.value.becameWritable() }
        #expect(bob.texts.last == #"{"type":"behind","heads":{"\#(group)":3}}"#)
        await bench.close()
    }
}
