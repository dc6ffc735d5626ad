import NIOCore
import ParleyDomain
import ParleyWire
import Testing

/// The frames of the compatibility profile: what each rule takes, and what it says of what it does not (R105, R107, R112).
@Suite struct CompatDecoderTests {
    private static let speak: [(String, String)] = [
        ("event", #""speak""#), ("mode", "2"), ("group_id", "5"), ("from_user_id", #""7""#), ("from_username", #""Ann""#),
        ("from_avatar", #""""#), ("content", #""hi""#),
    ]

    private static func frame(_ fields: [(String, String)]) -> String {
        "{" + fields.map { #""\#($0.0)":\#($0.1)"# }.joined(separator: ",") + "}"
    }

    private static func with(_ name: String, _ value: String?, in fields: [(String, String)] = speak) -> String {
        Self.frame(fields.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? []))
    }

    private func decode(_ text: String, characters: Int = 128) throws(CompatFailure) -> CompatRequest {
        var decoder = CompatDecoder(contentCharacters: characters)
        return try decoder.decode(ByteBuffer(string: text))
    }

    private func failure(_ text: String) -> Refusal? {
        do throws(CompatFailure) {
            _ = try self.decode(text)
            return nil
        } catch {
            return error.refusal
        }
    }

    @Test func everyEventOfTheProfileIsUnderstood() throws {
        #expect(try self.decode(Self.frame(Self.speak)).call == .speak(.group(5), content: "hi", nil))
        #expect(try self.decode(Self.frame(Self.speak)).from == 7)
        let named = Self.with("client_msg_id", #""m1""#)
        #expect(try self.decode(named).call == .speak(.group(5), content: "hi", ClientID(trusted: "m1")))
        let claims = #""from_user_id":7,"from_username":"Ann","from_avatar":"a.png""#
        let wanted: [(String, CompatRequest.Call)] = [
            (
                #"{"event":"speak","mode":"1","group_id":"0","to_user_id":"9",\#(claims),"content":"x"}"#,
                .speak(.user(9), content: "x", nil)
            ),
            (#"{"event":"join","mode":2,"group_id":5,\#(claims),"content":""}"#, .join(group: 5)),
            (#"{"event":"join","mode":1,"group_id":0,\#(claims)}"#, .bind),
            (#"{"event":"ping","mode":9,"content":7}"#, .ping),
            (#"{"event":"auth","token":"t"}"#, .auth(.token("t"))),
            (#"{"event":"auth","ticket":"t"}"#, .auth(.ticket("t"))),
            (#"{"event":"history","mode":2,"group_id":5}"#, .history(.group(5), .before(.max), limit: 50)),
            (#"{"event":"history","mode":2,"group_id":5,"before":"9","limit":"3"}"#, .history(.group(5), .before(9), limit: 3)),
            (#"{"event":"history","mode":1,"group_id":0,"to_user_id":9,"after":0}"#, .history(.user(9), .after(0), limit: 50)),
            (#"{"event":"read","mode":2,"group_id":5,"sequence":"4"}"#, .read(.group(5), sequence: 4)),
            (#"{"event":"sync"}"#, .sync(.start)),
            (#"{"event":"sync","token":"1.7"}"#, .sync(SyncToken(stamps: [7]))),
        ]
        for (text, call) in wanted { #expect(try self.decode(text).call == call, "\(text)") }
    }

    @Test func eachRuleNamesItsFieldAndItself() {
        let range = "an integer from 1 to 9007199254740991, as a number or a string of its digits"
        let modes = "1 (private) or 2 (group)"
        let wanted: [(String, String?, ErrorCode, String)] = [
            ("event", nil, .missingField, "a string"),
            ("event", #""dance""#, .unknownType, "auth, join, speak, ping, history, read or sync"),
            ("mode", nil, .missingField, modes), ("mode", "3", .outOfRange, modes), ("mode", "0", .outOfRange, modes),
            ("group_id", nil, .missingField, range), ("group_id", #""a""#, .outOfRange, range),
            ("group_id", "0", .outOfRange, range),
            ("from_user_id", nil, .missingField, range), ("from_user_id", "0", .outOfRange, range),
            ("from_username", nil, .missingField, "a string"), ("from_username", "7", .wrongType, "a string"),
            ("from_username", #""""#, .empty, "at least 1 character"),
            ("from_username", "\"" + String(repeating: "n", count: 65) + "\"", .tooLong, "at most 64 characters"),
            ("from_avatar", nil, .missingField, "a string"), ("from_avatar", "null", .wrongType, "a string"),
            ("from_avatar", "\"" + String(repeating: "n", count: 1_025) + "\"", .tooLong, "at most 1024 characters"),
            ("content", nil, .missingField, "a string"), ("content", #""""#, .empty, "at least 1 character"),
            ("content", "\"" + String(repeating: "好", count: 129) + "\"", .tooLong, "at most 128 characters"),
            ("client_msg_id", #""two words""#, .badIdentifier, "1 to 64 of the characters A-Z a-z 0-9 . _ - : @"),
            ("colour", "1", .unknownField, "not a field of this request"),
            ("sequence", "1", .serverOwnedField, "not a field of this request"),
        ]
        for (field, value, code, rule) in wanted {
            #expect(
                self.failure(Self.with(field, value)) == Refusal(code, field: field, rule: rule), "\(field): \(value ?? "none")")
        }
        let joining = Self.speak.filter { $0.0 != "content" && $0.0 != "event" } + [("event", #""join""#)]
        for field in ["mode", "group_id", "from_user_id", "from_username", "from_avatar"] {
            #expect(self.failure(Self.with(field, nil, in: joining))?.field == field, "join without \(field)")
        }
        let both = #"{"event":"history","mode":2,"group_id":5,"after":1,"before":9}"#
        #expect(self.failure(both) == Refusal(.unknownField, field: "before", rule: "either after or before, not both"))
    }

    @Test func privateModeHasGroupZeroAndATarget() {
        let direct =
            Self.speak.filter { $0.0 != "mode" && $0.0 != "group_id" } + [("mode", "1"), ("group_id", "0"), ("to_user_id", "9")]
        #expect(self.failure(Self.frame(direct)) == nil)
        #expect(
            self.failure(Self.with("group_id", "5", in: direct))
                == Refusal(.outOfRange, field: "group_id", rule: "0 in private mode"))
        #expect(self.failure(Self.with("to_user_id", nil, in: direct))?.code == .missingField)
        #expect(self.failure(Self.with("to_user_id", #""x""#)) == nil, "ignored in mode 2")
    }

    /// The same value as a number and as a string of its digits, everywhere; nothing that two readers might read differently.
    @Test(arguments: ["mode", "group_id", "from_user_id"]) func numbersAndNumericStringsAreTheSame(field: String) throws {
        for (one, other) in [("2", #""2""#)] {
            #expect(try self.decode(Self.with(field, one)).call == self.decode(Self.with(field, other)).call)
            #expect(try self.decode(Self.with(field, one)).from == self.decode(Self.with(field, other)).from)
        }
        let refused = [
            "2.0", "2.5", "2e0", "-2", "-0", "true", "false", "null", "[2]", #"{"a":2}"#, "9007199254740992", #""""#, #"" 2""#,
            #""2 ""#,
            #""02""#, #""00""#, #""+2""#, #""-2""#, #""2.0""#, #""2e0""#, #""0x2""#, #""\u0032""#, #""٢""#,
            #""9007199254740992""#,
            #""99999999999999999999999""#,
        ]
        for value in refused { #expect(self.failure(Self.with(field, value))?.field == field, "\(value)") }
        if field != "mode" {
            let largest = "9007199254740991"
            #expect(try self.decode(Self.with(field, largest)).call == self.decode(Self.with(field, "\"\(largest)\"")).call)
        }
    }

    @Test func contentIsCountedInCharacters() throws {
        for character in ["a", "ß", "好", "👍"] {
            #expect(self.failure(Self.with("content", "\"" + String(repeating: character, count: 128) + "\"")) == nil)
            #expect(self.failure(Self.with("content", "\"" + String(repeating: character, count: 129) + "\""))?.code == .tooLong)
        }
        #expect(throws: CompatFailure.self) { try self.decode(Self.frame(Self.speak), characters: 1) }
    }

    @Test func anErrorGivesBackTheFrameWithoutItsCredential() {
        func echo(_ text: String) -> String {
            do throws(CompatFailure) { return String(decoding: try self.decode(text).echo.fields, as: UTF8.self) } catch {
                return String(decoding: error.echo.fields, as: UTF8.self)
            }
        }
        #expect(echo(#"{"event" : "dance" , "steps":[1, 2],"error":1,"name":"x"}"#) == #""event":"dance","steps":[1, 2]"#)
        #expect(echo(#"{"event":"auth","token":"secret","ticket":"secret"}"#) == #""event":"auth""#)
        #expect(echo(#"{"event":"dance","x":""# + String(repeating: "x", count: 5_000) + #""}"#) == "")
        #expect(echo("[1]") == "" && self.failure("[1]")?.code == .notJSON && self.failure("7")?.code == .notJSON)
    }
}
