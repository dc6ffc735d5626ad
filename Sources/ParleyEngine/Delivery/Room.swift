import NIOCore
import ParleyDomain
import ParleyWire

/// A connection's place in a room, as the connection keeps it: with it, leaving costs no search.
struct Seat {
    let room: Room
    /// Where the room keeps it: among its members, in the lane of a large room, or among the quiet ones.
    var index: Int32
    /// The lane that serves it while the room is large (R25).
    let lane: UInt8
    /// Not pushed to; told of heads instead (R36).
    var isQuiet = false

    init(room: Room, index: Int, lane: Int) {
        self.room = room
        self.index = Int32(clamping: index)
        self.lane = UInt8(clamping: lane)
    }
}

/// A conversation as one event loop knows it: who of its connections is live in it, and where its log stands.
///
/// Its members are one list while they are few. A large room has lanes instead, so that its fan-out is done in parts.
final class Room {
    let conversation: ConversationID
    /// The members of a small room; empty while there are lanes.
    private(set) var members: ContiguousArray<Connection> = []
    private(set) var lanes: Lanes?
    /// Those who asked not to be pushed to.
    private(set) var quiet: ContiguousArray<Connection> = []
    /// The newest sequence that this loop heard of.
    var head: Int64
    /// The loop's tick in which the head last moved.
    var changed: UInt64 = 0
    /// Whether the quiet ones were not told of the head yet.
    var owesHeads = false
    /// Whether the room stands in the rotation of large rooms.
    var isWaiting = false
    private var behindFrame: (head: Int64, frame: ByteBuffer)?

    init(conversation: ConversationID, head: Int64) {
        self.conversation = conversation
        self.head = head
    }

    /// Places that are pushed to.
    var liveCount: Int { self.lanes?.placeCount ?? self.members.count }
    var isEmpty: Bool { self.liveCount == 0 && self.quiet.isEmpty }

    /// Whoever is pushed to, large or small. No place may come or go meanwhile.
    func forEachLive(_ body: (Connection) -> Void) {
        self.members.forEach(body)
        self.lanes?.forEach(body)
    }

    // MARK: Places

    /// Which lane serves a slot. Where the slot is not known the connection's number does, so that lanes stay even.
    static func lane(slot: Int32, connection: UInt64) -> Int {
        slot > 0 ? Int(slot) % Lanes.count : Int(connection % UInt64(Lanes.count))
    }

    /// A place that is pushed to from now on, and its index.
    func add(_ connection: Connection, lane: Int) -> Int {
        if let lanes = self.lanes { return lanes.add(connection, to: lane) }
        self.members.append(connection)
        return self.members.count - 1
    }

    func addQuiet(_ connection: Connection) -> Int {
        self.quiet.append(connection)
        return self.quiet.count - 1
    }

    /// Takes a place away. What it was owed is not given.
    func remove(_ seat: Seat) {
        let index = Int(seat.index)
        if seat.isQuiet {
            Self.fill(index, of: &self.quiet)?.moveSeat(in: self, to: index)
        } else if let lanes = self.lanes {
            lanes.remove(index, from: Int(seat.lane)) { $0.moveSeat(in: self, to: $1) }
        } else {
            Self.fill(index, of: &self.members)?.moveSeat(in: self, to: index)
        }
    }

    /// Fills the empty place with the last one, so that leaving costs the same in a room of any size. Returns who was moved.
    private static func fill(_ index: Int, of list: inout ContiguousArray<Connection>) -> Connection? {
        guard let last = list.popLast(), index < list.count else { return nil }
        list[index] = last
        return last
    }

    // MARK: Large and small

    /// The room has grown large: its members go into lanes.
    func split() {
        let lanes = Lanes()
        for connection in self.members {
            guard let seat = connection.seat(in: self.conversation) else { continue }
            connection.moveSeat(in: self, to: lanes.add(connection, to: Int(seat.lane)))
        }
        self.members = []
        self.lanes = lanes
    }

    /// The room is small again. What was queued is given to each member at once.
    func merge() {
        guard let lanes = self.lanes else { return }
        let places = lanes.dissolve()
        self.lanes = nil
        for (connection, due) in places {
            self.members.append(connection)
            connection.moveSeat(in: self, to: self.members.count - 1)
            _ = connection.take(due, of: self, from: lanes)
        }
    }

    /// Tells who lost a part of the fan-out where the conversation stands. One buffer for all of them.
    func behind(with encoder: inout FrameEncoder) -> ByteBuffer {
        if let known = self.behindFrame, known.head == self.head { return known.frame }
        var frame = ByteBuffer()
        encoder.behind(heads: [(self.conversation, self.head)], into: &frame)
        self.behindFrame = (self.head, frame)
        return frame
    }
}
