import Foundation
import NIOCore
import ParleyDomain
import ParleyTestKit
import Testing

@testable import ParleyWire

/// The binary encoding says what JSON says, no more and no less.
@Suite struct BinaryGoldenTests {
    static func binary(_ json: String) throws -> [UInt8] {
        var writer = BinaryWriter()
        try writer.write(Array(json.utf8).span)
        return writer.out
    }

    static func json(_ binary: [UInt8]) throws -> String {
        String(decoding: try BinaryReader.json(of: binary.span, limit: .max), as: UTF8.self)
    }

    /// A request in the binary encoding means what its JSON means.
    @Test func everyGoldenRequestMeansTheSame() throws {
        var decoder = FrameDecoder()
        for (name, frame) in try GoldenFrames.read("client.txt") {
            let request = try decoder.decode(binary: ByteBuffer(bytes: Self.binary(frame)))
            var meaning = GoldenRequests.all[name]
            // Content is kept as its bytes came, and one line of the file has escapes that nobody needs.
            if name == "send-escaped", case .command(var command)? = meaning, case .send(var message) = command.action {
                message.content = Array(#"{"type":"text","text":"😀 é \"q\" \\ \n"}"#.utf8)
                command.action = .send(message)
                meaning = .command(command)
            }
            #expect(request.frame == meaning, "\(name)")
        }
    }

    /// An answer comes back byte for byte.
    @Test func everyGoldenAnswerComesBack() throws {
        var decoder = ServerFrameDecoder()
        for (name, frame) in try GoldenFrames.read("server.txt") {
            let binary = try Self.binary(frame)
            #expect(try Self.json(binary) == frame, "\(name)")
            #expect(
                try decoder.decode(ByteBuffer(bytes: binary), in: .binary) == decoder.decode(ByteBuffer(string: frame)), "\(name)"
            )
            #expect(binary.count < frame.utf8.count, "\(name)")
        }
    }

    /// `docs/golden/binary.txt` is made by another program, `verify/conformance/parley_bin.py`.
    @Test func theFileOfBinaryFramesIsWhatWeWrite() throws {
        var frames: [String: String] = [:]
        for side in ["client", "server"] {
            for (name, frame) in try GoldenFrames.read(side + ".txt") { frames[side + "/" + name] = frame }
        }
        let golden = try GoldenFrames.read("binary.txt")
        #expect(golden.count > 100)
        for (name, hex) in golden {
            let frame = try #require(frames[name], "\(name)")
            #expect(try Self.hex(Self.binary(frame)) == hex, "\(name)")
        }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The published list is the one that is spoken.
    @Test func theDocumentsNamesAreTheTable() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "docs/parley.cddl"), encoding: .utf8)
        let list = try #require(text.firstMatch(of: /name = &\(([^)]*)\)/)).output.1
        let names = list.matches(of: /([a-z_]+): ([0-9]+)/).map { (String($0.output.1), Int($0.output.2)) }
        #expect(names.map(\.1) == Array(0..<BinaryNames.all.count))
        #expect(names.map(\.0) == BinaryNames.all.map(\.description))
        #expect(Set(names.map(\.0)).count == names.count && names.count <= 256)
        for (number, name) in BinaryNames.all.enumerated() {
            let bytes = Array(name.description.utf8)
            #expect(BinaryNames.number(bytes.span, ByteRange(start: 0, end: bytes.count)).map(Int.init) == number)
        }
    }

    @Test func theDocumentsExampleIsRight() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        let ping = #"{"type":"ping","id":10}"#
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(ping + "  ") })
        let hex = line.dropFirst(ping.count).prefix { $0.isHexDigit || $0 == " " }.prefix(40).filter { $0 != " " }
        #expect(hex.hasPrefix(try Self.hex(Self.binary(ping))))
    }

    /// Any JSON value there and back, byte for byte: numbers as they were written, keys in their order, names where they stand.
    @Test(arguments: 0..<20) func anyValueComesBack(seed: UInt64) throws {
        var random = RandomJSON(seed: seed)
        for _ in 0..<200 {
            let json = random.object(depth: 6)
            let binary = try Self.binary(json)
            #expect(try Self.json(binary) == json)
            // Where it is spaced out, and escaped more than needed, the value is the same and so are the bytes.
            #expect(try Self.binary(random.loosened(json)) == binary)
        }
    }

    @Test(
        arguments: [
            ("0", "00"), ("23", "17"), ("24", "1818"), ("255", "18ff"), ("256", "190100"), ("65535", "19ffff"),
            ("65536", "1a00010000"), ("4294967295", "1affffffff"), ("4294967296", "1b0000000100000000"), ("-1", "20"),
            ("-24", "37"), ("-25", "3818"), ("9007199254740991", "1b001fffffffffffff"),
            ("-9007199254740991", "3b001ffffffffffffe"),
            // Integers beyond that, and fractions that are not in their shortest form, go as their digits.
            ("9007199254740992", "5039303037313939323534373430393932"), ("-0", "422d30"), ("1.50", "44312e3530"),
            ("1e3", "43316533"), ("1E+3", "4431452b33"), ("0.5", "fb3fe0000000000000"), ("-0.0", "fb8000000000000000"),
            ("1.0", "fb3ff0000000000000"), ("0.1", "fb3fb999999999999a"), ("1e400", "453165343030"),
            ("true", "f5"), ("false", "f4"), ("null", "f6"), (#""text""#, "410a"), (#""texts""#, "657465787473"),
            (#""""#, "60"), (#""a""#, "6161"), ("[]", "80"), ("{}", "a0"),
        ])
    func eachValueHasOneForm(json: String, hex: String) throws {
        let whole = #"{"x":"# + json + "}"
        let binary = try Self.binary(whole)
        #expect(Self.hex(binary) == "a16178" + hex)
        #expect(try Self.json(binary) == whole)
    }
}

/// JSON values as they are written without spaces and with no more escapes than needed.
struct RandomJSON {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int((self.next() >> 33) % UInt64(bound)) }

    private static let scraps = [
        "a", "Z", "0", " ", "/", "é", "ß", "你", "好", "👍", "\u{7F}", "\u{2028}", "\"", "\\", "\n", "\r", "\t", "\u{1}", "\u{1F}",
        "{", "]", ",",
        ":",
    ]
    private static let numbers = [
        "0", "-0", "1", "-1", "23", "24", "1.0", "1.5", "1.50", "-0.0", "0.1", "1e5", "1E-9", "100000000000000000000",
        "123456789012345678",
        "9007199254740991", "9007199254740992", "3.141592653589793", "2.5e-8", "-9007199254740993", "1e999",
        "12345678901234567890.125",
    ]

    private mutating func text(isKey: Bool) -> String {
        if self.below(3) == 0 { return ControlContent.quoted(BinaryNames.all[self.below(BinaryNames.all.count)].description) }
        let scraps = isKey ? Self.scraps.filter { $0.utf8.allSatisfy { $0 >= 0x20 } && $0 != "\"" && $0 != "\\" } : Self.scraps
        // Lengths around those where heads grow.
        let count = [0, 1, 2, 5, 22, 23, 24, 60, 255, 256, 300][self.below(self.below(20) == 0 ? 11 : 8)]
        return ControlContent.quoted((0..<count).map { _ in scraps[self.below(scraps.count)] }.joined())
    }

    mutating func object(depth: Int) -> String {
        var keys: [String] = []
        for _ in 0..<(self.below(12) == 0 ? 30 : self.below(5)) {
            let key = self.text(isKey: true)
            if !keys.contains(key) { keys.append(key) }
        }
        return "{" + keys.map { $0 + ":" + self.value(depth: depth - 1) }.joined(separator: ",") + "}"
    }

    private mutating func value(depth: Int) -> String {
        switch self.below(depth > 0 ? 10 : 8) {
        case 0, 1, 2: return self.text(isKey: false)
        case 3: return Self.numbers[self.below(Self.numbers.count)]
        case 4: return String(Int64(truncatingIfNeeded: self.next() >> 11) - 4_503_599_627_370_496)
        case 5: return Double(bitPattern: self.next()).isFinite ? "\(Double(self.below(1 << 20)) / 1024)" : "0.25"
        case 6: return ["true", "false", "null"][self.below(3)]
        case 7: return String(self.below(70_000))
        case 8:
            let count = self.below(12) == 0 ? 300 : self.below(5)
            return "[" + (0..<count).map { _ in self.value(depth: count > 5 ? 0 : depth - 1) }.joined(separator: ",") + "]"
        default: return self.object(depth: depth)
        }
    }

    /// The same value with spaces between its parts, and characters of its texts escaped that need not be.
    mutating func loosened(_ json: String) -> String {
        var out = ""
        var (isText, isKey) = (false, true)
        // What is left of an escape.
        var escape = 0
        var isObject: [Bool] = []
        for character in json.unicodeScalars {
            if isText {
                let isPlain = escape == 0
                escape = isPlain ? (character == "\\" ? 1 : 0) : escape == 1 && character == "u" ? 4 : escape - 1
                // Keys have no escapes.
                if isPlain, !isKey, character != "\"", character != "\\", self.below(4) == 0 {
                    for unit in String(character).utf16 {
                        out += "\\u" + String(repeating: "0", count: 4 - String(unit, radix: 16).count) + String(unit, radix: 16)
                    }
                } else {
                    out.unicodeScalars.append(character)
                }
                if character == "\"", isPlain { isText = false }
                continue
            }
            switch character {
            case "{", "[":
                isObject.append(character == "{")
                isKey = character == "{"
            case "}", "]": isObject.removeLast()
            case ":": isKey = false
            case ",": isKey = isObject.last == true
            case "\"": isText = true
            default: break
            }
            let isDigit = "+-.0123456789eEtrufalsn".unicodeScalars.contains(character)
            if !isDigit, self.below(3) == 0 { out += [" ", "\n", "\t", "\r\n  "][self.below(4)] }
            out.unicodeScalars.append(character)
        }
        return out
    }
}
