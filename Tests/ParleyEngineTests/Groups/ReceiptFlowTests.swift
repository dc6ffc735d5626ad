import NIOEmbedded
import ParleyDomain
import Testing

@testable import ParleyEngine

/// Who has read, from the acknowledgement's frame to the sender's screen: pushed, asked for, and at the next log-in.
@Suite(.timeLimit(.minutes(10))) struct ReceiptFlowTests {
    private static func receipts(_ socket: FakeSocket) -> [String] {
        socket.texts.filter { $0.hasPrefix(#"{"type":"receipts","#) }
    }

    /// However many read within a second, the sender gets one frame.
    @Test func senderIsToldOnceASecondHoweverManyRead() async throws {
        let names = (1...30).map { "u\($0)" }
        let bench = try EngineBench(users: ["ann"] + names)
        let (ann, annSession) = try await bench.enter("ann")
        var readers: [(FakeSocket, any SocketSession)] = []
        for name in names { readers.append(try await bench.enter(name)) }
        let group = try await bench.group(of: names, by: annSession, at: ann)
        for number in 10..<15 { try await bench.send(group, number, on: annSession) }
        try await bench.until { ann.summary.last == "ack 6" }
        for (_, session) in readers {
            try await bench.say(#"{"type":"read","id":1,"conversation":"\#(group)","sequence":6}"#, on: session)
        }
        let sockets = readers.map(\.0)
        try await bench.until { sockets.allSatisfy { $0.summary.last == "ok" } }
        #expect(Self.receipts(ann).isEmpty)
        await bench.advance(1_000)
        try await bench.until { !Self.receipts(ann).isEmpty }
        await bench.advance(1_000)
        await bench.advance(1_000)
        let counts = (2...6).map { #"{"sequence":\#($0),"total":30,"read":30,"delivered":30}"# }.joined(separator: ",")
        #expect(Self.receipts(ann) == [#"{"type":"receipts","conversation":"\#(group)","counts":[\#(counts)]}"#])
        // Nobody but the sender hears of it.
        #expect(sockets.allSatisfy { Self.receipts($0).isEmpty })
        await bench.close()
    }

    /// A position that waits to be written counts at once, and the same is told by asking, by the list and over HTTP.
    @Test func askingTellsTheSame() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob", "cem"], by: annSession, at: ann)
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" }
        let read = try await bench.exchange(#"{"type":"read","id":1,"conversation":"\#(group)","sequence":2}"#, as: "bob")
        #expect(read.status == 200)
        let counts = try await bench.exchange(#"{"type":"receipts","id":2,"conversation":"\#(group)"}"#, as: "ann")
        #expect(counts.text.contains(#"[{"sequence":2,"total":2,"read":1,"delivered":1}]"#))
        let list = #"{"type":"readers","id":3,"conversation":"\#(group)","sequence":2,"list":"unread"}"#
        let unread = try await bench.exchange(list, as: "ann")
        #expect(unread.text.contains(#""members":[{"user":"cem","name":"cem","slot":3}],"more":false"#))
        // Others have no business with it; who is no member learns nothing.
        #expect(try await bench.exchange(list, as: "bob").text.contains("no_message"))
        #expect(try await bench.exchange(list, as: "eve").text.contains("not_member"))
        await bench.close()
    }

    /// What a reader was answered `ok` for is in his list, on every device and door, before the second is over.
    @Test func theListSaysWhatTheReaderWasTold() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let sync = #"{"type":"sync","id":3}"#
        for sequence in 2...4 {
            try await bench.send(group, sequence, on: annSession)
            try await bench.until { ann.summary.last == "ack \(sequence)" }
            let read = #"{"type":"read","id":1,"conversation":"\#(group)","sequence":\#(sequence)}"#
            if sequence == 3 {
                try await bench.say(read, on: bobSession)
                try await bench.until { bob.summary.last == "ok" }
            } else {
                #expect(try await bench.exchange(read, as: "bob").status == 200)
            }
            let told = try await bench.exchange(sync, as: "bob").text
            #expect(told.contains(#""read":\#(sequence),"delivered":\#(sequence),"unread":0"#), "\(told)")
        }
        await bench.close()
    }

    @Test func groupMayTurnReceiptsOff() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.send(group, 10, on: annSession)
        let change = #"{"type":"change","id":2,"conversation":"\#(group)","client_id":"c","rules":{"receipts":false}}"#
        try await bench.say(change, on: annSession)
        try await bench.until { ann.summary.last == "ack 3" }
        let answer = try await bench.exchange(#"{"type":"receipts","id":2,"conversation":"\#(group)"}"#, as: "ann")
        #expect(answer.status == 409)
        #expect(answer.text.contains("receipts_off"))
        await bench.close()
    }

    /// Who turns his receipts off is not counted in what is sent from then on, and is where it was sent before.
    @Test func memberMayTurnHisReceiptsOff() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob", "cem"], by: annSession, at: ann)
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" }
        _ = try await bench.exchange(#"{"type":"preferences","id":1,"receipts":false}"#, as: "bob")
        try await bench.send(group, 11, on: annSession)
        try await bench.until { ann.summary.last == "ack 3" }
        _ = try await bench.exchange(#"{"type":"read","id":1,"conversation":"\#(group)","sequence":3}"#, as: "bob")
        let counts = try await bench.exchange(#"{"type":"receipts","id":2,"conversation":"\#(group)"}"#, as: "ann")
        let wanted = #"[{"sequence":2,"total":2,"read":1,"delivered":1},{"sequence":3,"total":1,"read":0,"delivered":0}]"#
        #expect(counts.text.contains(wanted))
        await bench.close()
    }

    /// Who has his receipts off is not counted either where he joins while the sender's counts are in use.
    @Test func whoJoinsWithReceiptsOffIsNotCounted() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let ask = #"{"type":"receipts","id":2,"conversation":"\#(group)"}"#
        _ = try await bench.exchange(ask, as: "ann")
        _ = try await bench.exchange(#"{"type":"preferences","id":1,"receipts":false}"#, as: "cem")
        try await bench.say(#"{"type":"add","id":2,"conversation":"\#(group)","client_id":"a","users":["cem"]}"#, on: annSession)
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 3" }
        #expect(try await bench.exchange(ask, as: "ann").text.contains(#"[{"sequence":3,"total":1,"read":0,"delivered":0}]"#))
        await bench.close()
    }

    /// What a question would not say is not pushed: to who was removed, of what was recalled, where receipts are off.
    @Test func pushesSayWhatAQuestionWould() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob", "cem"], by: annSession, at: ann)
        try await bench.send(group, 10, on: bobSession)
        try await bench.send(group, 11, on: annSession)
        try await bench.send(group, 12, on: annSession)
        try await bench.until { ann.summary.contains("ack 4") && bob.summary.contains("event 4") }
        func read(_ sequence: Int) async throws {
            let frame = #"{"type":"read","id":1,"conversation":"\#(group)","sequence":\#(sequence)}"#
            #expect(try await bench.exchange(frame, as: "cem").status == 200)
            await bench.advance(1_000)
            await bench.advance(1_000)
        }
        // The desk is loaded with the first position, and what follows is told: the answer is there when one is.
        try await read(2)
        try await bench.until { Self.receipts(bob).count == 1 }
        try await bench.say(#"{"type":"remove","id":2,"conversation":"\#(group)","client_id":"r","user":"bob"}"#, on: annSession)
        try await bench.say(#"{"type":"recall","id":3,"conversation":"\#(group)","client_id":"s","target":3}"#, on: annSession)
        try await bench.until { ann.summary.last == "ack 6" }
        try await read(3)
        try await read(4)
        try await bench.until { Self.receipts(ann).contains { $0.contains(#"{"sequence":4,"#) } }
        #expect(!Self.receipts(ann).contains { $0.contains(#"{"sequence":3,"#) })
        #expect(Self.receipts(bob).count == 1)
        let change = #"{"type":"change","id":4,"conversation":"\#(group)","client_id":"c","rules":{"receipts":false}}"#
        try await bench.send(group, 13, on: annSession)
        try await bench.say(change, on: annSession)
        try await bench.until { ann.summary.last == "ack 8" }
        let told = Self.receipts(ann).count
        try await read(7)
        #expect(Self.receipts(ann).count == told)
        await bench.close()
    }

    /// Others who write much do not take a sender's messages out of his sight, and what he asks for after he was away he is told on.
    @Test func aSenderIsToldOfHisOwnNewestMessages() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob", "cem"], by: annSession, at: ann)
        try await bench.send(group, 10, on: bobSession)
        try await bench.until { bob.summary.last == "ack 2" }
        for number in 100..<(100 + Limits.receiptsFollowed + 6) { try await bench.send(group, number, on: annSession) }
        let last = Limits.receiptsFollowed + 8
        try await bench.until { ann.summary.contains("ack \(last)") }
        _ = try await bench.exchange(#"{"type":"read","id":1,"conversation":"\#(group)","sequence":2}"#, as: "cem")
        for _ in 0..<4 where Self.receipts(bob).isEmpty { await bench.advance(1_000) }
        try await bench.until { Self.receipts(bob).count == 1 }
        #expect(Self.receipts(bob)[0].contains(#"{"sequence":2,"total":2,"read":1,"delivered":1}"#))
        // Another is sent while no connection of his is there.
        let session = Carried(bobSession)
        try await bench.loop.executeInContext { session.value.disconnected() }
        #expect(try await bench.exchange(EngineBench.sending(group, 11), as: "bob").status == 200)
        let (again, asking) = try await bench.enter("bob")
        try await bench.say(#"{"type":"receipts","id":2,"conversation":"\#(group)"}"#, on: asking)
        try await bench.until { Self.receipts(again).count == 1 }
        _ = try await bench.exchange(#"{"type":"read","id":1,"conversation":"\#(group)","sequence":\#(last + 1)}"#, as: "cem")
        for _ in 0..<4 where Self.receipts(again).count < 2 { await bench.advance(1_000) }
        try await bench.until { Self.receipts(again).count == 2 }
        #expect(Self.receipts(again)[1].contains(#"{"sequence":\#(last + 1),"total":2,"read":1,"delivered":1}"#))
        await bench.close()
    }

    /// With a retention, old messages keep their counts, and lists are no longer answered (R52).
    @Test func oldReceiptsAreFrozen() async throws {
        var settings = EngineSettings()
        settings.receiptRetentionMilliseconds = 3_600_000
        let bench = try EngineBench(users: ["ann", "bob"], settings: settings)
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" }
        _ = try await bench.exchange(#"{"type":"read","id":1,"conversation":"\#(group)","sequence":2}"#, as: "bob")
        let ask = #"{"type":"receipts","id":2,"conversation":"\#(group)"}"#
        let before = try await bench.exchange(ask, as: "ann").text
        // Past the retention, and then the minute in which the job runs; the book may have to be loaded in the first.
        await bench.advance(3_600_001)
        for _ in 0..<130 { await bench.advance(1_000) }
        let list = #"{"type":"readers","id":2,"conversation":"\#(group)","sequence":2,"list":"read"}"#
        var archived = ""
        for _ in 0..<200 where !archived.contains("archived") { archived = try await bench.exchange(list, as: "ann").text }
        #expect(archived.contains("archived"))
        #expect(try await bench.exchange(ask, as: "ann").text == before)
        await bench.close()
    }
}
