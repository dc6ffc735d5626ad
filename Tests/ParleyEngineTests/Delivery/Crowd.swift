import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyWire

@testable import ParleyEngine

/// Connections on a bench's one loop that are driven by effects alone, as the shard would give them: what a loop writes, and in
/// which of its turns, is then up to the loop.
final class Crowd: Sendable {
    struct Member: Sendable {
        let user: UserID
        let socket: FakeSocket
        let session: Carried<any SocketSession>
        let connection: UInt64
    }

    let bench: EngineBench
    let members: [Member]

    /// - Parameter binary: Which members speak the binary encoding.
    init(_ users: [String], settings: EngineSettings, binary: Set<Int> = []) async throws {
        let bench = try EngineBench(users: users, settings: settings)
        var members: [Member] = []
        for (index, user) in users.enumerated() {
            let subprotocol: Subprotocol = binary.contains(index) ? .binary : .json
            let (socket, session) = try await bench.connect(subprotocol)
            let carried = Carried(session)
            let connection = try await bench.loop.executeInContext { (carried.value as? Connection)?.id ?? 0 }
            members.append(Member(user: UserID(trusted: user), socket: socket, session: carried, connection: connection))
            let auth = #"{"type":"auth","id":0,"token":"token-\#(user)"}"#
            try await bench.say(auth, on: session, in: subprotocol.encoding)
        }
        let sockets = members.map(\.socket)
        try await bench.until { sockets.allSatisfy { $0.summary.contains("ready") } }
        self.bench = bench
        self.members = members
        // What the greetings took of a turn is given back.
        for _ in 0..<8 { await self.turn() }
    }

    /// Runs something on the loop, as one task of it.
    func run<Result: Sendable>(_ body: @escaping @Sendable (LoopDelivery) throws -> Result) async throws -> Result {
        let (engine, loop) = (self.bench.engine, self.bench.loop)
        return try await loop.executeInContext { try body(engine.delivery(on: loop)) }
    }

    func apply(_ effects: [LoopEffect]) async throws { try await self.run { $0.apply(effects) } }

    /// Lets the loop look at its sockets and have its next turn, if one is due.
    func turn() async { await self.bench.loop.advanceTime(by: LoopTurns.pause) }

    /// Turns until nothing waits. Returns the writes of each.
    @discardableResult
    func settle() async throws -> [Int] {
        var writes: [Int] = []
        while try await !self.run({ $0.turns.isIdle }) {
            let before = try await self.writes()
            await self.turn()
            writes.append(try await self.writes() - before)
        }
        return writes
    }

    /// All writes so far.
    func writes() async throws -> Int {
        let members = self.members
        return try await self.run { _ in members.reduce(0) { $0 + $1.socket.writes.count } }
    }

    /// Seats members `range` in a conversation, by slots from 1.
    func seat(_ range: Range<Int>, in conversation: String, head: Int64 = 0) async throws {
        try await self.apply(
            range.enumerated().map { slot, index in
                .join(self.members[index].user, Self.seat(conversation, head: head, slot: slot + 1))
            })
    }

    static func seat(_ conversation: String, head: Int64, slot: Int) -> RoomSeat {
        RoomSeat(conversation: ConversationID(trusted: conversation), head: head, slot: Int32(clamping: slot), visibleFrom: 1)
    }

    /// Entries with these sequences, and who asked for which.
    static func broadcast(
        _ conversation: String, _ sequences: ClosedRange<Int64>, by origins: [Int64: RequestOrigin] = [:], padding: Int = 0
    ) -> Broadcast {
        var publication = Publication(conversation: ConversationID(trusted: conversation))
        for sequence in sequences {
            publication.entries.append(Self.entry(conversation, sequence, padding: padding))
            publication.origins.append(origins[sequence] ?? .nobody)
        }
        var encoder = FrameEncoder()
        return Broadcast(publication, encoder: &encoder)
    }

    static func entry(_ conversation: String, _ sequence: Int64, padding: Int = 0) -> Entry {
        let text = String(repeating: "x", count: padding)
        return Entry(
            conversation: ConversationID(trusted: conversation), sequence: sequence, id: sequence, stamp: sequence,
            kind: .message,
            sender: UserID(trusted: "s"), clientID: ClientID(trusted: "m\(sequence)"), time: 1, messageOrdinal: sequence,
            senderOrdinal: 1, content: Array(#"{"type":"text","text":"\#(text)"}"#.utf8))
    }

    func origin(_ member: Int, _ request: Int64) -> RequestOrigin {
        RequestOrigin(loop: 0, connection: self.members[member].connection, request: request)
    }

    func close() async { await self.bench.close() }
}
