import NIOCore
import ParleyDomain
import Testing

@testable import ParleyEngine

/// Conversations that a connection does not want to be pushed: it hears of their heads once an interval (R36).
@Suite(.timeLimit(.minutes(10)), .serialized) struct QuietSeatTests {
    private static func crowd(_ count: Int, laneSeats: Int = 256) async throws -> Crowd {
        var settings = EngineSettings()
        settings.laneSeats = laneSeats
        return try await Crowd((0..<count).map { "u\($0)" }, settings: settings)
    }

    private static func follow(_ crowd: Crowd, _ member: Int, _ conversation: String, push: Bool) async throws -> Bool {
        let session = crowd.members[member].session
        return try await crowd.run { _ in
            (session.value as? Connection)?.follow(ConversationID(trusted: conversation), push: push) ?? false
        }
    }

    /// List events are at most quiet members times intervals, however many messages there are.
    @Test(arguments: [256, 4]) func oneFrameAnInterval(laneSeats: Int) async throws {
        let crowd = try await Self.crowd(10, laneSeats: laneSeats)
        try await crowd.seat(0..<10, in: "a")
        try await crowd.seat(0..<10, in: "b")
        for member in 5..<10 {
            #expect(try await Self.follow(crowd, member, "a", push: false))
            #expect(try await Self.follow(crowd, member, "b", push: false))
        }
        for interval in 0..<3 {
            let marks = crowd.members.map(\.socket.writes.count)
            for step in 1...20 {
                let sequence = Int64(interval * 20 + step)
                try await crowd.apply([.broadcast(Crowd.broadcast("a", sequence...sequence))])
                if interval < 2 { try await crowd.apply([.broadcast(Crowd.broadcast("b", sequence...sequence))]) }
            }
            try await crowd.settle()
            for member in 5..<10 { #expect(crowd.members[member].socket.writes.count == marks[member]) }
            await crowd.bench.advance(1_000)
            try await crowd.settle()
            for (index, member) in crowd.members.enumerated() {
                let texts = member.socket.texts(after: marks[index])
                guard index >= 5 else {
                    #expect(texts.count == (interval < 2 ? 40 : 20))
                    continue
                }
                let head = interval * 20 + 20
                let heads = interval < 2 ? #"{"a":\#(head),"b":\#(head)}"# : #"{"a":\#(head)}"#
                #expect(texts == [#"{"type":"heads","heads":\#(heads)}"#])
            }
        }
        // Nothing new, nothing told.
        let before = try await crowd.writes()
        await crowd.bench.advance(1_000)
        try await crowd.settle()
        #expect(try await crowd.writes() == before)
        await crowd.close()
    }

    @Test(arguments: [256, 4]) func quietConnectionGetsItsAcksAndItsPushesBack(laneSeats: Int) async throws {
        let crowd = try await Self.crowd(6, laneSeats: laneSeats)
        try await crowd.seat(0..<6, in: "a")
        let socket = crowd.members[0].socket
        #expect(try await Self.follow(crowd, 0, "elsewhere", push: false) == false)
        #expect(try await Self.follow(crowd, 0, "a", push: false))
        try await crowd.apply([.broadcast(Crowd.broadcast("a", 1...3, by: [2: crowd.origin(0, 7)]))])
        try await crowd.settle()
        #expect(socket.summary == ["hello", "ready", "ack 2"])
        // It is told where the conversation stands, and pushed what comes after.
        #expect(try await Self.follow(crowd, 0, "a", push: true))
        #expect(socket.texts.last == #"{"type":"heads","heads":{"a":3}}"#)
        try await crowd.apply([.broadcast(Crowd.broadcast("a", 4...4))])
        try await crowd.settle()
        #expect(socket.summary.last == "event 4")
        // Who goes while he is quiet gets the entry that ended his membership, not what was said before, and nothing more of it.
        #expect(try await Self.follow(crowd, 0, "a", push: false))
        let ending = Crowd.broadcast("a", 6...6)
        try await crowd.apply([
            .broadcast(Crowd.broadcast("a", 5...5)), .broadcast(ending),
            .part(crowd.members[0].user, ConversationID(trusted: "a"), ending: ending),
        ])
        try await crowd.settle()
        #expect(socket.summary.suffix(2) == ["event 4", "event 6"])
        let count = socket.writes.count
        await crowd.bench.advance(1_000)
        try await crowd.settle()
        #expect(socket.writes.count == count)
        await crowd.close()
    }

    /// A quiet client that does not read is not written to; when it reads again it gets the head with the others.
    @Test func quietAndBehind() async throws {
        let crowd = try await Self.crowd(2)
        try await crowd.seat(0..<2, in: "a")
        #expect(try await Self.follow(crowd, 0, "a", push: false))
        let (socket, session) = (crowd.members[0].socket, crowd.members[0].session)
        socket.isWritable = false
        try await crowd.apply([.broadcast(Crowd.broadcast("a", 1...1))])
        await crowd.bench.advance(1_000)
        try await crowd.settle()
        #expect(socket.summary == ["hello", "ready"])
        socket.isWritable = true
        _ = try await crowd.run { _ in session.value.becameWritable() }
        #expect(socket.texts.last == #"{"type":"behind","heads":{"a":1}}"#)
        await crowd.close()
    }
}
