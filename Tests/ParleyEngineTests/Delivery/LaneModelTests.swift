import NIOCore
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyEngine

/// Random joins, parts, broadcasts, requests, slow readers and turns, over rooms that grow and shrink: what each connection gets
/// of each conversation is what an ideal server would have given it. That is what lanes must not change.
@Suite(.timeLimit(.minutes(10))) struct LaneModelTests {
    @Test(arguments: 1...32) func everyStreamIsTheIdealOne(seed: Int) async throws {
        let model = try await LaneModel(seed: UInt64(seed))
        for _ in 0..<300 { try await model.step() }
        try await model.finish()
        await model.close()
    }
}

/// The same numbers for the same seed (SplitMix64).
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Drives a crowd at random and checks every frame that comes out as it comes.
private final class LaneModel {
    /// What one connection must see of one conversation.
    private struct View {
        /// Seated now; pushed to, or quiet.
        var isSeated = false
        var isQuiet = false
        /// Everything up to here was seen, or is to be pulled as the connection was told.
        var position: Int64 = 0
        /// The last sequence of a seat that ended.
        var end: Int64 = 0
        /// Was there a time in this seat when the connection did not read, or was quiet: then not all need have been pushed.
        var mayLack = false
    }

    private struct Client {
        var views: [String: View] = [:]
        var writes = 0
        /// The socket was full, and the connection was not told since that it is behind.
        var mayBeBehind = false
        var isGone = false
        /// Requests without an answer, and whether the answer is an ack in the place of an event.
        var asked: [Int64: Asked] = [:]
    }

    private enum Asked { case ok, inPlace(Int64), apart(Int64) }

    private static let names = ["big", "other", "small"]
    private let crowd: Crowd
    private var random: TestRandom
    private var clients: [Client]
    private var heads: [String: Int64] = ["big": 0, "other": 0, "small": 0]
    private var nextRequest: Int64 = 1

    init(seed: UInt64) async throws {
        var settings = EngineSettings()
        settings.laneSeats = 6
        settings.laneFrames = 3
        settings.connectionsPerTurn = 5
        settings.answersPerTurn = 4
        settings.pendingBytesPerRoom = 12 * Crowd.broadcast("big", 1...1).bytes
        settings.heartbeatMilliseconds = 2_000
        self.crowd = try await Crowd((0..<18).map { "u\($0)" }, settings: settings)
        self.random = TestRandom(state: seed)
        self.clients = self.crowd.members.map { member in
            var client = Client()
            client.writes = member.socket.writes.count
            for name in Self.names { client.views[name] = View() }
            return client
        }
    }

    func close() async { await self.crowd.close() }

    private func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self.random) }
    private func room() -> String { Self.names[[0, 0, 0, 1, 1, 2][self.below(6)]] }
    private func client() -> Int { self.below(self.clients.count) }

    // MARK: Steps

    func step() async throws {
        switch self.below(20) {
        case 0..<6: try await self.broadcast()
        case 6..<9: try await self.join()
        case 9: try await self.part()
        case 10: try await self.toggle(self.client())
        case 11: try await self.answer()
        case 12: try await self.repeatedAck()
        case 13: try await self.follow()
        case 14: if self.below(8) == 0 { try await self.leave() }
        case 15: await self.crowd.bench.advance(1_000)
        default: await self.crowd.turn()
        }
        try await self.check()
    }

    private func broadcast() async throws {
        let name = self.room()
        let first = (self.heads[name] ?? 0) + 1
        let last = first + Int64(self.below(3))
        var origins: [Int64: RequestOrigin] = [:]
        for sequence in first...last where self.below(3) == 0 {
            let index = self.client()
            guard !self.clients[index].isGone else { continue }
            let view = self.clients[index].views[name] ?? View()
            let isInPlace = view.isSeated && !view.isQuiet && !self.clients[index].mayBeBehind
            origins[sequence] = self.crowd.origin(index, self.nextRequest)
            self.clients[index].asked[self.nextRequest] = isInPlace ? .inPlace(sequence) : .apart(sequence)
            self.nextRequest += 1
        }
        self.heads[name] = last
        try await self.crowd.apply([.broadcast(Crowd.broadcast(name, first...last, by: origins))])
    }

    private func join() async throws {
        let (index, name) = (self.client(), self.room())
        let head = self.heads[name] ?? 0
        guard !self.clients[index].isGone, self.clients[index].views[name]?.isSeated == false else { return }
        let mayLack = self.clients[index].mayBeBehind
        self.clients[index].views[name] = View(isSeated: true, position: head, mayLack: mayLack)
        try await self.crowd.apply([.join(self.crowd.members[index].user, Crowd.seat(name, head: head, slot: self.below(200)))])
    }

    private func part() async throws {
        let (index, name) = (self.client(), self.room())
        guard !self.clients[index].isGone, self.clients[index].views[name]?.isSeated == true else { return }
        try await self.crowd.apply([.part(self.crowd.members[index].user, ConversationID(trusted: name), ending: nil)])
        // What came before is written in this turn or the next ones: it is looked for at the end or at the next join.
        self.clients[index].views[name]?.isSeated = false
        self.clients[index].views[name]?.end = self.heads[name] ?? 0
        try await self.crowd.settle()
        try await self.check()
        let view = self.clients[index].views[name] ?? View()
        if !view.mayLack { #expect(view.position == view.end, "\(name) of u\(index) after its part") }
    }

    /// The socket is full for a while.
    private func toggle(_ index: Int) async throws {
        let member = self.crowd.members[index]
        guard !self.clients[index].isGone else { return }
        let isWritable = try await self.crowd.run { _ in member.socket.isWritable }
        if isWritable {
            self.clients[index].mayBeBehind = true
            for name in Self.names { self.clients[index].views[name]?.mayLack = true }
        }
        _ = try await self.crowd.run { _ in
            member.socket.isWritable.toggle()
            if member.socket.isWritable { member.session.value.becameWritable() }
        }
        try await self.check()
        if !isWritable { self.clients[index].mayBeBehind = false }
    }

    private func answer() async throws {
        let index = self.client()
        guard !self.clients[index].isGone else { return }
        self.clients[index].asked[self.nextRequest] = .ok
        self.nextRequest += 1
        try await self.crowd.apply([.answer(self.crowd.origin(index, self.nextRequest - 1), .ok)])
    }

    /// A request is repeated: its first ack again, of an entry that a lane may not have brought yet.
    private func repeatedAck() async throws {
        let (index, name) = (self.client(), self.room())
        let head = self.heads[name] ?? 0
        guard !self.clients[index].isGone, head > 0 else { return }
        let view = self.clients[index].views[name] ?? View()
        let sequence = Int64.random(in: 1...head, using: &self.random)
        let isInPlace = view.isSeated && !view.isQuiet && !self.clients[index].mayBeBehind
        self.clients[index].asked[self.nextRequest] = isInPlace ? .inPlace(sequence) : .apart(sequence)
        self.nextRequest += 1
        let origin = self.crowd.origin(index, self.nextRequest - 1)
        try await self.crowd.apply([.answer(origin, .ack(Crowd.entry(name, sequence)))])
    }

    private func follow() async throws {
        let (index, name) = (self.client(), self.room())
        guard !self.clients[index].isGone, let view = self.clients[index].views[name], view.isSeated else { return }
        let session = self.crowd.members[index].session
        let push = view.isQuiet
        let isTaken = try await self.crowd.run { _ in
            (session.value as? Connection)?.follow(ConversationID(trusted: name), push: push) ?? false
        }
        #expect(isTaken)
        self.clients[index].views[name]?.isQuiet = !push
        self.clients[index].views[name]?.mayLack = true
    }

    private func leave() async throws {
        let index = self.client()
        let session = self.crowd.members[index].session
        try await self.check()
        self.clients[index].isGone = true
        _ = try await self.crowd.run { _ in session.value.disconnected() }
    }

    /// All read again, everything is written, and everybody has all that was for him.
    func finish() async throws {
        for index in self.clients.indices {
            let socket = self.crowd.members[index].socket
            let isWritable = try await self.crowd.run { _ in socket.isWritable }
            if !isWritable { try await self.toggle(index) }
        }
        try await self.crowd.settle()
        await self.crowd.bench.advance(1_000)
        try await self.crowd.settle()
        try await self.check()
        for (index, client) in self.clients.enumerated() where !client.isGone {
            #expect(client.asked.isEmpty, "u\(index) has no answer to \(client.asked)")
            for (name, view) in client.views where view.isSeated {
                #expect(view.position == self.heads[name], "\(name) of u\(index) at the end")
            }
        }
        // Nothing waits for anybody.
        let left = try await self.crowd.run { $0.rooms.values.reduce(0) { $0 + ($1.lanes?.pendingBytes ?? 0) } }
        #expect(left == 0)
    }

    // MARK: Checks

    /// Reads what was written since the last look.
    private func check() async throws {
        var decoder = ServerFrameDecoder()
        for index in self.clients.indices {
            let (socket, seen) = (self.crowd.members[index].socket, self.clients[index].writes)
            let (texts, writes) = try await self.crowd.run { _ in
                (socket.writes.count > seen ? socket.texts(after: seen) : [], socket.writes.count)
            }
            #expect(texts.isEmpty || !self.clients[index].isGone, "u\(index) is gone")
            self.clients[index].writes = writes
            for text in texts { self.take(try decoder.decode(ByteBuffer(string: text)), index) }
        }
    }

    private func take(_ frame: ServerFrame, _ index: Int) {
        switch frame {
        case .event(let conversation, let entry): self.event(conversation.rawValue, entry.sequence, index)
        case .ack(let id, let receipt): self.ack(id, receipt, index)
        case .ok(let id):
            guard case .ok? = self.clients[index].asked.removeValue(forKey: id) else {
                Issue.record("u\(index) did not ask \(id)")
                return
            }
        case .behind(let heads), .heads(let heads):
            for head in heads {
                let name = head.conversation.rawValue
                guard var view = self.clients[index].views[name] else { continue }
                view.position = max(view.position, head.sequence)
                view.mayLack = true
                self.clients[index].views[name] = view
            }
        case .heartbeat(_, let heads):
            // A head is not told before what leads to it: clients would pull what is on its way to them.
            for head in heads {
                let view = self.clients[index].views[head.conversation.rawValue]
                #expect(head.sequence <= view?.position ?? 0, "u\(index) is told \(head) at \(String(describing: view))")
            }
        default: Issue.record("u\(index) got \(frame)")
        }
    }

    private func event(_ name: String, _ sequence: Int64, _ index: Int) {
        guard let view = self.clients[index].views[name] else { return }
        #expect(sequence == view.position + 1, "u\(index) got \(name) \(sequence) at \(view)")
        #expect(view.isSeated || sequence <= view.end, "u\(index) is no member for \(name) \(sequence)")
        self.clients[index].views[name]?.position = sequence
    }

    private func ack(_ id: Int64, _ receipt: Receipt, _ index: Int) {
        let name = receipt.conversation.rawValue
        guard let view = self.clients[index].views[name] else { return }
        switch self.clients[index].asked.removeValue(forKey: id) {
        case .inPlace(receipt.sequence):
            let isInOrder = receipt.sequence <= view.position + 1 || self.clients[index].mayBeBehind
            #expect(isInOrder, "ack \(receipt.sequence) of \(name) for u\(index) at \(view)")
        case .apart(receipt.sequence): break
        default: Issue.record("u\(index) did not ask \(id)")
        }
        if receipt.sequence == view.position + 1 { self.clients[index].views[name]?.position = receipt.sequence }
    }
}
