import NIOCore
import ParleyDomain
import ParleyWire
import Testing

/// Each bad frame gets the number, the field and the id that the protocol promises (A17, A18, A25).
@Suite struct FrameDecoderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var frame: String
        var code: ErrorCode
        var field = ""
        var id: Int64?
        var testDescription: String { String(self.frame.prefix(80)) }
    }

    private static func refusal(_ frame: String) -> DecodeFailure? {
        var decoder = FrameDecoder()
        do throws(DecodeFailure) {
            _ = try decoder.decode(ByteBuffer(string: frame))
            return nil
        } catch {
            return error
        }
    }

    private static func send(_ content: String, _ more: String = "") -> String {
        #"{"type":"send","id":7,"conversation":"c","client_id":"x"\#(more),"content":\#(content)}"#
    }

    static let notJSON: [String] = [
        "", " ", "hello", "[]", "1", "null", "\"x\"", "{", "}", "{\"type\"}", "{\"type\":}", "{type:\"ping\",\"id\":1}",
        "{'type':'ping'}",
        "{\"type\":\"ping\",\"id\":1} x", "{\"type\":\"ping\",\"id\":1}{}", "{\"type\":\"ping\",\"id\":1,}",
        "{\"type\":\"ping\",\"id\":NaN}",
        "{\"type\":\"ping\",\"id\":Infinity}", "{\"type\":\"ping\",\"id\":01}", "{\"type\":\"ping\",\"id\":+1}",
        "{\"type\":\"ping\",\"id\":1.}",
        "{\"type\":\"ping\",\"id\":.5}", "{\"type\":\"ping\",\"id\":1e}", "{\"type\":\"ping\",\"id\":--1}",
        "{\"type\":\"pi\nng\",\"id\":1}",
        "{\"type\":\"\\x\",\"id\":1}", "{\"type\":\"\\u12g4\",\"id\":1}", "\u{FEFF}{\"type\":\"ping\",\"id\":1}", "{\"a\":[1,]}",
        "{\"a\":tru}",
    ]

    @Test(arguments: notJSON) func whatIsNotOneObjectIsNotJSON(frame: String) {
        #expect(Self.refusal(frame)?.refusal.code == .notJSON)
        #expect(ErrorCode.notJSON.closes)
    }

    static let cases: [Case] = [
        Case(frame: #"{"id":1}"#, code: .missingField, field: "type"),
        Case(frame: #"{"type":1,"id":1}"#, code: .wrongType, field: "type"),
        Case(frame: #"{"type":"ping"}"#, code: .missingField, field: "id"),
        Case(frame: #"{"type":"ping","id":"1"}"#, code: .wrongType, field: "id"),
        Case(frame: #"{"type":"ping","id":-1}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":-0}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":1.5}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":1e3}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":1e400}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":9007199254740992}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":99999999999999999999999999}"#, code: .outOfRange, field: "id"),
        Case(frame: #"{"type":"ping","id":1\#(String(repeating: "0", count: 40))}"#, code: .tooLong, field: "id"),
        Case(frame: #"{"type":"dance","id":1}"#, code: .unknownType, field: "type", id: 1),
        Case(frame: #"{"type":"ping","id":1,"id":2}"#, code: .duplicateKey, field: "id", id: 1),
        Case(frame: #"{"type":"ping","id":1,"x":2}"#, code: .unknownField, field: "x", id: 1),
        Case(frame: #"{"type":"ping","id":1,"\u0078":2}"#, code: .unknownField, field: "x", id: 1),
        Case(frame: send(#"{"type":"text","text":"hi"}"#, #","sender":"u9""#), code: .serverOwnedField, field: "sender", id: 7),
        Case(frame: send(#"{"type":"text","text":"hi"}"#, #","sequence":9"#), code: .serverOwnedField, field: "sequence", id: 7),
        Case(frame: send(#"{"type":"text","text":"hi"}"#, #","time":9"#), code: .serverOwnedField, field: "time", id: 7),
        Case(frame: send(#"{"type":"text","text":"hi"}"#, #","role":"owner""#), code: .serverOwnedField, field: "role", id: 7),
        Case(frame: send(#"{"type":"text","text":"hi"}"#, #","reply_to":0"#), code: .outOfRange, field: "reply_to", id: 7),
        Case(frame: send(#""hi""#), code: .wrongType, field: "content", id: 7),
        Case(frame: send("{}"), code: .missingField, field: "content.type", id: 7),
        Case(frame: send(#"{"type":"text"}"#), code: .missingField, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"text","text":5}"#), code: .wrongType, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"text","text":""}"#), code: .empty, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"a b","text":"x"}"#), code: .badIdentifier, field: "content.type", id: 7),
        Case(frame: send(#"{"type":"system","text":"x"}"#), code: .serverOwnedField, field: "content.type", id: 7),
        Case(frame: send(#"{"type":"text","text":"x","text":"y"}"#), code: .duplicateKey, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"text","text":"x","a":{"b":1,"b":2}}"#), code: .duplicateKey, field: "content.a.b", id: 7),
        Case(frame: send(#"{"type":"text","text":"\u0000"}"#), code: .outOfRange, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"text","text":"\ud800"}"#), code: .outOfRange, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"text","text":"\udc00\ud800"}"#), code: .outOfRange, field: "content.text", id: 7),
        Case(frame: send(#"{"type":"text","text":"\ud83d\u0041"}"#), code: .outOfRange, field: "content.text", id: 7),
        Case(
            frame: #"{"type":"send","id":7,"conversation":"a b","client_id":"x","content":{}}"#, code: .badIdentifier,
            field: "conversation", id: 7),
        Case(
            frame: #"{"type":"send","id":7,"conversation":"","client_id":"x","content":{}}"#, code: .badIdentifier,
            field: "conversation", id: 7),
        Case(
            frame: #"{"type":"send","id":7,"conversation":"\#(String(repeating: "c", count: 65))","client_id":"x","content":{}}"#,
            code: .badIdentifier, field: "conversation", id: 7),
        Case(frame: #"{"type":"send","id":7,"conversation":"c","content":{}}"#, code: .missingField, field: "client_id", id: 7),
        Case(
            frame: #"{"type":"history","id":1,"conversation":"c","after":1,"before":2}"#, code: .unknownField, field: "before",
            id: 1),
        Case(frame: #"{"type":"history","id":1,"conversation":"c","limit":0}"#, code: .outOfRange, field: "limit", id: 1),
        Case(frame: #"{"type":"history","id":1,"conversation":"c","limit":201}"#, code: .outOfRange, field: "limit", id: 1),
        Case(frame: #"{"type":"history","id":1,"conversation":"c","after":-1}"#, code: .outOfRange, field: "after", id: 1),
        Case(frame: #"{"type":"read","id":1,"conversation":"c"}"#, code: .missingField, field: "sequence", id: 1),
        Case(frame: #"{"type":"read","id":1,"conversation":"c","sequence":0}"#, code: .outOfRange, field: "sequence", id: 1),
        Case(frame: #"{"type":"sync","id":1,"token":"2.5"}"#, code: .outOfRange, field: "token", id: 1),
        Case(frame: #"{"type":"sync","id":1,"positions":{"a b":1}}"#, code: .badIdentifier, field: "positions", id: 1),
        Case(frame: #"{"type":"sync","id":1,"positions":{"c":-1}}"#, code: .outOfRange, field: "positions.c", id: 1),
        Case(frame: #"{"type":"sync","id":1,"positions":{"c":"1"}}"#, code: .outOfRange, field: "positions.c", id: 1),
        Case(frame: #"{"type":"auth","id":1}"#, code: .missingField, field: "token", id: 1),
        Case(frame: #"{"type":"auth","id":1,"token":"a","ticket":"b"}"#, code: .unknownField, field: "ticket", id: 1),
        Case(
            frame: #"{"type":"create","id":1,"client_id":"k","kind":"club","title":"T","members":["u"]}"#, code: .outOfRange,
            field: "kind", id: 1),
        Case(
            frame: #"{"type":"create","id":1,"client_id":"k","kind":"group","title":" ","members":["u"]}"#, code: .empty,
            field: "title", id: 1),
        Case(
            frame: #"{"type":"create","id":1,"client_id":"k","kind":"group","title":"a\u202eb","members":["u"]}"#,
            code: .outOfRange, field: "title", id: 1),
        Case(
            frame: #"{"type":"create","id":1,"client_id":"k","kind":"group","title":"\u3164","members":["u"]}"#,
            code: .outOfRange, field: "title", id: 1),
        Case(
            frame: #"{"type":"create","id":1,"client_id":"k","kind":"direct","members":["u","v"]}"#, code: .outOfRange,
            field: "members", id: 1),
        Case(
            frame: #"{"type":"create","id":1,"client_id":"k","kind":"direct","title":"T","members":["u"]}"#, code: .unknownField,
            field: "title", id: 1),
        Case(
            frame: #"{"type":"add","id":1,"client_id":"k","conversation":"c","users":[]}"#, code: .outOfRange, field: "users",
            id: 1),
        Case(
            frame: #"{"type":"add","id":1,"client_id":"k","conversation":"c","users":["u","u"]}"#, code: .duplicateKey,
            field: "users", id: 1),
        Case(
            frame: #"{"type":"add","id":1,"client_id":"k","conversation":"c","users":[1]}"#, code: .wrongType, field: "users",
            id: 1),
        Case(
            frame: #"{"type":"add","id":1,"client_id":"k","conversation":"c","users":"u"}"#, code: .wrongType, field: "users",
            id: 1),
        Case(
            frame: #"{"type":"members","id":1,"conversation":"c","after_slot":4294967296}"#, code: .outOfRange,
            field: "after_slot", id: 1),
    ]

    @Test(arguments: cases) func aBadFieldIsNamed(example: Case) throws {
        let failure = try #require(Self.refusal(example.frame))
        #expect(failure.refusal.code == example.code)
        if !example.field.isEmpty { #expect(failure.refusal.field == example.field) }
        #expect(failure.id == example.id)
    }

    @Test func textIsCountedInScalarValues() throws {
        func code(_ text: String) -> ErrorCode? { Self.refusal(Self.send(#"{"type":"text","text":"\#(text)"}"#))?.refusal.code }
        #expect(code(String(repeating: "a", count: 8_000)) == nil)
        #expect(code(String(repeating: "a", count: 8_001)) == .tooLong)
        #expect(code(String(repeating: "😀", count: 8_000)) == nil)
        #expect(code(String(repeating: "😀", count: 8_001)) == .tooLong)
        // A letter and a combining accent are two.
        #expect(code(String(repeating: "e\u{301}", count: 4_000)) == nil)
        #expect(code(String(repeating: "e\u{301}", count: 4_001)) == .tooLong)
        #expect(code(String(repeating: #"\ud83d\ude00"#, count: 8_000)) == nil)
        #expect(code(String(repeating: #"\ud83d\ude00"#, count: 8_001)) == .tooLong)
        #expect(code(String(repeating: #"\u00e9"#, count: 8_000)) == nil)
    }

    @Test func nestingIsBounded() {
        func nested(_ depth: Int) -> String {
            Self.send(
                #"{"type":"text","text":"x","a":\#(String(repeating: "[", count: depth))\#(String(repeating: "]", count: depth))}"#
            )
        }
        #expect(Self.refusal(nested(29)) == nil)
        #expect(Self.refusal(nested(33))?.refusal.code == .tooDeep)
        #expect(Self.refusal(String(repeating: "[", count: 100_000)) != nil)
        #expect(Self.refusal(#"{"a":"# + String(repeating: #"{"a":"#, count: 20_000))?.refusal.code == .tooDeep)
    }

    @Test func contentKeepsItsBytes() throws {
        var decoder = FrameDecoder()
        let content = #"{ "text" : "a", "type":"text", "z":[1, 2] }"#
        let request = try decoder.decode(ByteBuffer(string: Self.send(content)))
        guard case .command(let command) = request.frame, case .send(let message) = command.action else {
            Issue.record("not a send")
            return
        }
        #expect(String(decoding: message.content, as: UTF8.self) == content)
    }

    /// Random damage to good frames: an answer, never a trap.
    @Test func damageNeverTraps() throws {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let frames = try GoldenFrames.read("client.txt").map { Array($0.frame.utf8) }
        var decoder = FrameDecoder()
        let junk = Array("{\"[]}:,\\u0-9e".utf8)
        var refused = 0
        for round in 0..<20_000 {
            var bytes = frames[round % frames.count]
            for _ in 0...next() % 4 {
                let at = Int(next() % UInt64(bytes.count))
                switch next() % 3 {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: next()) & 0x7F
                case 1: bytes.insert(junk[Int(next() % UInt64(junk.count))], at: at)
                default: if bytes.count > 1 { bytes.remove(at: at) }
                }
            }
            do { _ = try decoder.decode(ByteBuffer(bytes: bytes)) } catch { refused += 1 }
        }
        #expect(refused > 10_000)
    }
}
