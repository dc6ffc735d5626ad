import Testing

@testable import ParleyEngine

@Suite struct SmallPartsTests {
    @Test func base64TellsBackWhatWasWritten() {
        for count in 0...70 {
            let bytes = systemRandom(count)
            #expect(Base64URL.decode(Array(Base64URL.encode(bytes).utf8)) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xEF, 0xFF]) == "--__")
        #expect(Base64URL.encode(Array("Man".utf8)) == "TWFu" && Base64URL.encode(Array("Ma".utf8)) == "TWE")
    }

    @Test(arguments: ["A", "AAAAA", "AB", "AAB", "A+", "A/", "AA=", "AA==", "A A", "é"])
    func base64OfAnotherFormIsRefused(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)) == nil)
    }

    @Test func cacheStaysBoundedAndKeepsWhatIsAskedFor() {
        var cache = GenerationCache<Int, Int>(capacity: 100)
        cache.insert(-1, for: -1)
        for number in 0..<1_000 {
            cache.insert(number, for: number)
            #expect(cache.value(for: -1) == -1)
            #expect(cache.value(for: number) == number)
            #expect(cache.count <= 100)
        }
        #expect(cache.value(for: 0) == nil)
        cache.remove(-1)
        #expect(cache.value(for: -1) == nil)
    }

    @Test func cacheForgetsARemovedEntryOfEitherGeneration() {
        var cache = GenerationCache<Int, Int>(capacity: 4)
        for number in 0..<3 { cache.insert(number, for: number) }
        for number in 0..<3 {
            cache.remove(number)
            #expect(cache.value(for: number) == nil)
        }
        #expect(cache.count == 0)
    }
}
