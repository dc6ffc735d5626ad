import NIOCore
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyEngine

/// Connections of both encodings in one room: each gets its own, made once for all of them, and only if somebody wants it.
@Suite(.timeLimit(.minutes(10))) struct EncodingTests {
    /// Where the bytes of a socket's last write lie.
    private static func place(_ socket: FakeSocket) -> UInt {
        socket.writes.last?.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } ?? 0
    }

    private static func opcode(_ socket: FakeSocket) -> UInt8? {
        socket.writes.last?.getInteger(at: socket.writes.last?.readerIndex ?? 0)
    }

    /// A message is encoded once as JSON and once in the binary encoding, for members in one list and for members in lanes; a run
    /// of messages is joined once.
    @Test(arguments: [256, 8]) func eachEncodingIsMadeOncePerMessage(laneSeats: Int) async throws {
        var settings = EngineSettings()
        settings.laneSeats = laneSeats
        let crowd = try await Crowd((0..<40).map { "u\($0)" }, settings: settings, binary: Set(20..<40))
        try await crowd.seat(0..<40, in: "a")
        for sequences in [1...1, 2...5] as [ClosedRange<Int64>] {
            let broadcasts = sequences.map { Crowd.broadcast("a", $0...$0) }
            let marks = crowd.members.map(\.socket.writes.count)
            try await crowd.apply(broadcasts.map { .broadcast($0) })
            try await crowd.settle()
            for (index, member) in crowd.members.enumerated() {
                #expect(member.socket.writes.count == marks[index] + 1)
                #expect(Self.opcode(member.socket) == (index < 20 ? 0x81 : 0x82))
                #expect(member.socket.summary(after: marks[index]) == sequences.map { "event \($0)" })
                #expect(member.socket.texts.last == crowd.members[0].socket.texts.last)
            }
            let places = crowd.members.map { Self.place($0.socket) }
            #expect(Set(places[..<20]).count == 1)
            #expect(Set(places[20...]).count == 1)
            #expect(broadcasts.filter { $0.hasBinary }.count == broadcasts.count)
        }
        await crowd.close()
    }

    /// Where nobody speaks it, the binary encoding costs nothing.
    @Test(arguments: [256, 8]) func nothingIsMadeForNobody(laneSeats: Int) async throws {
        var settings = EngineSettings()
        settings.laneSeats = laneSeats
        let crowd = try await Crowd((0..<20).map { "u\($0)" }, settings: settings, binary: [19])
        try await crowd.seat(0..<19, in: "a")
        let broadcast = Crowd.broadcast("a", 1...3, by: [2: crowd.origin(4, 7)])
        try await crowd.apply([.broadcast(broadcast)])
        try await crowd.settle()
        #expect(crowd.members[4].socket.summary.suffix(3) == ["event 1", "ack 2", "event 3"])
        #expect(!broadcast.hasBinary)
        // An asker of that encoding who has no seat gets his ack, and events are made for nobody.
        let other = Crowd.broadcast("a", 4...5, by: [5: crowd.origin(19, 8)])
        try await crowd.apply([.broadcast(other)])
        try await crowd.settle()
        #expect(crowd.members[19].socket.summary.last == "ack 5" && Self.opcode(crowd.members[19].socket) == 0x82)
        #expect(!other.hasBinary)
        await crowd.close()
    }

    /// Acks in the places of events, what waits while a client does not read, and heads: as in JSON.
    @Test(arguments: [Subprotocol.json, .binary], [256, 2]) func everythingElseIsTheSame(subprotocol: Subprotocol, laneSeats: Int)
        async throws
    {
        var settings = EngineSettings()
        settings.laneSeats = laneSeats
        let crowd = try await Crowd(["u0", "u1", "u2", "u3"], settings: settings, binary: subprotocol == .binary ? [0] : [])
        try await crowd.seat(0..<4, in: "a")
        let (socket, session) = (crowd.members[0].socket, crowd.members[0].session)
        try await crowd.apply([.broadcast(Crowd.broadcast("a", 1...3, by: [2: crowd.origin(0, 7)]))])
        try await crowd.settle()
        #expect(socket.summary == ["hello", "ready", "event 1", "ack 2", "event 3"])
        #expect(socket.texts.first?.hasPrefix(#"{"type":"hello","protocol":"\#(subprotocol.rawValue)","#) == true)
        socket.isWritable = false
        try await crowd.apply([.broadcast(Crowd.broadcast("a", 4...5, by: [5: crowd.origin(0, 8)]))])
        try await crowd.settle()
        try await crowd.apply([.broadcast(Crowd.broadcast("a", 6...6))])
        try await crowd.settle()
        #expect(socket.summary.suffix(1) == ["ack 5"])
        socket.isWritable = true
        _ = try await crowd.run { _ in session.value.becameWritable() }
        #expect(socket.texts.last == #"{"type":"behind","heads":{"a":6}}"#)
        let opcodes = Set(socket.writes.compactMap { $0.getInteger(at: $0.readerIndex, as: UInt8.self) })
        #expect(opcodes == [subprotocol == .binary ? 0x82 : 0x81])
        await crowd.close()
    }

    /// A client that sends what it did not agree on is told so, in what it agreed on, and let go.
    @Test func wrongKindOfFrameEndsTheConnection() async throws {
        let bench = try EngineBench(users: ["ann"])
        let ping = #"{"type":"ping","id":1}"#
        let (binary, binarySession) = try await bench.enter("ann", .binary)
        try await bench.say(ping, on: binarySession, in: .binary)
        #expect(binary.summary.last == "pong")
        try await bench.say(ping, on: binarySession)
        #expect(binary.summary.last == "error not_binary" && binary.closed == 4400)
        let (text, textSession) = try await bench.enter("ann")
        try await bench.say(ping, on: textSession, in: .binary)
        #expect(text.summary.last == "error not_text" && text.closed == 4400)
        await bench.close()
    }

    /// Over HTTP too: the same request in either encoding is one decision and one answer.
    @Test func exchangeSpeaksBoth() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        for request in [
            EngineBench.sending(group, 10), EngineBench.sending("nowhere", 11),
            #"{"type":"history","id":1,"conversation":"\#(group)"}"#,
            #"{"type":"sync","id":1}"#, #"{"type":"nonsense","id":5}"#,
        ] {
            let text = try await bench.exchange(request, as: "bob")
            let binary = try await bench.exchange(EngineBench.binary(request), in: .binary, as: "bob")
            #expect(binary.status == text.status)
            #expect(binary.body == EngineBench.binary(text.text), "\(request)")
        }
        #expect(try await bench.exchange(ByteBuffer(), in: .binary, as: "bob").status == 400)
        await bench.close()
    }
}
