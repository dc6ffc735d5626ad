import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyTestKit
import ParleyWire
import Testing

@testable import ParleyEngine

/// What connections get, in which order, in how many writes.
@Suite(.timeLimit(.minutes(10))) struct DeliveryTests {
    @Test func ackStandsInThePlaceOfTheEvent() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" && bob.summary.last == "event 2" }
        try await bench.send(group, 11, on: bobSession)
        try await bench.until { ann.summary.last == "event 3" && bob.summary.last == "ack 3" }
        // The maker of a group sees its first entry like the others, and then the answer.
        #expect(ann.summary == ["hello", "ready", "event 1", "created 1", "ack 2", "event 3"])
        #expect(bob.summary == ["hello", "ready", "event 1", "event 2", "ack 3"])
        await bench.close()
    }

    @Test func sameClientIDGetsTheSameAckAndIsNotDeliveredAgain() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, _) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        for _ in 0..<3 { try await bench.send(group, 10, on: annSession) }
        try await bench.until { ann.summary.filter { $0 == "ack 2" }.count == 3 }
        #expect(Set(ann.texts.filter { $0.hasPrefix(#"{"type":"ack""#) }).count == 1)
        #expect(bob.summary == ["hello", "ready", "event 1", "event 2"])
        await bench.close()
    }

    @Test func everyDeviceOfAUserGetsWhatAnotherSent() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (phone, phoneSession) = try await bench.enter("ann")
        let (laptop, _) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: phoneSession, at: phone)
        try await bench.send(group, 10, on: phoneSession)
        try await bench.until { phone.summary.last == "ack 2" && laptop.summary.last == "event 2" }
        try await bench.say(#"{"type":"read","id":5,"conversation":"\#(group)","sequence":2}"#, on: phoneSession)
        try await bench.until { phone.summary.last == "ok" && laptop.summary.last == "position" }
        await bench.close()
    }

    /// A batch for a room costs each member one write, and members share its bytes.
    @Test func batchIsOneWritePerMemberFromOneBuffer() async throws {
        let bench = try EngineBench(users: (0..<20).map { "u\($0)" })
        let (owner, ownerSession) = try await bench.enter("u0")
        var members: [FakeSocket] = []
        for number in 1..<20 { members.append(try await bench.enter("u\(number)").0) }
        let group = try await bench.group(of: (1..<20).map { "u\($0)" }, by: ownerSession, at: owner)
        let sockets = members
        try await bench.until { sockets.allSatisfy { $0.summary.last == "event 1" } }
        let before = members.map(\.writes.count)
        let entries = (2...9).map { sequence in
            Entry(
                conversation: ConversationID(trusted: group), sequence: Int64(sequence), id: Int64(sequence), stamp: 1,
                kind: .message,
                sender: UserID(trusted: "u0"), clientID: ClientID(trusted: "x\(sequence)"), time: 1, messageOrdinal: 1,
                senderOrdinal: 1,
                content: Array(#"{"type":"text","text":"hi"}"#.utf8))
        }
        var publication = Publication(conversation: ConversationID(trusted: group))
        publication.entries = entries
        publication.origins = entries.map { _ in .nobody }
        bench.engine.deliver([.publish(publication)])
        try await bench.until { sockets.allSatisfy { $0.summary.last == "event 9" } }
        for (socket, count) in zip(members, before) { #expect(socket.writes.count == count + 1) }
        let addresses = Set(
            members.map { socket in
                socket.writes[socket.writes.count - 1].withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
            })
        #expect(addresses.count == 1)
        await bench.close()
    }

    /// However many connections a batch concerns, a turn of the loop writes to a bounded number, and others get their turns.
    @Test func longFanOutYieldsBetweenChunks() async throws {
        var settings = EngineSettings()
        settings.connectionsPerTurn = 4
        let bench = try EngineBench(users: (0..<10).map { "u\($0)" }, settings: settings)
        let (owner, ownerSession) = try await bench.enter("u0")
        var members: [FakeSocket] = []
        for number in 1..<10 { members.append(try await bench.enter("u\(number)").0) }
        let group = try await bench.group(of: (1..<10).map { "u\($0)" }, by: ownerSession, at: owner)
        let sockets = members
        try await bench.until { sockets.allSatisfy { $0.summary.last == "event 1" } }
        let entry = Entry(
            conversation: ConversationID(trusted: group), sequence: 2, id: 2, stamp: 1, kind: .message,
            sender: UserID(trusted: "u0"),
            clientID: ClientID(trusted: "x"), time: 1, messageOrdinal: 1, senderOrdinal: 1, content: Array("{}".utf8))
        var publication = Publication(conversation: entry.conversation)
        publication.entries = [entry]
        publication.origins = [.nobody]
        let engine = bench.engine
        let broadcast = publication
        let loop = bench.loop
        // Everything happens inside one task of the loop, so that what is written before the next task can be counted.
        let first = try await loop.executeInContext {
            let delivery = engine.delivery(on: loop)
            var encoder = FrameEncoder()
            delivery.apply([.broadcast(Broadcast(broadcast, encoder: &encoder))])
            return ([owner] + sockets).filter { $0.summary.last == "event 2" }.count
        }
        // Not all of a turn's writes need be left: what was written since the last turn began counts.
        #expect((0...4).contains(first))
        try await bench.until { sockets.allSatisfy { $0.summary.last == "event 2" } }
        await bench.close()
    }

    @Test func slowReaderIsNotBufferedForAndLearnsTheHeads() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        bob.isWritable = false
        let writes = bob.writes.count
        for id in 10..<40 { try await bench.send(group, id, on: annSession) }
        try await bench.until { ann.summary.filter { $0.hasPrefix("ack") }.count == 30 }
        #expect(bob.writes.count == writes)
        #expect(bob.pauses == 1)
        bob.isWritable = true
        let session = Carried(bobSession)
        try await bench.loop.executeInContext { session.value.becameWritable() }
        try await bench.until { bob.summary.last == "behind" }
        #expect(bob.texts.last == #"{"type":"behind","heads":{"\#(group)":31}}"#)
        #expect(bob.resumes == 1)
        // From here on he is pushed to again.
        try await bench.send(group, 50, on: annSession)
        try await bench.until { bob.summary.last == "event 32" }
        await bench.close()
    }

    @Test func heartbeatCarriesOnlyHeadsThatMoved() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, _) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        for _ in 0..<31 { await bench.advance(1_000) }
        try await bench.until { bob.summary.last == "heartbeat" }
        #expect(try #require(bob.texts.last).contains(#""heads":{"\#(group)":1}"#))
        for _ in 0..<31 { await bench.advance(1_000) }
        try await bench.until { bob.summary.filter { $0 == "heartbeat" }.count == 2 }
        #expect(try #require(bob.texts.last).contains(#""heads":{}"#))
        await bench.close()
    }

    @Test func removedMemberSeesHisRemovalAndNothingAfter() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.say(#"{"type":"remove","id":2,"client_id":"r","conversation":"\#(group)","user":"bob"}"#, on: annSession)
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 3" }
        #expect(bob.summary == ["hello", "ready", "event 1", "event 2"])
        try await bench.send(group, 11, on: bobSession)
        try await bench.until { bob.summary.last == "error not_member" }
        await bench.close()
    }

    @Test func oneConnectionIsLiveInAllGroupsOfItsUser() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "carl"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let (carl, carlSession) = try await bench.enter("carl")
        let first = try await bench.group(of: ["carl"], by: annSession, at: ann)
        let second = try await bench.group(of: ["carl"], by: bobSession, at: bob)
        try await bench.send(first, 10, on: annSession)
        try await bench.send(second, 10, on: bobSession)
        try await bench.until { carl.texts.filter { $0.contains(#""kind":"message""#) }.count == 2 }
        try await bench.send(second, 11, on: carlSession)
        try await bench.until { bob.summary.last == "event 3" }
        // Leaving one group leaves the other as it was.
        try await bench.say(#"{"type":"leave","id":12,"client_id":"l","conversation":"\#(second)"}"#, on: carlSession)
        try await bench.until { bob.summary.last == "event 4" }
        try await bench.send(second, 13, on: bobSession)
        try await bench.send(first, 13, on: annSession)
        try await bench.until { carl.summary.last == "event 3" && bob.summary.last == "ack 5" }
        #expect(carl.texts.last?.contains(first) == true)
        #expect(!carl.texts.contains { $0.contains(second) && $0.contains(#""sequence":5,"#) })
        await bench.close()
    }
}
