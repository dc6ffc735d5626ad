import ParleyDomain
import Testing

/// `ReceiptBook` with long logs, beside a look at every member: the naive model is too slow for sequences beyond the first few.
@Suite struct LongLogTests {
    private struct Member {
        var read: Int64
        var delivered: Int64
        var intervals: [Interval]

        func isCounted(_ sequence: Int64) -> Bool { self.intervals.contains { $0.contains(sequence) } }
    }

    private static let head: Int64 = 40_000

    /// Places near the edges of blocks of a power of two more often than others.
    private static func sequence(_ dice: inout Dice) -> Int64 {
        let anywhere = Int64(1 + dice.below(Int(Self.head)))
        guard dice.chance(50) else { return anywhere }
        return min(Self.head, max(1, anywhere / 1_024 * 1_024 + Int64(dice.below(5)) - 2))
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func countsOfALongLogAreThoseOfEveryMember(_ seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var members = (0..<40).map { _ in
            let from = Self.sequence(&dice)
            let to = dice.chance(30) ? min(Self.head, from + Self.sequence(&dice)) : nil
            let read = min(to ?? Self.head, Self.sequence(&dice))
            return Member(
                read: read, delivered: max(read, min(to ?? Self.head, Self.sequence(&dice))),
                intervals: [Interval(from: from, to: to)])
        }
        var book = ReceiptBook(head: Self.head, lastSlot: 40)
        try book.load(
            zip(1..., members).map { ReceiptRow(slot: $0, read: $1.read, delivered: $1.delivered, intervals: $1.intervals) })
        for step in 0..<2_000 {
            let place = dice.below(40)
            let end = members[place].intervals.last?.to ?? Self.head
            let (read, delivered) = (Self.sequence(&dice), Self.sequence(&dice))
            // Mostly short ways, so that members do not all stand at the head soon.
            let way = members[place].read + Int64(dice.below(300))
            let to = dice.chance(90) ? min(way, read) : read
            book.advance(slot: Int32(place + 1), read: to, delivered: delivered / 8)
            members[place].read = max(members[place].read, min(to, end))
            members[place].delivered = max(members[place].delivered, members[place].read, min(delivered / 8, end))

            let sequence = Self.sequence(&dice)
            let counted = members.filter { $0.isCounted(sequence) }
            let wanted = ReceiptCounts(
                total: counted.count, read: counted.count { $0.read >= sequence },
                delivered: counted.count { $0.delivered >= sequence })
            try #require(book.counts(of: sequence, senderSlot: 0) == wanted, "seed \(seed), step \(step), sequence \(sequence)")
        }
    }
}
