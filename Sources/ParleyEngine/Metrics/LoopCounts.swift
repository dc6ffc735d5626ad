package import ParleyDomain
import ParleyWire

/// What one event loop has counted of its connections since the start. Plain integers that only the loop touches: counting is an
/// addition, and a scrape asks each loop for its copy (`Engine.counts`).
package struct LoopCounts: Sendable {
    /// Sockets open now, by encoding, and those of them that have logged in.
    package var open = PerEncoding(0, 0)
    package var live = PerEncoding(0, 0)
    /// Sockets open now in all.
    package var sockets: Int { self.open.json + self.open.binary }
    /// Connections now that do not take their bytes (R42), and how often one fell behind.
    package var behind = 0
    package var fellBehind = 0
    /// Entries written to connections as events.
    package var deliveries = 0
    package var acks = 0
    /// Frames that told connected senders who has read, and their bytes as JSON.
    package var receiptFrames = 0
    package var receiptBytes = 0
    /// Errors that clients were told, in the order of `ErrorCode.allCases`.
    package private(set) var refusals = [Int](repeating: 0, count: ErrorCode.allCases.count)

    private static let places = Dictionary(uniqueKeysWithValues: ErrorCode.allCases.enumerated().map { ($1, $0) })

    package init() {}

    package mutating func refused(_ code: ErrorCode) {
        if let place = Self.places[code] { self.refusals[place] += 1 }
    }

    mutating func add(_ other: LoopCounts) {
        for encoding in [WireEncoding.json, .binary] {
            self.open[encoding] += other.open[encoding]
            self.live[encoding] += other.live[encoding]
        }
        self.behind += other.behind
        self.fellBehind += other.fellBehind
        self.deliveries += other.deliveries
        self.acks += other.acks
        self.receiptFrames += other.receiptFrames
        self.receiptBytes += other.receiptBytes
        for place in self.refusals.indices { self.refusals[place] += other.refusals[place] }
    }
}
