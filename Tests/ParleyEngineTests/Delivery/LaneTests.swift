import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyEngine

/// Large rooms are served in lanes (R25), and nobody's answer waits behind them (R28). Counts only: what a turn takes in time is
/// for the bench.
@Suite(.timeLimit(.minutes(10))) struct LaneTests {
    private static func settings(_ change: (inout EngineSettings) -> Void = { _ in }) -> EngineSettings {
        var settings = EngineSettings()
        settings.laneSeats = 10
        settings.laneFrames = 8
        settings.connectionsPerTurn = 32
        change(&settings)
        return settings
    }

    private static func names(_ count: Int) -> [String] { (0..<count).map { "u\($0)" } }

    @Test func noTurnWritesMoreThanItsBudget() async throws {
        let crowd = try await Crowd(Self.names(200), settings: Self.settings())
        try await crowd.seat(0..<200, in: "big")
        let before = try await crowd.writes()
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 1...1))])
        #expect(try await crowd.writes() - before == 32)
        // The next turn is not due before the loop has looked at its sockets: tasks alone do not bring it.
        await crowd.bench.loop.run()
        #expect(try await crowd.writes() - before == 32)
        let turns = try await crowd.settle()
        #expect(turns.allSatisfy { $0 <= 32 })
        #expect(turns.reduce(32, +) == 200)
        for member in crowd.members { #expect(member.socket.summary == ["hello", "ready", "event 1"]) }
        await crowd.close()
    }

    /// Writes may take 20 µs each instead of 1: a turn ends by the clock too, which is looked at every 16 writes.
    @Test func noTurnIsLongerThanItsTime() async throws {
        let crowd = try await Crowd(
            Self.names(300),
            settings: Self.settings {
                $0.connectionsPerTurn = 256; $0.turnMicroseconds = 500
            })
        try await crowd.seat(0..<300, in: "big")
        crowd.bench.setStep(170_000)
        let before = try await crowd.writes()
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 1...1))])
        #expect(try await crowd.writes() - before == 48)
        let turns = try await crowd.settle()
        #expect(turns.allSatisfy { $0 <= 48 })
        #expect(turns.reduce(48, +) == 300)
        await crowd.close()
    }

    /// Ten thousand connections are not looked at in one go; each still is, once a second.
    @Test func aSweepIsSpreadOverTurns() async throws {
        let crowd = try await Crowd(Self.names(600), settings: Self.settings { $0.connectionsPerTurn = 10_000 })
        let before = try await crowd.writes()
        crowd.bench.wind(30_000)
        try await crowd.run { $0.sweep() }
        #expect(try await crowd.writes() - before == 512)
        await crowd.bench.loop.advanceTime(by: .milliseconds(2))
        try await crowd.settle()
        #expect(try await crowd.writes() - before == 600)
        await crowd.close()
    }

    /// A turn gives way when other tasks kept the loop from its sockets since the last one, but not for ever.
    @Test func turnsLeaveTimeForSockets() async throws {
        let crowd = try await Crowd(Self.names(40), settings: Self.settings { $0.connectionsPerTurn = 4 })
        try await crowd.seat(0..<40, in: "big")
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 1...1))])
        let before = try await crowd.writes()
        var seen: [Int] = []
        for _ in 0..<3 {
            try await crowd.apply([.bell(ConversationID(trusted: "big"), head: 1)])
            await crowd.turn()
            seen.append(try await crowd.writes() - before)
        }
        #expect(seen == [0, 0, 4])
        await crowd.close()
    }

    /// However large a room is, another one has its turn after `laneFrames` writes.
    @Test func largeRoomsTakeTurns() async throws {
        let crowd = try await Crowd(Self.names(180), settings: Self.settings())
        try await crowd.seat(0..<150, in: "huge")
        try await crowd.seat(150..<180, in: "large")
        let order = Order()
        let members = crowd.members
        _ = try await crowd.run { _ in
            for (index, member) in members.enumerated() {
                member.socket.onWrite = { order.rooms.append(index < 150 ? "huge" : "large") }
            }
        }
        try await crowd.apply([.broadcast(Crowd.broadcast("huge", 1...1)), .broadcast(Crowd.broadcast("large", 1...1))])
        try await crowd.settle()
        let rooms = try await crowd.run { _ in order.rooms }
        #expect(rooms.count == 180)
        let last = try #require(rooms.lastIndex(of: "large"))
        // 30 members take four turns of eight; before each of them the huge room has had one.
        #expect(last < 4 * 8 * 2)
        let longest = rooms[...last].split(separator: "large").map(\.count).max()
        #expect(longest == 8)
        await crowd.close()
    }

    /// Touched on the bench's loop only.
    private final class Order: @unchecked Sendable { var rooms: [String] = [] }

    /// Small rooms come before large ones in every turn, and large ones are not starved by them.
    @Test func smallRoomsComeFirst() async throws {
        let crowd = try await Crowd(Self.names(140), settings: Self.settings())
        try await crowd.seat(0..<100, in: "big")
        for room in 0..<10 { try await crowd.seat((100 + room * 4)..<(104 + room * 4), in: "small\(room)") }
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 1...1))])
        try await crowd.apply((0..<10).map { .broadcast(Crowd.broadcast("small\($0)", 1...1)) })
        let members = crowd.members
        let count: @Sendable (Range<Int>) async throws -> Int = { range in
            try await crowd.run { _ in members[range].filter { $0.socket.summary.last == "event 1" }.count }
        }
        // The first broadcast took the first turn. In the next, which gives way once, small rooms have all but a quarter.
        #expect(try await count(0..<100) == 32)
        #expect(try await count(100..<140) == 0)
        for _ in 0..<2 { await crowd.turn() }
        #expect(try await count(0..<100) == 40)
        #expect(try await count(100..<140) == 24)
        await crowd.turn()
        #expect(try await count(100..<140) == 40)
        await crowd.close()
    }

    /// What waits for a lane is joined once for all who wait for the same, in one write each.
    @Test func pendingBroadcastsJoinInOneBuffer() async throws {
        let crowd = try await Crowd(Self.names(100), settings: Self.settings { $0.connectionsPerTurn = 10 })
        try await crowd.seat(0..<100, in: "big")
        for sequence in 1...3 { try await crowd.apply([.broadcast(Crowd.broadcast("big", Int64(sequence)...Int64(sequence)))]) }
        try await crowd.settle()
        let members = crowd.members
        let writes = try await crowd.run { _ in members.map { $0.socket.writes.dropFirst(2) } }
        // Ten were served before the second broadcast came: they get it with the third.
        #expect(writes.filter { $0.count == 2 }.count == 10)
        #expect(writes.filter { $0.count == 1 }.count == 90)
        #expect(members.allSatisfy { $0.socket.summary == ["hello", "ready", "event 1", "event 2", "event 3"] })
        let addresses = Set(
            writes.compactMap(\.last).map { buffer in buffer.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) } })
        #expect(addresses.count == 2)
        await crowd.close()
    }

    /// Behind 100,000 queued frames an answer is written in the turn in which it comes: N = 1.
    @Test func answersDoNotWaitBehindChat() async throws {
        let crowd = try await Crowd(
            Self.names(503),
            settings: Self.settings {
                $0.connectionsPerTurn = 8; $0.pendingBytesPerRoom = 1 << 30
            })
        try await crowd.seat(0..<501, in: "big")
        try await crowd.seat(500..<503, in: "small")
        try await crowd.apply((1...200).map { .broadcast(Crowd.broadcast("big", $0...$0)) })
        let members = crowd.members
        let marks = try await crowd.run { _ in members.map(\.socket.writes.count) }
        #expect(try await crowd.run { $0.rooms[ConversationID(trusted: "big")]?.lanes?.hasTurns } == true)
        let late: (Int) async throws -> [String] = { index in
            try await crowd.run { _ in members[index].socket.summary(after: marks[index]) }
        }
        // Those whose lanes have not been served: slots from 9 on, for eight writes were made.
        try await crowd.bench.say(#"{"type":"ping","id":1}"#, on: members[480].session.value)
        #expect(try await late(480) == ["pong"])
        var encoder = FrameEncoder()
        var page = ByteBuffer()
        encoder.users(id: 2, [], into: &page)
        try await crowd.apply([.frames(crowd.origin(481, 2), page)])
        #expect(try await late(481) == ["users"])
        try await crowd.apply([.answer(crowd.origin(482, 3), .refused(Refusal(.notMember)))])
        #expect(try await late(482) == ["error not_member"])
        try await crowd.apply([.broadcast(Crowd.broadcast("small", 1...1, by: [1: crowd.origin(502, 4)]))])
        #expect(try await late(502) == ["ack 1"])
        // An ack of the same conversation stands at its place: everything before it comes with it.
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 201...201, by: [201: crowd.origin(483, 5)]))])
        #expect(try await late(483) == (1...200).map { "event \($0)" } + ["ack 201"])
        // So does one that repeats an earlier one, though nothing is broadcast.
        try await crowd.apply([.answer(crowd.origin(484, 6), .ack(Crowd.entry("big", 150)))])
        #expect(try await late(484) == (1...201).map { "event \($0)" } + ["ack 150"])
        // Who is removed has what came before, and nothing after.
        try await crowd.apply([.part(members[485].user, ConversationID(trusted: "big"), ending: nil)])
        #expect(try await late(485) == (1...201).map { "event \($0)" })
        crowd.bench.engine.endSession(SessionID(trusted: "s-u486"), of: UserID(trusted: "u486"))
        await crowd.bench.loop.run()
        #expect(try await late(486) == ["error session_ended"])
        #expect(members[486].socket.closed != nil)
        try await crowd.settle()
        #expect(try await late(485).count == 201)
        #expect(try await late(480) == ["pong"] + (1...201).map { "event \($0)" })
        await crowd.close()
    }

    /// What waits for lanes is bounded in bytes: who lacks what is not kept is told to pull, and goes on behind it.
    @Test func whatWaitsIsBounded() async throws {
        let size = Crowd.broadcast("big", 1...1).bytes
        let bound = 5 * size
        let crowd = try await Crowd(
            Self.names(40),
            settings: Self.settings {
                $0.connectionsPerTurn = 4; $0.pendingBytesPerRoom = bound
            })
        try await crowd.seat(0..<40, in: "big")
        for sequence in 1...9 {
            try await crowd.apply([.broadcast(Crowd.broadcast("big", Int64(sequence)...Int64(sequence)))])
            let pending = try await crowd.run { $0.rooms[ConversationID(trusted: "big")]?.lanes?.pendingBytes ?? 0 }
            #expect(pending <= bound)
        }
        try await crowd.settle()
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 10...10))])
        try await crowd.settle()
        let members = crowd.members
        let streams = try await crowd.run { _ in members.map { $0.socket.texts.dropFirst(2).map { String($0.prefix(50)) } } }
        let told = streams.filter { $0.contains(#"{"type":"behind","heads":{"big":9}}"#) }
        #expect(told.count == 40)
        // Four had been served before: they were pushed the first. All go on with the tenth.
        #expect(streams.filter { $0.count == 3 }.count == 4)
        #expect(streams.filter { $0.count == 2 }.count == 36)
        #expect(members.allSatisfy { $0.socket.summary.last == "event 10" })
        // When all are served nothing is kept.
        #expect(try await crowd.run { $0.rooms[ConversationID(trusted: "big")]?.lanes?.pendingBytes } == 0)
        await crowd.close()
    }

    /// A room becomes large and small again with what waits in it.
    @Test func roomsGrowAndShrinkWithWhatWaits() async throws {
        let crowd = try await Crowd(Self.names(30), settings: Self.settings { $0.connectionsPerTurn = 2 })
        let big = ConversationID(trusted: "big")
        try await crowd.seat(0..<10, in: "big")
        #expect(try await crowd.run { $0.rooms[big]?.lanes == nil })
        // Waits in the connections themselves when the room grows.
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 1...1))])
        try await crowd.seat(10..<30, in: "big", head: 1)
        #expect(try await crowd.run { $0.rooms[big]?.lanes != nil })
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 2...2))])
        try await crowd.apply((6..<30).map { .part(crowd.members[$0].user, big, ending: nil) })
        #expect(try await crowd.run { $0.rooms[big]?.lanes != nil })
        try await crowd.apply([.part(crowd.members[5].user, big, ending: nil)])
        #expect(try await crowd.run { $0.rooms[big]?.lanes == nil })
        try await crowd.apply([.broadcast(Crowd.broadcast("big", 3...3))])
        try await crowd.settle()
        for (index, member) in crowd.members.enumerated() {
            let events = (index < 10 ? ["event 1"] : []) + ["event 2"] + (index < 5 ? ["event 3"] : [])
            #expect(member.socket.summary == ["hello", "ready"] + events)
        }
        await crowd.close()
    }

    /// Slots are spread over the lanes; where a slot is not known, connections are.
    @Test func lanesAreSlotsModulo64() {
        #expect(Room.lane(slot: 1, connection: 9) == 1)
        #expect(Room.lane(slot: 130, connection: 9) == 2)
        #expect(Room.lane(slot: 0, connection: 73) == 9)
        #expect(Set((1...64).map { Room.lane(slot: $0, connection: 0) }).count == 64)
    }
}
