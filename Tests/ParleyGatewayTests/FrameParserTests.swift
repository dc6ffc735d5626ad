import NIOCore
import ParleyGateway
import Testing

/// Runs a parser over bytes that come in pieces, and keeps what it said.
struct ParserRun {
    var parser = FrameParser()
    var events: [FrameParser.Event] = []
    private var scratch = ByteBuffer()
    private let limits: FrameParser.Limits

    init(limits: FrameParser.Limits) { self.limits = limits }

    mutating func feed(_ piece: some Collection<UInt8>) {
        var input = ByteBuffer(bytes: piece)
        while let event = self.parser.next(from: &input, scratch: &self.scratch, limits: self.limits) {
            self.events.append(Self.copied(event))
        }
        if input.readableBytes > 0 { Issue.record("\(input.readableBytes) bytes were not taken") }
    }

    /// With buffers of its own: the parser's are only borrowed.
    private static func copied(_ event: FrameParser.Event) -> FrameParser.Event {
        func copy(_ buffer: ByteBuffer) -> ByteBuffer { ByteBuffer(bytes: Array(buffer.readableBytesView)) }
        return switch event {
        case .text(let bytes): .text(copy(bytes))
        case .binary(let bytes): .binary(copy(bytes))
        case .ping(let bytes): .ping(copy(bytes))
        case .pong, .close, .violation: event
        }
    }
}

/// Bytes and what they must be read as.
struct ParserCase: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var bytes: [UInt8]
    var events: [FrameParser.Event]

    init(_ name: String, _ bytes: [UInt8], _ events: [FrameParser.Event]) {
        self.testDescription = name
        self.bytes = bytes
        self.events = events
    }
}

struct FrameParserTests {
    static let limits = FrameParser.Limits(messageBytes: 70_000, fragments: 8, emptyFragments: 3)
    private typealias Make = ClientFrames

    private static func text(_ text: String) -> FrameParser.Event { .text(ByteBuffer(string: text)) }
    private static let long = [UInt8](repeating: 0x61, count: 66_000)
    private static let middle = [UInt8](repeating: 0x62, count: 300)

    static let good: [ParserCase] = [
        ParserCase("text", Make.text("hello"), [text("hello")]),
        ParserCase("empty text", Make.text(""), [text("")]),
        ParserCase("characters of two to four bytes", Make.text("ké学😀"), [text("ké学😀")]),
        ParserCase("text with NUL", Make.text("a\0b"), [text("a\0b")]),
        ParserCase("binary", Make.frame(Make.binary, [0, 255, 254]), [.binary(ByteBuffer(bytes: [0, 255, 254]))]),
        ParserCase("a mask of zeroes", Make.frame(Make.text, [0x61], mask: [0, 0, 0, 0]), [text("a")]),
        ParserCase("16-bit length", Make.frame(Make.binary, middle), [.binary(ByteBuffer(bytes: middle))]),
        ParserCase("64-bit length", Make.frame(Make.binary, long), [.binary(ByteBuffer(bytes: long))]),
        ParserCase("ping", Make.frame(Make.ping, [1, 2]), [.ping(ByteBuffer(bytes: [1, 2]))]),
        ParserCase(
            "longest ping", Make.frame(Make.ping, Array(middle.prefix(125))), [.ping(ByteBuffer(bytes: middle.prefix(125)))]),
        ParserCase("pong", Make.frame(Make.pong, [1]), [.pong]),
        ParserCase("two messages", Make.text("a") + Make.text("b"), [text("a"), text("b")]),
        ParserCase(
            "fragments", Make.text("ab", isFinal: false) + Make.frame(0, [0x63], isFinal: false) + Make.frame(0, [0x64]),
            [text("abcd")]),
        ParserCase(
            "a character across fragments", Make.frame(Make.text, [0xE5, 0xAD], isFinal: false) + Make.frame(0, [0xA6]),
            [text("学")]),
        ParserCase(
            "a ping among fragments", Make.text("a", isFinal: false) + Make.frame(Make.ping) + Make.frame(0, [0x62]),
            [.ping(ByteBuffer()), text("ab")]),
        ParserCase(
            "empty fragments", Make.text("", isFinal: false) + Make.frame(0, [], isFinal: false) + Make.frame(0), [text("")]),
        ParserCase("close without a code", Make.frame(Make.close) + Make.text("late"), [.close(code: nil)]),
        ParserCase("close", Make.close(1000, "bye") + Make.text("late"), [.close(code: 1000)]),
        ParserCase("close of an application", Make.close(4999), [.close(code: 4999)]),
    ]

    static let bad = violations.map { ParserCase($0.0, $0.1, [.violation($0.2)]) }

    private static func more(_ payload: [UInt8], times: Int) -> [UInt8] {
        (0..<times).flatMap { _ in Make.frame(0, payload, isFinal: false) }
    }

    private static let violations: [(String, [UInt8], FrameViolation)] = [
        ("unmasked", Make.frame(Make.text, [0x61], mask: nil), .unmasked),
        ("RSV1", Make.frame(0, [0x61], first: 0xC1), .reservedBit),
        ("RSV2", Make.frame(0, first: 0xA1), .reservedBit),
        ("RSV3", Make.frame(0, first: 0x91), .reservedBit),
        ("opcode 3", Make.frame(0x3), .reservedOpcode),
        ("opcode 7", Make.frame(0x7), .reservedOpcode),
        ("opcode B", Make.frame(0xB), .reservedOpcode),
        ("opcode F", Make.frame(0xF), .reservedOpcode),
        ("ping in fragments", Make.frame(Make.ping, isFinal: false), .controlFragmented),
        ("ping of 126 bytes", Make.frame(Make.ping, Array(middle.prefix(126))), .controlTooLong),
        ("close of 64-bit length", Make.frame(Make.close, declared: 1 << 20), .controlTooLong),
        ("16-bit length of 125", Make.frame(Make.text, Array(middle.prefix(125)), lengthBytes: 2), .lengthNotMinimal),
        ("64-bit length of 65535", Make.frame(Make.text, lengthBytes: 8, declared: 65_535), .lengthNotMinimal),
        ("length 2^63", Make.frame(Make.binary, declared: 1 << 63), .lengthOverflow),
        ("length 2^64-1", Make.frame(Make.binary, declared: .max), .lengthOverflow),
        ("length 2^63-1", Make.frame(Make.binary, declared: .max >> 1), .messageTooLarge),
        ("a byte too long", Make.frame(Make.binary, declared: 70_001), .messageTooLarge),
        (
            "too long over fragments", Make.frame(Make.binary, long, isFinal: false) + Make.frame(0, declared: 4_001),
            .messageTooLarge
        ),
        ("continuation of nothing", Make.frame(0, [0x61]), .nothingToContinue),
        ("text within a message", Make.text("a", isFinal: false) + Make.text("b"), .messageInterrupted),
        ("too many fragments", Make.text("a", isFinal: false) + more([0x61], times: 8), .tooManyFragments),
        ("too many empty fragments", Make.text("", isFinal: false) + more([], times: 3), .tooManyFragments),
        ("overlong", Make.frame(Make.text, [0xC0, 0xAF]), .notUTF8),
        ("surrogate", Make.frame(Make.text, [0xED, 0xA0, 0x80]), .notUTF8),
        ("past U+10FFFF", Make.frame(Make.text, [0xF4, 0x90, 0x80, 0x80]), .notUTF8),
        ("cut character", Make.frame(Make.text, [0x61, 0xE5, 0xAD]), .notUTF8),
        ("cut character at the last fragment", Make.text("a", isFinal: false) + Make.frame(0, [0xE5]), .notUTF8),
        ("close of one byte", Make.frame(Make.close, [3]), .badClose),
        ("close 1005", Make.close(1005), .badClose),
        ("close 999", Make.close(999), .badClose),
        ("close 5000", Make.close(5000), .badClose),
        ("close reason", Make.frame(Make.close, [0x03, 0xE8, 0xFF]), .notUTF8),
    ]

    @Test(arguments: good + bad)
    func readsTheSameWholeByteByByteAndGlued(input: ParserCase) {
        var whole = ParserRun(limits: Self.limits)
        whole.feed(input.bytes)
        #expect(whole.events == input.events)

        var single = ParserRun(limits: Self.limits)
        for byte in input.bytes { single.feed(CollectionOfOne(byte)) }
        #expect(single.events == input.events)

        // After other messages in the same piece; and what comes after an end is dropped.
        var glued = ParserRun(limits: Self.limits)
        glued.feed(Make.text("before") + Make.frame(Make.pong) + input.bytes + Make.text("after"))
        let after = input.events.contains(where: Self.isEnd) ? [] : [Self.text("after")]
        #expect(glued.events == [Self.text("before"), .pong] + input.events + after)
    }

    private static func isEnd(_ event: FrameParser.Event) -> Bool {
        switch event {
        case .close, .violation: true
        case .text, .binary, .ping, .pong: false
        }
    }

    @Test(arguments: 1...8)
    func readsTheSameInAnyPieces(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for input in Self.good + Self.bad {
            var run = ParserRun(limits: Self.limits)
            var rest = input.bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...max(1, min(rest.count, Bool.random(using: &random) ? 7 : 40_000)), using: &random)
                run.feed(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(run.events == input.events, "\(input.testDescription), seed \(seed)")
        }
    }

    @Test func badTextIsRefusedBeforeItsFrameEnds() {
        var run = ParserRun(limits: Self.limits)
        let bytes = Make.frame(Make.text, [0x61, 0xFF] + Array(repeating: 0x61, count: 100))
        run.feed(bytes.prefix(8))
        #expect(run.events == [.violation(.notUTF8)])
    }

    @Test func lengthIsRefusedBeforeTheMaskComes() {
        var run = ParserRun(limits: Self.limits)
        run.feed(Make.frame(Make.binary, declared: 1 << 63).prefix(10))
        #expect(run.events == [.violation(.lengthOverflow)])
        #expect(run.parser.retainedBytes == 0)
    }

    @Test func memoryGrowsWithBytesThatCame() {
        var run = ParserRun(limits: Self.limits)
        run.feed(Make.frame(Make.binary, declared: 70_000).prefix(20))
        #expect(run.events.isEmpty)
        #expect(run.parser.isMidMessage)
        #expect(run.parser.retainedBytes < 1_024)
    }

    @Test func midMessageIsFromTheFirstByteToTheLast() {
        var run = ParserRun(limits: Self.limits)
        #expect(!run.parser.isMidMessage)
        run.feed([0x81])
        #expect(run.parser.isMidMessage)
        run.feed(Make.text("a").dropFirst())
        #expect(!run.parser.isMidMessage)
        run.feed(Make.text("a", isFinal: false))
        #expect(run.parser.isMidMessage)
        run.feed(Make.frame(0))
        #expect(!run.parser.isMidMessage)
    }

    /// Random and half-right bytes: no trap, memory within the limit, silence after the end.
    @Test(arguments: 1...30)
    func anyBytesAreReadWithinTheLimits(seed: UInt64) {
        var random = SeededGenerator(seed: seed &* 7_919)
        let limits = FrameParser.Limits(messageBytes: 4_096, fragments: 16, emptyFragments: 4)
        for _ in 0..<40 {
            var run = ParserRun(limits: limits)
            for _ in 0..<30 {
                run.feed(Self.piece(using: &random))
                if run.parser.retainedBytes > 2 * 4_096 + 256 { Issue.record("keeps \(run.parser.retainedBytes) bytes") }
            }
            #expect(run.events.count(where: Self.isEnd) <= 1)
            #expect(run.events.dropLast().allSatisfy { !Self.isEnd($0) })
        }
    }

    private static func piece(using random: inout SeededGenerator) -> [UInt8] {
        let payload = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
        let opcode: UInt8 = [0, 1, 2, 9, 10, 8].randomElement(using: &random) ?? 1
        var bytes = Make.frame(opcode, payload, isFinal: Int.random(in: 0..<3, using: &random) > 0)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
        case 1:
            let index = Int.random(in: 0..<bytes.count, using: &random)
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        case 3: bytes = Make.frame(opcode, declared: UInt64.random(in: 0 ... .max, using: &random))
        default: break
        }
        return bytes
    }
}

struct UTF8ValidatorTests {
    private static func isValid(_ bytes: [UInt8]) -> Bool {
        var validator = UTF8Validator()
        return bytes.withUnsafeBytes { validator.feed($0) } && validator.isComplete
    }

    @Test func agreesWithTheStandardLibraryOnAllPairs() {
        for first in UInt8.min ... .max {
            for second in UInt8.min ... .max {
                let bytes = [first, second]
                // An expectation for each of so many would take most of the time.
                guard Self.isValid(bytes) != (String(validating: bytes, as: UTF8.self) != nil) else { continue }
                Issue.record("\(bytes)")
            }
        }
    }

    @Test(arguments: 1...20)
    func agreesWithTheStandardLibraryOnRandomBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let heads: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4,
            0xF5, 0xFF,
        ]
        for _ in 0..<4_000 {
            let bytes = (0..<Int.random(in: 0...14, using: &random)).map { _ in heads.randomElement(using: &random) ?? 0 }
            guard Self.isValid(bytes) != (String(validating: bytes, as: UTF8.self) != nil) else { continue }
            Issue.record("\(bytes)")
        }
    }

    @Test func everyScalarIsValidHoweverItIsCut() {
        for value in stride(from: UInt32(0), through: 0x10_FFFF, by: 61) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let bytes = Array("abcdefghi\(Character(scalar))".utf8)
            var validator = UTF8Validator()
            let isTaken = bytes.allSatisfy { byte in withUnsafeBytes(of: byte) { validator.feed($0) } }
            guard isTaken, validator.isComplete, Self.isValid(bytes) else {
                Issue.record("U+\(String(value, radix: 16))")
                continue
            }
        }
    }
}
