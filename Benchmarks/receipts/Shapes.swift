import Glibc
import ParleyDomain

/// A generator whose numbers are the same on every run (SplitMix64).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func below(_ bound: Int) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return bound <= 0 ? 0 : Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}

/// The groups that are measured.
enum Shape: CaseIterable {
    /// Nine of ten have read all but the last 100 messages, the others are anywhere.
    case usual
    /// Every position is at a random place of the log: the index is as large as it gets.
    case spread
    /// As usual, and a fifth of all slots belongs to members who left.
    case churned

    static let messages: Int64 = 100_000

    /// Rows as a store would hand them over. All joined at entry 1; slot 1 is the sender.
    func rows(_ members: Int, seed: UInt64 = 1) -> [ReceiptRow] {
        var dice = Dice(seed: seed)
        let head = Int(Shape.messages)
        return (1...members).map { slot in
            let isBehind = self == .spread || dice.below(10) == 0
            let read = Int64(isBehind ? dice.below(head) : head - dice.below(100))
            let leaves = self == .churned && slot > 1 && dice.below(5) == 0
            let to = leaves ? max(2, read) : nil
            return ReceiptRow(
                slot: Int32(clamping: slot), read: read, delivered: min(to ?? .max, max(read, Int64(head - dice.below(100)))),
                intervals: [Interval(from: 1, to: to)])
        }
    }

    func book(_ members: Int) throws -> ReceiptBook {
        var book = ReceiptBook(head: Shape.messages, lastSlot: Int32(clamping: members))
        try book.load(self.rows(members))
        return book
    }
}

/// A book where so many have read the newest message, slots as far back as they can be.
func bookOfFewReaders(_ members: Int, readers: Int) throws -> ReceiptBook {
    var book = ReceiptBook(head: Shape.messages, lastSlot: Int32(clamping: members))
    try book.load(
        (1...members).map { slot in
            let read = slot > members - readers ? Shape.messages : Shape.messages - 1
            return ReceiptRow(slot: Int32(clamping: slot), read: read, delivered: read, intervals: [Interval(from: 1)])
        })
    return book
}

/// Time that this process has computed, in seconds: nothing here waits, and others on the machine do not count.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Seconds of one call: the median of so many runs of `calls` calls.
func median(of runs: Int, calls: Int = 1, _ body: () throws -> Void) rethrows -> Double {
    var times: [Double] = []
    for _ in 0..<runs {
        let start = now()
        for _ in 0..<calls { try body() }
        times.append((now() - start) / Double(calls))
    }
    return times.sorted()[runs / 2]
}
