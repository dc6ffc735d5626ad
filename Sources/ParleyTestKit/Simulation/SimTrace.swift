/// What happened in a run: a hash of everything, and the last lines where they are kept.
struct SimTrace {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var steps: UInt64 = 0
    /// How many lines are kept; 0 for none.
    let kept: Int
    private var lines: [String] = []

    init(kept: Int) { self.kept = kept }

    /// Mixes a step into the hash. The text is made only where lines are kept.
    @inline(__always)
    mutating func note(_ time: Int64, _ kind: UInt64, _ first: Int64, _ second: Int64, _ text: @autoclosure () -> String) {
        self.steps &+= 1
        self.hash = simMix(self.hash ^ UInt64(bitPattern: time) &* 0x9E37_79B9_7F4A_7C15 ^ kind << 56)
        self.hash = simMix(self.hash ^ UInt64(bitPattern: first) ^ UInt64(bitPattern: second) << 20)
        guard self.kept > 0 else { return }
        if self.lines.count >= 2 * self.kept { self.lines.removeFirst(self.kept) }
        self.lines.append("\(time) ms  \(text())")
    }

    var last: [String] { Array(self.lines.suffix(self.kept)) }
}

/// What is due, in order of time, then of making.
struct SimQueue {
    struct Event {
        var time: Int64
        var order: UInt64
        var kind: SimEventKind
        var first: Int
        var second: Int
    }

    private var heap: [Event] = []
    private var made: UInt64 = 0

    private static func before(_ left: Event, _ right: Event) -> Bool {
        left.time < right.time || (left.time == right.time && left.order < right.order)
    }

    mutating func push(_ kind: SimEventKind, at time: Int64, _ first: Int = 0, _ second: Int = 0) {
        self.made += 1
        self.heap.append(Event(time: time, order: self.made, kind: kind, first: first, second: second))
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.before(self.heap[child], self.heap[parent]) else { break }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> Event? {
        guard let first = self.heap.first else { return nil }
        let last = self.heap.removeLast()
        guard !self.heap.isEmpty else { return first }
        self.heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count && Self.before(self.heap[child], self.heap[least]) {
                least = child
            }
            guard least != parent else { return first }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// What can be due. The numbers that go with each stand behind it.
enum SimEventKind: UInt8 {
    /// incarnation
    case shardTurn, commit, complete, positionsTick
    /// loop, incarnation
    case loopTask, loopFlush, sweep
    /// read, incarnation
    case readRun
    /// link
    case down, up
    /// link: the connection attempt reaches the server
    case connect
    /// link: the client, or the server, hears that it is gone
    case clientHears, serverHears
    /// client
    case clientWake, clientRestart
    case action, fault, serverRestart, heal, check
}
