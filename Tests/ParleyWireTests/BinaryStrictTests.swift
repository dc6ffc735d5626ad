import NIOCore
import ParleyDomain
import Testing

@testable import ParleyWire

/// What the binary encoding refuses, each by its rule, its byte and its field.
@Suite struct BinaryStrictTests {
    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8.filter { $0 != UInt8(ascii: " ") })
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(truncatingIfNeeded: (hexDigit(digits[$0]) ?? 0) << 4 | (hexDigit(digits[$0 + 1]) ?? 0))
        }
    }

    private static func failure(_ bytes: [UInt8]) -> DecodeFailure? {
        var decoder = FrameDecoder()
        do {
            _ = try decoder.decode(binary: ByteBuffer(bytes: bytes))
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("", "", "a map (byte 0)"), ("80", "", "a map (byte 0)"), ("f6", "", "a map (byte 0)"),
            ("6161", "", "a map (byte 0)"),
            ("7b", "", "a map (byte 0)"), ("a0 00", "", "nothing after the map (byte 1)"),
            // Cut short, and counts of what is not there.
            ("a1", "", "a whole value (byte 0)"), ("a1 00", "", "a whole value (byte 0)"), ("b8", "", "a whole value (byte 0)"),
            ("bb ffffffffffffffff 00", "", "a whole value (byte 0)"), ("a1 00 62 61", "type", "a whole value (byte 2)"),
            ("a1 00 9b 7fffffffffffffff", "type", "a whole value (byte 2)"), ("a1 00 82 00", "type", "a whole value (byte 2)"),
            ("a1 00 7b 8000000000000000", "type", "a whole value (byte 2)"), ("a1 00 19 01", "type", "a whole value (byte 2)"),
            ("a1 00 5b ffffffffffffffff", "type", "a whole value (byte 2)"),
            // One form for each value.
            ("a1 00 18 17", "type", "the shortest form (byte 2)"), ("a1 00 19 00ff", "type", "the shortest form (byte 2)"),
            ("a1 00 1a 0000ffff", "type", "the shortest form (byte 2)"),
            ("a1 00 1b 00000000ffffffff", "type", "the shortest form (byte 2)"),
            ("a1 00 38 17", "type", "the shortest form (byte 2)"), ("a1 00 78 01 61", "type", "the shortest form (byte 2)"),
            ("b8 01 00 00", "", "the shortest form (byte 0)"), ("a1 18 00 00", "", "the shortest form (byte 1)"),
            ("a1 00 98 00", "type", "the shortest form (byte 2)"),
            ("bf 00 00 ff", "", "a definite length (byte 0)"), ("a1 00 9f ff", "type", "a definite length (byte 2)"),
            ("a1 00 7f 61 61 ff", "type", "a definite length (byte 2)"),
            ("a1 00 5f 41 00 ff", "type", "a definite length (byte 2)"),
            ("a1 00 1c", "type", "an item that CBOR defines (byte 2)"),
            ("a1 00 fe", "type", "an item that CBOR defines (byte 2)"),
            // What JSON has not.
            ("a1 00 c0 61 61", "type", "no tags (byte 2)"), ("a1 00 d9 d9f7 00", "type", "no tags (byte 2)"),
            ("a1 00 f7", "type", "false, true or null (byte 2)"), ("a1 00 e0", "type", "false, true or null (byte 2)"),
            ("a1 00 f8 20", "type", "false, true or null (byte 2)"),
            ("a1 00 f9 3c00", "type", "floating-point numbers of 64 bits (byte 2)"),
            ("a1 00 fa 3f800000", "type", "floating-point numbers of 64 bits (byte 2)"),
            ("a1 00 fb 7ff0000000000000", "type", "a finite number (byte 2)"),
            ("a1 00 fb 7ff8000000000000", "type", "a finite number (byte 2)"),
            ("a1 00 fb fff0000000000000", "type", "a finite number (byte 2)"),
            ("a1 20 00", "", "keys that are numbers of names, or texts (byte 1)"),
            ("a1 41 00 00", "", "keys that are numbers of names, or texts (byte 1)"),
            ("a1 80 00", "", "keys that are numbers of names, or texts (byte 1)"),
            // Names and digits.
            ("a1 18 c0 00", "", "numbers of names from 0 to 191 (byte 1)"),
            ("a1 1b ffffffffffffffff 00", "", "numbers of names from 0 to 191 (byte 1)"),
            ("a1 00 41 c0", "type", "numbers of names from 0 to 191 (byte 2)"),
            ("a2 00 00 09 a1 0a 41 ff", "content.text", "numbers of names from 0 to 191 (byte 6)"),
            ("a1 09 a2 0a 00 18 c0 00", "content", "numbers of names from 0 to 191 (byte 5)"),
        ]
            + [
                "40", "42 312d", "42 3031", "43 312e65", "42 2d2d", "43 2b3031", "42 2e35", "43 4e614e",
                "58 21 " + String(repeating: "31", count: 33),
            ]
            .map {
                (
                    "a1 00 " + $0, "type",
                    "strings of bytes that are the number of a name, or a number in digits as JSON writes it (byte 2)"
                )
            }
            + ["1b 0020000000000000", "1b ffffffffffffffff", "3b 001fffffffffffff", "3b ffffffffffffffff"].map {
                ("a1 00 " + $0, "type", "integers from -(2^53-1) to 2^53-1, and others in digits (byte 2)")
            }
            // 10, 42, -1, 2^53-1, 0.5, 1.0 and 1e+16 in digits.
            + ["42 3130", "42 3432", "42 2d31", "50 39303037313939323534373430393931", "43 302e35", "43 312e30", "45 31652b3136"]
            .map {
                ("a1 00 " + $0, "type", "digits only for numbers that have no other form (byte 2)")
            })
    func refusesEveryOtherForm(hex: String, field: String, rule: String) {
        #expect(Self.failure(Self.bytes(hex))?.refusal == Refusal(.notCBOR, field: field, rule: rule), "\(hex)")
    }

    /// The request is named where its number came before the fault.
    @Test func namesTheRequest() {
        #expect(Self.failure(Self.bytes("a2 01 07 00 c0 00"))?.id == 7)
        #expect(Self.failure(Self.bytes("a2 01 63 616263 00 c0 00"))?.id == nil)
        #expect(Self.failure(Self.bytes("a2 00 c0 00 01 07"))?.id == nil)
    }

    @Test func textIsUTF8() {
        for bad in ["61 ff", "62 c0af", "63 eda080", "64 f4908080", "61 80", "62 e4bd"] {
            #expect(
                Self.failure(Self.bytes("a1 00 " + bad))?.refusal
                    == Refusal(.badText, field: "type", rule: "valid UTF-8 (byte 2)"))
        }
    }

    /// The rules of JSON values, and of fields, are the same rules with the same texts.
    @Test(
        arguments: [
            // A key twice: as number and number, number and text, text and text; in a map inside.
            ("a2 01 01 01 02", #"{"id":1,"id":2}"#), ("a2 01 01 62 6964 02", #"{"id":1,"id":2}"#),
            ("a2 62 6964 01 62 6964 02", #"{"id":1,"id":2}"#), ("a1 09 a2 61 61 00 61 61 00", #"{"content":{"a":0,"a":0}}"#),
            ("a1 00 61 00", #"{"type":"\u0000"}"#), ("a1 61 22 00", #"{"\"":0}"#), ("a1 61 0a 00", #"{"\n":0}"#),
            ("a0", "{}"), ("a2 01 01 00 41 18", #"{"id":1,"type":"ack"}"#), ("a2 01 01 00 05", #"{"id":1,"type":5}"#),
            ("a2 00 41 7a 01 50 39303037313939323534373430393932", #"{"type":"ping","id":9007199254740992}"#),
            ("a2 00 41 7a 01 1b 001fffffffffffff", #"{"type":"ping","id":9007199254740991}"#),
            ("a2 00 41 7a 01 3b 001ffffffffffffe", #"{"type":"ping","id":-9007199254740991}"#),
            ("a2 00 41 7a 01 42 2d30", #"{"type":"ping","id":-0}"#), ("a2 00 41 7a 01 43 316533", #"{"type":"ping","id":1e3}"#),
            ("a2 00 41 7a 01 fb 3ff0000000000000", #"{"type":"ping","id":1.0}"#),
            ("a3 00 41 7a 01 01 06 61 75", #"{"type":"ping","id":1,"sender":"u"}"#),
            ("a3 00 41 7a 01 01 61 78 f6", #"{"type":"ping","id":1,"x":null}"#),
        ])
    func saysWhatJSONWouldHear(hex: String, json: String) throws {
        var decoder = FrameDecoder()
        let bytes = Self.bytes(hex)
        do throws(DecodeFailure) {
            let request = try decoder.decode(ByteBuffer(string: json))
            #expect(Self.failure(bytes) == nil)
            #expect(try decoder.decode(binary: ByteBuffer(bytes: bytes)) == request)
        } catch {
            #expect(Self.failure(bytes) == error, "\(json)")
        }
    }

    @Test func depthAndSizesAreThoseOfJSON() throws {
        func nested(_ levels: Int) -> String {
            #"{"type":"ping","id":1,"content":"# + String(repeating: "[", count: levels - 1)
                + String(repeating: "]", count: levels - 1) + "}"
        }
        #expect(Self.failure(try BinaryGoldenTests.binary(nested(32)))?.refusal.code == .unknownField)
        #expect(Self.failure(try BinaryGoldenTests.binary(nested(33)))?.refusal == Refusal(.tooDeep, field: "content"))
        // Deeper still, and cut: no stack grows with it.
        #expect(
            Self.failure([0xA1, 0x09] + [UInt8](repeating: 0x81, count: 100_000))?.refusal
                == Refusal(.tooDeep, field: "content"))
        let keys = (0...1_000).map { #""k\#($0)":0"# }.joined(separator: ",")
        let many = try BinaryGoldenTests.binary(#"{"type":"ping","id":1,"content":{\#(keys)}}"#)
        #expect(Self.failure(many)?.refusal.code == .tooLong)
        // Two bytes that are sixteen as JSON.
        let head: [UInt8] = [0xA1, 0x09, 0x99, 0xEA, 0x60]
        let words = head + (0..<60_000).flatMap { _ in [0x41, 0x1D] as [UInt8] }
        #expect(
            Self.failure(words)?.refusal == Refusal(.frameTooLarge, field: "content", rule: "at most 131072 bytes as JSON"))
        // One byte that is six.
        let controls: [UInt8] = [0xA1, 0x09, 0x79, 0xC3, 0x50] + [UInt8](repeating: 1, count: 50_000)
        #expect(Self.failure(controls)?.refusal.code == .frameTooLarge)
    }

    /// Any bytes: a request that its JSON means as well, or an error. Nothing else, and no end of the process.
    @Test(arguments: 0..<8) func anyBytesAreTakenOrRefused(seed: UInt64) throws {
        var random = RandomJSON(seed: 1_000 + seed)
        let frames = try GoldenFrames.read("client.txt").map { try BinaryGoldenTests.binary($0.frame) }
        var decoder = FrameDecoder()
        var taken = 0
        for round in 0..<2_500 {
            var bytes = frames[random.below(frames.count)]
            if round % 5 == 0 { bytes = (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
            for _ in 0..<(1 + random.below(3)) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(5) {
                case 0: bytes.removeLast(random.below(bytes.count) + 1)
                case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
                case 2: bytes[place] ^= 1 << UInt8(random.below(8))
                default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            guard let request = try? decoder.decode(binary: ByteBuffer(bytes: bytes)) else { continue }
            taken += 1
            #expect(try decoder.decode(ByteBuffer(string: BinaryGoldenTests.json(bytes))) == request)
        }
        #expect(taken > 10)
    }

    /// What is no JSON never traps the writer, which trusts our own encoder and says so where it should not have.
    @Test func writerStaysWithinItsBytes() throws {
        var random = RandomJSON(seed: 7)
        let frames = try GoldenFrames.read("server.txt").map { Array($0.frame.utf8) }
        var writer = BinaryWriter()
        var refused = 0
        for _ in 0..<10_000 {
            var bytes = frames[random.below(frames.count)]
            let place = random.below(bytes.count)
            if random.below(2) == 0 { bytes.removeLast(bytes.count - place) }
            if !bytes.isEmpty { bytes[random.below(bytes.count)] = Array("\\\"{}[]:,u0-e\u{0}".utf8)[random.below(13)] }
            do { try writer.write(bytes.span) } catch { refused += 1 }
        }
        #expect(refused > 5_000)
        for broken in ["", "{", "[", "\"", "\"\\", #""\u12"#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "tru", "-x", "1 2"]
        {
            #expect(throws: JSONFault.self) { _ = try BinaryGoldenTests.binary(broken) }
        }
        #expect(throws: JSONFault.self) { _ = try BinaryGoldenTests.binary(String(repeating: "[", count: 5_000)) }
    }

    /// A frame that our own encoder should never have written is told as an error, and the others around it are not touched.
    @Test func framesKeepTheirPlaces() throws {
        var (frames, binary) = (ByteBuffer(), ByteBuffer())
        for text in [#"{"type":"ok","id":1}"#, "{broken", #"{"type":"ok","id":2}"#] {
            WebSocketFrameHeader.writeFrame(ByteBuffer(string: text), into: &frames)
        }
        var encoder = BinaryEncoder()
        var ends: [Int] = []
        encoder.write(frames, into: &binary) { ends.append($0) }
        #expect(ends.count == 3 && ends.last == binary.readableBytes)
        var decoder = ServerFrameDecoder()
        var told: [ServerFrame] = []
        while let payload = WebSocketFrameHeader.nextPayload(of: &binary) {
            told.append(try decoder.decode(payload, in: .binary))
        }
        #expect(told.first == .ok(id: 1) && told.last == .ok(id: 2))
        guard case .error(nil, let error) = told[1] else {
            Issue.record("no error")
            return
        }
        #expect(error.code == ErrorCode.internalError.rawValue)
    }
}
