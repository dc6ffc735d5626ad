import DequeModule
import NIOCore
import ParleyWire

/// The fan-out of a large room: its places in 64 lanes, by slot (R25), and the broadcasts that not all of them have been given
/// yet.
///
/// A broadcast is kept once, in a log that all lanes share, and each place says how far in it its connection is: what queueing
/// costs does not depend on the number of places, and whoever comes, goes or is served out of turn is exact to the broadcast.
/// Lanes take turns; a round of a lane visits each of its places once.
final class Lanes {
    static let count = 64

    /// What a place is owed.
    enum Due: Equatable {
        case nothing
        /// Broadcasts of the log, by number.
        case run(Range<Int>)
        /// Some of it is not kept any more: the client pulls.
        case lost
    }

    private struct Place {
        let connection: Connection
        /// The number of the first broadcast that the connection was not given.
        var next: Int
    }

    private struct Lane {
        var places: ContiguousArray<Place> = []
        /// The places before it have had their visit in this round.
        var cursor = 0
        /// Where the log ended when the round began.
        var roundEnd = 0
        /// No place owes broadcasts before this one.
        var floor = 0
        var isWaiting = false
    }

    private var lanes = ContiguousArray(repeating: Lane(), count: Lanes.count)
    private var turns: Deque<Int> = []
    private var pending: Deque<Broadcast> = []
    /// The number of the oldest broadcast that is kept.
    private var first = 0
    private(set) var pendingBytes = 0
    private var pendingWithheld = 0
    private var joined = PerEncoding<(range: Range<Int>, shared: SharedFrames)?>(nil, nil)
    private(set) var placeCount = 0

    private var end: Int { self.first + self.pending.count }
    var hasTurns: Bool { !self.turns.isEmpty }
    /// Whether everything that waits has one form for all (0007).
    var isPlain: Bool { self.pendingWithheld == 0 }

    // MARK: Places

    /// A place that is owed nothing of what was broadcast before. Returns its index in the lane.
    func add(_ connection: Connection, to lane: Int) -> Int {
        if self.lanes[lane].places.isEmpty { self.lanes[lane].floor = self.end }
        self.lanes[lane].places.append(Place(connection: connection, next: self.end))
        self.placeCount += 1
        return self.lanes[lane].places.count - 1
    }

    /// Fills the empty place with others of the lane, so that leaving costs the same in a lane of any length; `moved` hears of
    /// each one's new index. Visited places stay before the cursor and the others behind it.
    func remove(_ index: Int, from lane: Int, moved: (Connection, Int) -> Void) {
        guard self.lanes[lane].places.indices.contains(index) else { return }
        self.placeCount -= 1
        var hole = index
        if index < self.lanes[lane].cursor {
            self.lanes[lane].cursor -= 1
            let visited = self.lanes[lane].cursor
            hole = visited
            if index != visited {
                self.lanes[lane].places[index] = self.lanes[lane].places[visited]
                moved(self.lanes[lane].places[index].connection, index)
            }
        }
        guard let last = self.lanes[lane].places.popLast(), hole < self.lanes[lane].places.count else { return }
        self.lanes[lane].places[hole] = last
        moved(last.connection, hole)
    }

    /// Empties all lanes; gives what each place was owed.
    func dissolve() -> [(connection: Connection, due: Due)] {
        var left: [(Connection, Due)] = []
        for lane in self.lanes.indices {
            for index in self.lanes[lane].places.indices {
                left.append((self.lanes[lane].places[index].connection, self.take(index, of: lane)))
            }
            self.lanes[lane].places = []
            self.lanes[lane].cursor = 0
        }
        self.placeCount = 0
        self.turns = []
        return left
    }

    func forEach(_ body: (Connection) -> Void) {
        for lane in self.lanes { for place in lane.places { body(place.connection) } }
    }

    /// Whether the place waits for a broadcast.
    func isOwed(_ index: Int, of lane: Int) -> Bool {
        self.lanes[lane].places.indices.contains(index) && self.lanes[lane].places[index].next < self.end
    }

    /// What the place is owed; from here on it is owed nothing.
    func take(_ index: Int, of lane: Int) -> Due {
        guard self.lanes[lane].places.indices.contains(index) else { return .nothing }
        let next = self.lanes[lane].places[index].next
        guard next < self.end else { return .nothing }
        self.lanes[lane].places[index].next = self.end
        return next < self.first ? .lost : .run(next..<self.end)
    }

    // MARK: Broadcasts

    /// Queues a broadcast for all places. Beyond `bytes` the oldest are forgotten, and those who lack them will pull.
    func append(_ broadcast: Broadcast, keeping bytes: Int) {
        self.pending.append(broadcast)
        self.pendingBytes += broadcast.bytes
        if broadcast.withheld != nil { self.pendingWithheld += 1 }
        while self.pendingBytes > bytes, self.pending.count > 1 { self.forgetOldest() }
        for lane in self.lanes.indices where !self.lanes[lane].isWaiting && !self.lanes[lane].places.isEmpty {
            self.lanes[lane].isWaiting = true
            self.turns.append(lane)
        }
    }

    private func forgetOldest() {
        guard let oldest = self.pending.popFirst() else { return }
        self.first += 1
        self.pendingBytes -= oldest.bytes
        if oldest.withheld != nil { self.pendingWithheld -= 1 }
    }

    func broadcasts(_ run: Range<Int>) -> some Sequence<Broadcast> {
        run.clamped(to: self.first..<self.end).lazy.map { self.pending[$0 - self.first] }
    }

    /// The bytes of a run, in one buffer for all who are owed the same in the same encoding.
    func frames(_ run: Range<Int>, in encoding: WireEncoding) -> SharedFrames {
        if let joined = self.joined[encoding], joined.range == run { return joined.shared }
        var size = 0
        var shared = SharedFrames()
        for broadcast in self.broadcasts(run) {
            if run.count == 1 { return broadcast.shared(in: encoding) }
            size += broadcast.bytes
        }
        shared.frames.reserveCapacity(size)
        for broadcast in self.broadcasts(run) { shared.add(broadcast, in: encoding) }
        self.joined[encoding] = (run, shared)
        return shared
    }

    // MARK: Turns

    /// Visits up to this many places, lane after lane. `deliver` may remove any place. Returns how many were visited.
    func serve(atMost most: Int, _ deliver: (Connection, Due) -> Void) -> Int {
        var visited = 0
        while visited < most, let lane = self.turns.popFirst() { visited += self.serve(lane, atMost: most - visited, deliver) }
        return visited
    }

    private func serve(_ lane: Int, atMost most: Int, _ deliver: (Connection, Due) -> Void) -> Int {
        if self.lanes[lane].cursor == 0 { self.lanes[lane].roundEnd = self.end }
        var visited = 0
        while visited < most, self.lanes[lane].cursor < self.lanes[lane].places.count {
            let index = self.lanes[lane].cursor
            // All is settled before the call: the write in it may end the connection, and with it the place.
            self.lanes[lane].cursor += 1
            visited += 1
            let connection = self.lanes[lane].places[index].connection
            deliver(connection, self.take(index, of: lane))
        }
        guard self.lanes[lane].cursor >= self.lanes[lane].places.count else {
            self.turns.append(lane)
            return visited
        }
        self.lanes[lane].cursor = 0
        self.lanes[lane].floor = self.lanes[lane].roundEnd
        self.release()
        self.lanes[lane].isWaiting = !self.lanes[lane].places.isEmpty && self.lanes[lane].floor < self.end
        if self.lanes[lane].isWaiting { self.turns.append(lane) }
        return visited
    }

    /// Forgets what every lane has been through.
    private func release() {
        var floor = self.end
        for lane in self.lanes where !lane.places.isEmpty { floor = min(floor, lane.floor) }
        while self.first < floor { self.forgetOldest() }
        if self.pending.isEmpty { self.joined = PerEncoding(nil, nil) }
    }
}
