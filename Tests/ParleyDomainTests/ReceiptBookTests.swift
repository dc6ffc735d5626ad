import ParleyDomain
import Testing

/// What the naive model (`Tests/ModelTests`) does not ask of a `ReceiptBook`: bounds, faulty rows, memory.
@Suite struct ReceiptBookTests {
    @Test func acknowledgementsAreIdempotentAndOnlyMoveForward() throws {
        var book = try ReceiptRecordTests.book(members: 3, messages: 9)
        book.advance(slot: 2, read: 5, delivered: 7)
        let after = book.counts(of: 5, senderSlot: 1)
        #expect(after == ReceiptCounts(total: 2, read: 1, delivered: 1))
        for (read, delivered) in [(5, 7), (4, 2), (0, 0), (-9, .min)] as [(Int64, Int64)] {
            book.advance(slot: 2, read: read, delivered: delivered)
            #expect(book.position(of: 2) == ReceiptPosition(read: 5, delivered: 7))
        }
        // Everything up to the acknowledged one is read.
        #expect((1...10).map { book.counts(of: $0, senderSlot: 1)?.read } == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
        #expect((1...10).map { book.counts(of: $0, senderSlot: 1)?.delivered } == [1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
        // Not beyond the head.
        book.advance(slot: 2, read: .max, delivered: .max)
        #expect(book.position(of: 2) == ReceiptPosition(read: 10, delivered: 10))
        book.grow(to: 11)
        #expect(book.counts(of: 11, senderSlot: 1)?.read == 0)
    }

    @Test func whatIsNotThereIsNotAnswered() throws {
        var book = ReceiptBook(head: 4, lastSlot: 2)
        #expect(!book.isLoaded && book.nextSlot == 1)
        #expect(book.counts(of: 1, senderSlot: 1) == nil)
        #expect(book.record(of: 1, senderSlot: 1) == nil)
        #expect(book.readers(of: 1, senderSlot: 1, list: .unread, afterSlot: 0, limit: 9) == nil)
        try book.load([ReceiptRow(slot: 1, read: 0, delivered: 0, intervals: [Interval(from: 1)])])
        #expect(!book.isLoaded && book.nextSlot == 2)
        try book.load([ReceiptRow(slot: 2, read: 0, delivered: 0, intervals: [Interval(from: 3)])])
        #expect(book.isLoaded && book.nextSlot == nil)
        for sequence in [Int64.min, -1, 0, 5, .max] {
            #expect(book.counts(of: sequence, senderSlot: 1) == nil, "\(sequence)")
            #expect(book.record(of: sequence, senderSlot: 1) == nil, "\(sequence)")
            #expect(book.readers(of: sequence, senderSlot: 1, list: .read, afterSlot: 0, limit: 9) == nil, "\(sequence)")
        }
        for slot in [Int32.min, -1, 0, 3, .max] {
            #expect(book.position(of: slot) == nil)
            #expect(book.record(of: 1, senderSlot: slot) == nil, "\(slot)")
            book.advance(slot: slot, read: 4, delivered: 4)
            book.end(slot: slot, at: 4)
            book.exclude(slot: slot, from: 1)
            book.include(slot: slot, at: 1)
            #expect(
                book.readers(of: 3, senderSlot: 0, list: .unread, afterSlot: slot, limit: 9)?.slots == (slot > 0 ? [] : [1, 2]))
        }
        // A sender who joined after the message, or has no slot, is nobody to leave out.
        #expect(book.counts(of: 2, senderSlot: 2) == ReceiptCounts(total: 1, read: 0, delivered: 0))
        #expect(book.counts(of: 3, senderSlot: 0) == ReceiptCounts(total: 2, read: 0, delivered: 0))
        #expect(book.record(of: 2, senderSlot: 2) == nil)
        #expect(book.readers(of: 3, senderSlot: 1, list: .unread, afterSlot: 0, limit: 0) == ReaderPage(slots: [], more: true))
    }

    @Test func rowsThatCannotBeAreRefused() throws {
        func row(_ slot: Int32, _ intervals: [Interval], _ exclusions: [Interval] = []) -> ReceiptRow {
            ReceiptRow(slot: slot, read: 0, delivered: 0, intervals: intervals, exclusions: exclusions)
        }
        let open = [Interval(from: 1)]
        for slot in [0, -1, 2] as [Int32] {
            var book = ReceiptBook(head: 9, lastSlot: 3)
            #expect(throws: ReceiptFault.slotOutOfOrder(found: slot, wanted: 1)) { try book.load([row(slot, open)]) }
        }
        var book = ReceiptBook(head: 9, lastSlot: 3)
        #expect(throws: ReceiptFault.slotOutOfOrder(found: 1, wanted: 2)) { try book.load([row(1, open), row(1, open)]) }
        let wrong: [[Interval]] = [
            [Interval(from: 0, to: 2)], [Interval(from: 5, to: 2)], [Interval(from: 1), Interval(from: 4)],
            [Interval(from: 1, to: 4), Interval(from: 4)], [Interval(from: 5, to: 6), Interval(from: 1, to: 2)],
        ]
        for intervals in wrong {
            #expect(throws: ReceiptFault.badIntervals(slot: 2), "\(intervals)") { try book.load([row(2, intervals)]) }
            #expect(throws: ReceiptFault.badIntervals(slot: 2), "\(intervals)") { try book.load([row(2, open, intervals)]) }
        }
        // What was refused left nothing behind. A slot without any membership is nobody.
        try book.load([row(2, []), row(3, [Interval(from: 2, to: .max)], [Interval(from: 7, to: 6)])])
        #expect((1...9).map { book.counts(of: $0, senderSlot: 0)?.total } == [1, 2, 2, 2, 2, 2, 2, 2, 2])
        #expect(book.record(of: 4, senderSlot: 1)?.slots(.quit) == [2])
    }

    /// Sequences end at 2^32-2 for receipts; nothing beyond traps.
    @Test func theLargestSequencesCount() throws {
        let last = ReceiptBook.lastSequence
        #expect(last == Int64(UInt32.max) - 1)
        var book = ReceiptBook(head: last - 2, lastSlot: 2)
        try book.load(
            (1...2).map { ReceiptRow(slot: $0, read: last - 2, delivered: last - 2, intervals: [Interval(from: last - 5)]) })
        book.grow(to: .max)
        #expect(book.head == last)
        #expect(book.counts(of: last, senderSlot: 1) == ReceiptCounts(total: 1, read: 0, delivered: 0))
        book.advance(slot: 2, read: .max, delivered: .max)
        #expect(book.counts(of: last, senderSlot: 1) == ReceiptCounts(total: 1, read: 1, delivered: 1))
        book.end(slot: 2, at: last)
        book.join(slot: 3, at: .max, visibleFrom: .max)
        book.exclude(slot: 1, from: .max)
        book.include(slot: 1, at: .max)
        #expect(book.counts(of: last, senderSlot: 1)?.read == 1)
        #expect(book.counts(of: last + 1, senderSlot: 1) == nil)
    }

    /// Messages cost nothing; members cost what the type says.
    @Test func nothingIsKeptPerMessage() throws {
        let small = try ReceiptRecordTests.book(members: 10_000, messages: 1)
        #expect(Double(small.memoryBytes) / 10_000 < 12.3)
        var large = try ReceiptRecordTests.book(members: 10_000, messages: 1)
        large.grow(to: 1_000_000)
        #expect(large.memoryBytes == small.memoryBytes)
        // All have read all: the index has one place for the members and one for each position, and 12 bytes for 1,024 sequences.
        for slot in 1...10_000 as ClosedRange<Int32> { large.advance(slot: slot, read: 1_000_000, delivered: 1_000_000) }
        #expect(large.memoryBytes - small.memoryBytes < 2 * 2 * 12 * 1_000_000 / 1_024)
        // A place that nobody stands at any more is gone: ten members walk through a thousand places each.
        let before = large.memoryBytes
        large.grow(to: 2_000_000)
        for sequence in stride(from: Int64(1_000_000), through: 2_000_000, by: 1_000) {
            for slot in 1...10 as ClosedRange<Int32> {
                large.advance(slot: slot, read: sequence + Int64(slot), delivered: sequence)
            }
        }
        #expect(large.memoryBytes - before < 3 * 2 * 12 * 1_000_000 / 1_024)
        // Everyone at another place is the worst: 8 bytes for each in each of two indexes, and what arrays have spare.
        var spread = try ReceiptRecordTests.book(members: 10_000, messages: 1_000_000) { Int64($0) * 100 }
        spread.grow(to: 1_000_001)
        #expect(Double(spread.memoryBytes) / 10_000 < 12.3 + 2 * 2 * 8 + 8)
    }

    /// A list of few among many, behind a page of those who are not in it, and whole.
    @Test func pagesHaveEverySlotOnce() throws {
        let members: Int32 = 1_000
        var book = try ReceiptRecordTests.book(members: members, messages: 1) { $0 % 37 == 0 ? 2 : 0 }
        for slot in stride(from: 5, through: members, by: 50) { book.end(slot: slot, at: 3) }
        book.grow(to: 4)
        for limit in [1, 7, 64, 1_000] {
            for (list, wanted) in [
                (ReaderList.read, (1...members).filter { $0 % 37 == 0 }), (.unread, (2...members).filter { $0 % 37 != 0 }),
            ] {
                var found: [Int32] = []
                while let page = book.readers(of: 2, senderSlot: 1, list: list, afterSlot: found.last ?? 0, limit: limit) {
                    found += page.slots
                    guard page.more else { break }
                    #expect(page.slots.count == limit)
                }
                #expect(found == wanted, "\(list), \(limit)")
            }
        }
        #expect(book.counts(of: 4, senderSlot: 1)?.total == 999 - 20)
        #expect(
            book.readers(of: 2, senderSlot: 1, list: .unread, afterSlot: .max, limit: 3) == ReaderPage(slots: [], more: false))
    }

    // MARK: A row that is ahead of what was heard

    /// A book of one slot beside the sender, whose row says this, with what was heard while it was not loaded and after.
    private func book(
        _ intervals: [Interval], _ exclusions: [Interval] = [], head: Int64 = 9, before: (inout ReceiptBook) -> Void = { _ in },
        after: (inout ReceiptBook) -> Void = { _ in }
    ) throws -> ReceiptBook {
        var book = ReceiptBook(head: head, lastSlot: 2)
        before(&book)
        let row = ReceiptRow(slot: 2, read: 0, delivered: 0, intervals: intervals, exclusions: exclusions)
        try book.load([ReceiptRow(slot: 1, read: 0, delivered: 0, intervals: [Interval(from: 1)]), row])
        after(&book)
        book.grow(to: 40)
        return book
    }

    /// The messages that the second slot is counted for.
    private func counted(_ book: ReceiptBook) -> [Int64] {
        (1...40).filter { book.counts(of: $0, senderSlot: 1)?.total == 1 }
    }

    @Test func changesThatTheRowHasAreNotMadeAgain() throws {
        let twice = [Interval(from: 1, to: 10), Interval(from: 20)]
        func leaveAndReturn(_ book: inout ReceiptBook) {
            book.end(slot: 2, at: 10)
            book.join(slot: 2, at: 20, visibleFrom: 1)
        }
        let wanted = Array(1...10) + Array(20...40) as [Int64]
        #expect(try self.counted(self.book(twice, before: leaveAndReturn)) == wanted)
        #expect(try self.counted(self.book(twice, after: leaveAndReturn)) == wanted)
        #expect(try self.counted(self.book([Interval(from: 1)], before: leaveAndReturn)) == wanted)
        #expect(try self.counted(self.book([Interval(from: 1, to: 10)], before: leaveAndReturn)) == wanted)

        let off = [Interval(from: 11, to: 14), Interval(from: 30)]
        func offOnOff(_ book: inout ReceiptBook) {
            book.exclude(slot: 2, from: 11)
            book.include(slot: 2, at: 15)
            book.exclude(slot: 2, from: 30)
        }
        let open = [Interval(from: 1)]
        for known in 0...2 {
            let exclusions = Array(off.prefix(known))
            #expect(try self.counted(self.book(open, exclusions, before: offOnOff)) == Array(1...10) + Array(15...29), "\(known)")
            #expect(try self.counted(self.book(open, exclusions, after: offOnOff)) == Array(1...10) + Array(15...29), "\(known)")
        }
        // What is heard of it late, one after the other, undoes nothing.
        let places: [(inout ReceiptBook) -> Void] = [
            { $0.exclude(slot: 2, from: 11) }, { $0.include(slot: 2, at: 15) }, { $0.exclude(slot: 2, from: 30) },
        ]
        for heard in 0...3 {
            let book = try self.book(open, off) { _ in
            } after: { book in
                for change in places.prefix(heard) { change(&book) }
            }
            #expect(self.counted(book) == Array(1...10) + Array(15...29), "\(heard)")
        }
        #expect(
            try self.counted(
                self.book(open, [off[0]]) { _ in
                } after: {
                    $0.exclude(slot: 2, from: 11)
                }) == Array(1...10) + Array(15...40))
        #expect(
            try self.counted(
                self.book(twice) { _ in
                } after: {
                    $0.end(slot: 2, at: 10)
                }) == wanted)
        // Off twice says it once; on at the same place leaves nothing.
        let twiceOff = try self.book(open) { book in
            for from in [12, 15] as [Int64] { book.exclude(slot: 2, from: from) }
            book.include(slot: 2, at: 18)
            book.exclude(slot: 2, from: 18)
            book.include(slot: 2, at: 18)
        }
        #expect(self.counted(twiceOff) == Array(1...11) + Array(18...40))
    }

    /// The row says that he left; what he acknowledged before he did ends at the head of that time.
    @Test func acknowledgementsEndAtTheHeadThoughTheRowIsAhead() throws {
        let book = try self.book([Interval(from: 1, to: 12)]) {
            $0.advance(slot: 2, read: 12, delivered: 30)
        } after: {
            $0.advance(slot: 2, read: 11, delivered: 11)
        }
        #expect(book.position(of: 2) == ReceiptPosition(read: 9, delivered: 9))
    }

    /// A store that hands out slots in another order than that of joining still gets right answers.
    @Test func slotsThatDidNotJoinInOrderAreFound() throws {
        var book = ReceiptBook(head: 20, lastSlot: 6)
        let froms: [Int64?] = [1, nil, 15, 2, 9, nil]
        try book.load(
            zip(1..., froms).map { slot, from in
                ReceiptRow(slot: slot, read: slot == 4 ? 20 : 0, delivered: 0, intervals: from.map { [Interval(from: $0)] } ?? [])
            })
        book.join(slot: 8, at: 21, visibleFrom: 1)
        #expect(book.record(of: 2, senderSlot: 1)?.lastSlot == 4)
        #expect(book.record(of: 9, senderSlot: 1)?.slots(.quit) == [2, 3])
        #expect(book.record(of: 20, senderSlot: 1)?.lastSlot == 5)
        #expect(book.record(of: 21, senderSlot: 1)?.slots(.quit) == [2, 6, 7])
        #expect(book.readers(of: 9, senderSlot: 1, list: .unread, afterSlot: 0, limit: 9)?.slots == [5])
        #expect(book.readers(of: 2, senderSlot: 1, list: .read, afterSlot: 0, limit: 9)?.slots == [4])
        book.end(slot: 3, at: 22)
        #expect(book.record(of: 9, senderSlot: 1)?.slots(.quit) == [2, 3])

        // Nor do slots that nobody has.
        var gap = ReceiptBook(head: 20, lastSlot: 5)
        try gap.load((1...5).map { ReceiptRow(slot: $0, read: 0, delivered: 0, intervals: $0 > 3 ? [Interval(from: 1)] : []) })
        #expect(gap.record(of: 20, senderSlot: 4)?.slots(.unread) == [5])
    }
}
