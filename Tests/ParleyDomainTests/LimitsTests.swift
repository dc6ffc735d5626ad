import ParleyDomain
import Testing

@Suite struct LimitsTests {
    @Test func limitsFitIntoEachOther() {
        // A text of the longest length, every character escaped as two \u units, is a content and fits a frame with its envelope.
        #expect(Limits.textCharacters * 12 + 1_024 <= Limits.contentBytes)
        #expect(Limits.contentBytes + 1_024 <= Limits.frameBytes)
        #expect(Limits.frameBeforeAuthBytes < Limits.frameBytes)
        #expect(Limits.pageEntries <= Limits.pageEntriesMax)
        #expect(Limits.contentBytes < Limits.pageBytes)
        #expect(Limits.draftsPerConversationAndBatch < Limits.draftsPerBatch)
        #expect(Limits.draftsPerBatch < Limits.waitingCommands)
        #expect(Limits.membersPerGroup <= Limits.membersPerGroupMax)
        #expect(Limits.usersPerRequest * (Limits.identifierBytes + 3) < Limits.frameBytes)
        #expect(Limits.syncPositions * (Limits.identifierBytes + 20) < Limits.frameBytes)
    }

    @Test func errorNumbersCarryStatusAndCloseCode() {
        for code in ErrorCode.allCases {
            #expect((400..<600).contains(code.httpStatus), "\(code)")
            #expect(
                code.closeCode == 1009 || code.closeCode == 1007 || code.closeCode == UInt16(4_000 + code.httpStatus), "\(code)")
            #expect(isIdentifier(code.name), "\(code)")
            #expect(code.advice.hasSuffix("."), "\(code)")
        }
        #expect(Set(ErrorCode.allCases.map(\.name)).count == ErrorCode.allCases.count)
    }

    @Test func identifiersHaveTheirAlphabetAndLength() {
        for good in ["a", "A-z_0.9:@", String(repeating: "x", count: 64)] { #expect(UserID(rawValue: good) != nil) }
        for bad in ["", " ", "a b", "é", "a/b", "a\n", "a\"", String(repeating: "x", count: 65)] {
            #expect(UserID(rawValue: bad) == nil)
        }
    }

    @Test func bucketRefillsWithTime() {
        var bucket = RateBucket(perSecond: 10, burst: 3, at: 0)
        #expect((0..<3).allSatisfy { _ in bucket.take(at: 0) == nil })
        #expect(bucket.take(at: 0) == 100)
        #expect(bucket.take(at: 99) == 1)
        #expect(bucket.take(at: 100) == nil)
        #expect(bucket.take(at: 100) != nil)
        // However long it rests, no more than the burst comes back; a clock that steps back gives nothing.
        var rested = 0
        while bucket.take(at: 3_600_000) == nil { rested += 1 }
        #expect(rested == 3)
        #expect(bucket.take(at: 0) != nil)
        var open = RateBucket(perSecond: 0, burst: 0, at: 0)
        #expect(open.take(at: 0) == nil)
    }
}
