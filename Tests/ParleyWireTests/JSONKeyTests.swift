import NIOCore
import ParleyDomain
import Testing

@testable import ParleyWire

/// The keys of objects: each once, however it is spelled and however many there are.
@Suite struct JSONKeyTests {
    private static func fault(_ json: String) -> JSONFault? {
        var (fields, place) = ([JSONField](), "")
        do {
            try JSONScanner.fields(of: Array(json.utf8).span, within: .answers, into: &fields, place: &place)
            return nil
        } catch {
            return error
        }
    }

    private static func isDuplicate(_ json: String) -> Bool {
        if case .duplicateKey? = self.fault(json) { true } else { false }
    }

    /// Few keys are compared and many are hashed: at every number around the change, and where the table grows.
    @Test(arguments: [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1_000])
    func aKeyThatStandsTwiceIsFound(count: Int) {
        let keys = (0..<count).map { "k\($0 + 1_000)" }
        let object = keys.map { #""\#($0)":0"# }.joined(separator: ",")
        #expect(Self.fault("{\(object)}") == nil)
        for again in Set([0, 1, 15, 16, count / 2, count - 1]) where again < count {
            #expect(Self.isDuplicate(#"{\#(object),"\#(keys[again])":1}"#), "\(again)")
            // Another spelling is the same key.
            let spelled = #"\u006b"# + keys[again].dropFirst()
            #expect(Self.isDuplicate(#"{\#(object),"\#(spelled)":1}"#), "\(again)")
            #expect(Self.isDuplicate(#"{"\#(spelled)":1,\#(object)}"#), "\(again)")
        }
    }

    /// The time for an object grows with its length, whatever its keys are: keys of one length were compared with each other.
    @Test func manyKeysCostWhatTheirBytesCost() {
        func time(_ keys: Int) -> Duration {
            let object = "{" + (0..<keys).map { #""k\#($0 + 10_000)":1"# }.joined(separator: ",") + "}"
            let frame = Array((#"{"a":["# + [String](repeating: object, count: 20_000 / keys).joined(separator: ",") + "]}").utf8)
            return (0..<5).map { _ in
                ContinuousClock().measure {
                    var (fields, place) = ([JSONField](), "")
                    try? JSONScanner.fields(of: frame.span, within: .answers, into: &fields, place: &place)
                }
            }.min() ?? .zero
        }
        let (few, many) = (time(10), time(2_000))
        #expect(many < few * 10, "\(few), \(many)")
    }

    @Test func aKeyIsItsNameHoweverItIsSpelled() throws {
        var decoder = FrameDecoder()
        let plain = try decoder.decode(ByteBuffer(string: #"{"type":"sync","id":1,"positions":{"c1":4}}"#))
        let spelled = #"{"t\u0079pe":"sync","\u0069d":1,"positi\u006fns":{"c1":4}}"#
        #expect(try decoder.decode(ByteBuffer(string: spelled)) == plain)
        #expect(throws: Refusal.self) { try TypedRequest.frame("ping", ByteBuffer(string: #"{"typ\u0065":"ping"}"#)) }
        #expect(
            String(buffer: try TypedRequest.frame("ping", ByteBuffer(string: #"{"\u0069d":1}"#))).contains(#""id":0"#) == false)
    }

    /// What Python's `json.dumps` makes of a key that is not ASCII.
    @Test func contentKeepsItsKeysAsTheyCame() throws {
        var decoder = FrameDecoder()
        let content = #"{"type":"text","text":"x","gr\u00f6\u00dfe":1,"\ud83d\ude00":{"a\"b":2,"\\":3}}"#
        let send = #"{"type":"send","id":7,"conversation":"c","client_id":"x","content":\#(content)}"#
        func kept(_ request: ClientRequest) -> String {
            guard case .command(let command) = request.frame, case .send(let message) = command.action else { return "" }
            return String(decoding: message.content, as: UTF8.self)
        }
        #expect(kept(try decoder.decode(ByteBuffer(string: send))) == content)
        // The other encoding has no escapes, and back in JSON only those that must be.
        let binary = try BinaryGoldenTests.binary(send)
        #expect(
            kept(try decoder.decode(binary: ByteBuffer(bytes: binary)))
                == #"{"type":"text","text":"x","größe":1,"😀":{"a\"b":2,"\\":3}}"#)
    }

    /// A fault in a key is the object's; what an object has no field for is named as it reads.
    @Test(arguments: [
        (#"{"type":"ping","id":1,"\u0000":2}"#, ErrorCode.outOfRange, ""),
        (#"{"type":"send","id":1,"content":{"type":"text","text":"x","\ud800":1}}"#, .outOfRange, "content"),
        (#"{"type":"send","id":1,"content":{"type":"text","a":{"b":1,"\u0000":1}}}"#, .outOfRange, "content.a"),
        (#"{"type":"ping","id":1,"\u0078y":2}"#, .unknownField, "xy"),
        (#"{"type":"ping","id":1,"s\u0065nder":2}"#, .serverOwnedField, "sender"),
        (#"{"type":"ping","id":1,"i\u0064":2}"#, .duplicateKey, "id"),
    ])
    func aBadKeyIsNamed(frame: String, code: ErrorCode, field: String) {
        var decoder = FrameDecoder()
        let failure = #expect(throws: DecodeFailure.self) { try decoder.decode(ByteBuffer(string: frame)) }
        #expect(failure?.refusal.code == code && failure?.refusal.field == field && failure?.id == 1)
    }

    /// A credential is not given back, however its field is spelled.
    @Test func anEchoHasNoCredential() {
        var decoder = CompatDecoder()
        let failure = #expect(throws: CompatFailure.self) {
            try decoder.decode(ByteBuffer(string: #"{"event":"dance","tok\u0065n":"secret","mode":2}"#))
        }
        #expect(failure.map { String(decoding: $0.echo.fields, as: UTF8.self) } == #""event":"dance","mode":2"#)
    }
}
