import ParleyDomain
import Testing

/// The bytes of a receipt record (R44, R46, R47).
@Suite struct ReceiptRecordTests {
    /// A book of a group whose members are all there from sequence 1, with so many messages after it.
    static func book(members: Int32, messages: Int64, read: (Int32) -> Int64 = { _ in 0 }) throws -> ReceiptBook {
        var book = ReceiptBook(head: 1 + messages, lastSlot: members)
        try book.load(
            (1...members).map { slot in
                ReceiptRow(slot: slot, read: read(slot), delivered: 0, intervals: [Interval(from: 1)])
            })
        return book
    }

    private static func decode(_ bytes: [UInt8], sender: Int32, limit: Int32 = 1_000) throws -> ReceiptRecord {
        try ReceiptRecord(decoding: bytes, senderSlot: sender, lastSlotAtMost: limit)
    }

    /// A small generator whose numbers are the same on every run.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state ^ self.state >> 29
        }
    }

    /// The worked example of the articles: members A to E are slots 1 to 5, A sends message 2.
    @Test func workedExampleBitForBit() throws {
        var book = try Self.book(members: 5, messages: 1)
        func bytes() throws -> [UInt8] { try #require(book.record(of: 2, senderSlot: 1)).encoded(as: .bitmap) }
        #expect(try bytes() == [5, 0, 0, 0, 0b0000_0000, 0b0000_0000])
        book.advance(slot: 4, read: 2, delivered: 2)
        #expect(try bytes() == [5, 0, 0, 0, 0b0000_1000, 0b0000_0000])
        for slot in [2, 3, 5] as [Int32] { book.advance(slot: slot, read: 2, delivered: 2) }
        #expect(try bytes() == [5, 0, 0, 0, 0b0001_1110, 0b0000_0000])
        // The sender reads his own message: his bit is not counted and stays 0.
        book.advance(slot: 1, read: 2, delivered: 2)
        #expect(try bytes() == [5, 0, 0, 0, 0b0001_1110, 0b0000_0000])

        // C leaves with entry 3, A sends message 4: 3 are counted. F joins with entry 5 and is not.
        book.end(slot: 3, at: 3)
        book.grow(to: 4)
        book.join(slot: 6, at: 5, visibleFrom: 1)
        book.advance(slot: 6, read: 5, delivered: 5)
        let record = try #require(book.record(of: 4, senderSlot: 1))
        #expect(record.encoded(as: .bitmap) == [5, 0, 0, 0, 0b0000_0000, 0b0000_0100])
        #expect([record.total, record.read, record.unread] == [3, 0, 3])
        #expect((1...6).map { record.state(of: $0) } == [.sender, .unread, .quit, .unread, .unread, nil])
        // What was sent before keeps its record.
        #expect(try bytes() == [5, 0, 0, 0, 0b0001_1110, 0b0000_0000])
        // C returns to his old slot: what was sent while he was away stays without him.
        book.join(slot: 3, at: 6, visibleFrom: 1)
        book.advance(slot: 3, read: 6, delivered: 6)
        #expect(book.record(of: 4, senderSlot: 1) == record)
        #expect(book.record(of: 6, senderSlot: 1)?.slots(.read) == [3])
    }

    @Test func twoHundredMembersAreFiftyFourBytes() throws {
        // Half have read: a list would be longer.
        let book = try Self.book(members: 200, messages: 1) { $0 % 2 == 0 ? 2 : 0 }
        let record = try #require(book.record(of: 2, senderSlot: 1))
        #expect(record.encoded.count == 54)
        #expect(record.encoded(as: .bitmap) == record.encoded)
        #expect(record.encoded.prefix(4) == [200, 0, 0, 0])
        #expect([record.total, record.read, record.unread] == [199, 100, 99])
    }

    @Test func whoHasReceiptsOffCountsAsQuit() throws {
        var book = try Self.book(members: 3, messages: 0)
        book.exclude(slot: 2, from: 2)
        book.exclude(slot: 1, from: 2)
        book.grow(to: 2)
        // The sender's bit stays 0 although he has them off himself.
        #expect(book.record(of: 2, senderSlot: 1)?.encoded(as: .bitmap) == [3, 0, 0, 0, 0, 0b10])
        #expect(book.counts(of: 2, senderSlot: 1) == ReceiptCounts(total: 1, read: 0, delivered: 0))
    }

    @Test func shorterEncodingIsChosenAndTheFlagSaysWhich() throws {
        for (readers, rest) in [(2, 0), (9_997, 1)] as [(Int32, UInt8)] {
            let book = try Self.book(members: 10_000, messages: 1) { $0 > 1 && $0 <= readers + 1 ? 2 : 0 }
            let record = try #require(book.record(of: 2, senderSlot: 1))
            #expect(record.encoded.count == 9 + 4 * 2)
            #expect(record.encoded.prefix(5) == [0x10, 0x27, 0, 0x80, rest])
            #expect(record.encoded(as: .bitmap).count == 4 + 2 * 1_250)
        }
        // Many have passed through: three are left of ten thousand slots, two of them counted.
        var book = try Self.book(members: 10_000, messages: 0)
        for slot in 4...10_000 as ClosedRange<Int32> { book.end(slot: slot, at: Int64(slot) - 2) }
        book.grow(to: 9_999)
        let record = try #require(book.record(of: 9_999, senderSlot: 2))
        #expect(record.encoded == [0x10, 0x27, 0, 0x80, 2, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0])
        #expect([record.total, record.unread] == [2, 2])
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func bothEncodingsComeBackAsTheyWere(_ seed: UInt64) throws {
        var dice = Dice(state: seed)
        for _ in 0..<300 {
            let members = Int32.random(in: 1...70, using: &dice)
            var book = try Self.book(members: members, messages: 10) { _ in Int64.random(in: 0...11, using: &dice) }
            for slot in 1...members where Bool.random(using: &dice) {
                book.end(slot: slot, at: Int64.random(in: 2...11, using: &dice))
            }
            let sender = Int32.random(in: 1...members, using: &dice)
            let record = try #require(book.record(of: 8, senderSlot: sender), "seed \(seed)")
            for encoding in ReceiptRecord.Encoding.allCases {
                let bytes = record.encoded(as: encoding)
                #expect(try Self.decode(bytes, sender: sender) == record, "seed \(seed)")
                #expect(bytes.count >= record.encoded.count)
            }
            let states: [ReceiptRecord.State] = [.read, .unread, .quit, .sender]
            #expect(states.flatMap { record.slots($0) }.sorted() == Array(1...members), "every slot is in one list, seed \(seed)")
            #expect(record.total == Int(members) - record.slots(.quit).count - 1)
        }
    }

    @Test func whatIsNotARecordIsRefused() {
        func fault(_ bytes: [UInt8], sender: Int32 = 1, limit: Int32 = 1_000) -> ReceiptRecord.DecodingFault? {
            do throws(ReceiptRecord.DecodingFault) {
                _ = try ReceiptRecord(decoding: bytes, senderSlot: sender, lastSlotAtMost: limit)
                return nil
            } catch { return error }
        }
        #expect(fault([5, 0, 0, 0, 0b1_1110, 0]) == nil)
        #expect(fault([]) == .length)
        #expect(fault([5, 0, 0]) == .length)
        #expect(fault([5, 0, 0, 0, 0]) == .length)
        #expect(fault([5, 0, 0, 0, 0, 0, 0]) == .length)
        #expect(fault([0, 0, 0, 0]) == .lastSlot)
        #expect(fault([5, 0, 0, 0, 0, 0], limit: 4) == .lastSlot)
        #expect(fault([0xFF, 0xFF, 0xFF, 0x7F, 0, 0]) == .lastSlot)
        #expect(fault([5, 0, 0, 0, 0, 0], sender: 6) == .sender)
        #expect(fault([5, 0, 0, 0, 0, 0], sender: 0) == .sender)
        #expect(fault([5, 0, 0, 0, 1, 0]) == .sender)
        #expect(fault([5, 0, 0, 0, 0, 1]) == .sender)
        #expect(fault([5, 0, 0, 0, 0b10_0000, 0]) == .strayBits)
        #expect(fault([5, 0, 0, 0, 0, 0b1000_0000]) == .strayBits)
        #expect(fault([5, 0, 0, 0, 0b10, 0b10]) == .twoStates)

        #expect(fault([5, 0, 0, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0]) == nil)
        #expect(fault([5, 0, 0, 0x80, 0]) == .length)
        #expect(fault([5, 0, 0, 0x80, 0, 2, 0, 0, 0, 2, 0, 0, 0]) == .length)
        #expect(fault([5, 0, 0, 0x80, 0, 0xFF, 0xFF, 0xFF, 0xFF]) == .length)
        #expect(fault([5, 0, 0, 0x80, 0, 0, 0, 0, 0, 2]) == .length)
        #expect(fault([5, 0, 0, 0x80, 3, 0, 0, 0, 0]) == .rest)
        #expect(fault([5, 0, 0, 0x80, 0, 1, 0, 0, 0, 6, 0, 0, 0]) == .slotOutOfRange)
        #expect(fault([5, 0, 0, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0]) == .slotOutOfRange)
        #expect(fault([5, 0, 0, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0xFF]) == .slotOutOfRange)
        #expect(fault([5, 0, 0, 0x80, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]) == .unsorted)
        #expect(fault([5, 0, 0, 0x80, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]) == .unsorted)
        #expect(fault([5, 0, 0, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]) == .twoStates)
        #expect(fault([5, 0, 0, 0x80, 2, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]) == .twoStates)
        for rest in 0...2 as ClosedRange<UInt8> {
            #expect(fault([5, 0, 0, 0x80, rest, 1, 0, 0, 0, 1, 0, 0, 0]) == .sender, "\(rest)")
        }
    }

    /// Random bytes, and records with a few bytes changed: refused, or read as something that is written again the same way.
    @Test func anyBytesAreDecodedOrRefused() throws {
        var dice = Dice(state: 7)
        var decoded = 0
        let book = try Self.book(members: 40, messages: 1) { $0 % 3 == 0 ? 2 : 0 }
        let record = try #require(book.record(of: 2, senderSlot: 5))
        for round in 0..<20_000 {
            var bytes = round % 2 == 0 ? record.encoded(as: .bitmap) : record.encoded(as: .list)
            if round % 5 == 0 {
                bytes = (0..<Int.random(in: 0...30, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) }
                if bytes.count >= 4 { (bytes[1], bytes[2], bytes[3]) = (0, 0, bytes[3] & 0x80) }
            } else {
                for _ in 0..<Int.random(in: 1...2, using: &dice) {
                    bytes[Int.random(in: 0..<bytes.count, using: &dice)] ^= 1 << UInt8.random(in: 0...7, using: &dice)
                }
                if round % 7 == 0 { bytes.removeLast(Int.random(in: 0...4, using: &dice)) }
            }
            guard let found = try? Self.decode(bytes, sender: 5, limit: 300) else { continue }
            decoded += 1
            #expect(found.read + found.unread == found.total)
            if bytes[3] & 0x80 == 0 { #expect(found.encoded(as: .bitmap) == bytes) }
            #expect(try Self.decode(found.encoded(as: .list), sender: 5) == found)
        }
        #expect(decoded > 1_000 && decoded < 19_000)
    }
}
