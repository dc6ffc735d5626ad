import NIOCore
import ParleyDomain
import ParleyWire
import Testing

/// Every field of the requests about messages, groups, relations and receipts, with what it does not take: the number, the field by
/// its path, and a rule that says what it would take (A17, A18, A25).
@Suite struct FrameDecoderFieldTests {
    /// One request that is good but for one field, and what is said about it.
    struct Case: Sendable, CustomStringConvertible {
        var frame: String
        var code: ErrorCode
        var field: String
        var rule: String
        var description: String { "\(self.field) \(self.code) \(self.frame.prefix(120))" }
    }

    /// A good request, as fields and their JSON; a case changes one of them.
    struct Form: Sendable {
        var type: String
        var fields: [(String, String)]

        private func frame(_ fields: [(String, String)]) -> String {
            #"{"type":"\#(self.type)","id":7"# + fields.map { #","\#($0.0)":\#($0.1)"# }.joined() + "}"
        }

        var good: String { self.frame(self.fields) }

        func with(_ name: String, _ value: String, _ code: ErrorCode, _ rule: String, at path: String? = nil) -> Case {
            let fields = self.fields.filter { $0.0 != name } + [(name, value)]
            return Case(frame: self.frame(fields), code: code, field: path ?? name, rule: rule)
        }

        func without(_ name: String, _ rule: String) -> Case {
            Case(frame: self.frame(self.fields.filter { $0.0 != name }), code: .missingField, field: name, rule: rule)
        }
    }

    // MARK: Forms

    private static let command = [("conversation", #""c""#), ("client_id", #""k""#)]
    private static let text = ("content", #"{"type":"text","text":"x"}"#)

    private static func form(_ type: String, _ fields: (String, String)...) -> Form {
        Form(type: type, fields: self.command + fields)
    }
    private static func ask(_ type: String, _ fields: (String, String)...) -> Form {
        Form(type: type, fields: [("conversation", #""c""#)] + fields)
    }

    static let send = form("send", text)
    static let edit = form("edit", ("target", "4"), text)
    static let recall = form("recall", ("target", "4"))
    static let react = form("react", ("target", "4"), ("emoji", #""👍""#), ("on", "true"))
    static let pin = form("pin", ("target", "4"), ("on", "true"))
    static let forward = form("forward", ("from", #"{"conversation":"d","sequence":9}"#))
    static let create = Form(
        type: "create",
        fields: [("client_id", #""k""#), ("kind", #""group""#), ("title", #""T""#), ("members", #"["u"]"#), ("rules", "{}")])
    static let change = form("change", ("title", #""T""#))
    static let invite = form("invite", ("users", #"["u"]"#))
    static let mute = form("mute", ("user", #""u""#), ("until", "0"))
    static let join = Form(type: "join", fields: [("client_id", #""k""#), ("link", #""k7.x2""#)])
    static let link = form("link", ("expires", "5"), ("uses", "5"))
    static let unlink = form("unlink", ("link", #""k7""#))
    static let named = ["remove", "ban", "unban", "transfer", "decline"].map { form($0, ("user", #""u""#)) }
    static let bare = ["leave", "dissolve", "join"].map { form($0) }

    static let thread = ask("thread", ("root", "12"), ("after", "0"), ("limit", "9"))
    static let revisions = ask("revisions", ("sequence", "4"), ("after", "0"), ("limit", "9"))
    static let reactions = ask("reactions", ("sequence", "4"), ("emoji", #""👍""#), ("after", #""""#), ("limit", "9"))
    static let pins = ask("pins")
    static let mentions = ask("mentions", ("after", "0"), ("limit", "9"))
    static let audit = ask("audit", ("before", "9"), ("limit", "9"))
    static let links = ask("links")
    static let linkInfo = Form(type: "link_info", fields: [("link", #""k7.x2""#)])
    static let changed = ask("members", ("version", #""1.5""#))
    static let banned = ask("members", ("state", #""banned""#), ("after", #""u""#))
    static let receipts = ask("receipts", ("sequences", "[4,5]"))
    static let readers = ask("readers", ("sequence", "4"), ("list", #""read""#), ("after_slot", "0"), ("limit", "9"))
    static let record = ask("receipt_record", ("sequence", "4"))
    static let presence = Form(type: "presence", fields: [("users", #"["u"]"#), ("watch", "true")])
    static let typing = ask("typing")
    static let follow = ask("follow", ("push", "false"))
    static let notify = ask("notify", ("level", #""none""#))
    static let preferences = Form(type: "preferences", fields: [("receipts", "true"), ("presence", "true")])
    static let block = Form(type: "block", fields: [("user", #""u""#), ("on", "true")])
    static let blocks = Form(type: "blocks", fields: [])
    static let report = ask("report", ("sequence", "4"), ("reason", #""spam""#))
    static let reports = ask("reports", ("before", "9"), ("limit", "9"))
    static let resolve = ask("resolve", ("sequence", "4"))
    static let data = ask("data", ("data", "{}"))

    static let forms: [Form] =
        [send, edit, recall, react, pin, forward, create, change, invite, mute, join, link, unlink] + named + bare
        + [thread, revisions, reactions, pins, mentions, audit, links, linkInfo, changed, banned, receipts, readers, record]
        + [presence, typing, follow, notify, preferences, block, blocks, report, reports, resolve, data]

    // MARK: Rules

    private static let integer = "an integer from 1 to 9007199254740991"
    private static let position = "an integer from 0 to 9007199254740991"
    private static let identifier = "1 to 64 of the characters A-Z a-z 0-9 . _ - : @"
    private static let boolean = "true or false"
    private static let who = "members or administrators"
    private static let visible = "no control, direction-changing or invisible characters"

    private static func long(_ count: Int, _ character: String = "a") -> String {
        "\"" + String(repeating: character, count: count) + "\""
    }

    private static func list(_ count: Int) -> String { "[" + (1...count).map { #""u\#($0)""# }.joined(separator: ",") + "]" }

    /// A field that must be there: an integer from 1 on.
    private static func sequence(_ name: String, of form: Form) -> [Case] {
        [
            form.without(name, "an integer"), form.with(name, #""4""#, .wrongType, "an integer"),
            form.with(name, "0", .outOfRange, self.integer), form.with(name, "9007199254740992", .outOfRange, self.integer),
            form.with(name, "4.5", .outOfRange, self.integer),
        ]
    }

    private static func identifier(_ name: String, of form: Form) -> [Case] {
        [
            form.with(name, "4", .wrongType, "a string"), form.with(name, #""""#, .badIdentifier, self.identifier),
            form.with(name, #""a b""#, .badIdentifier, self.identifier),
            form.with(name, self.long(65), .badIdentifier, self.identifier),
        ]
    }

    private static func flag(_ name: String, of form: Form, required: Bool = true) -> [Case] {
        (required ? [form.without(name, self.boolean)] : [])
            + [form.with(name, "1", .wrongType, self.boolean), form.with(name, "null", .wrongType, self.boolean)]
    }

    private static func limit(of form: Form) -> [Case] {
        ["0", "201", "-1"].map { form.with("limit", $0, .outOfRange, "an integer from 1 to 200") }
    }

    /// Everything that must stand in a command, or in a question about a conversation.
    static let names: [Case] = forms.flatMap { form -> [Case] in
        var cases: [Case] = [form.with("colour", "1", .unknownField, "not a field of this request")]
        for (name, value) in form.fields where name == "conversation" || name == "client_id" {
            if form.type != "data" || name != "conversation" { cases.append(form.without(name, "a string")) }
            cases += identifier(name, of: form)
            let twice = #"{"type":"\#(form.type)","id":7,"\#(name)":\#(value),"\#(name)":\#(value)}"#
            cases.append(Case(frame: twice, code: .duplicateKey, field: name, rule: ""))
        }
        return cases
    }

    /// What only the server sets is refused by name in whatever has no such field.
    static let owned: [Case] = forms.flatMap { form in
        ["sender", "time", "message", "slot", "stamp", "recalled", "replies", "withheld", "total"].map {
            form.with($0, "1", .serverOwnedField, "not a field of this request")
        }
    }

    private static let seen = "an emoji that can be seen, without control characters and spaces"
    static let messages: [Case] =
        sequence("target", of: edit) + sequence("target", of: recall) + sequence("target", of: react)
        + sequence("target", of: pin)
        + flag("on", of: react) + flag("on", of: pin)
        + [
            send.with("thread", "0", .outOfRange, integer), send.with("thread", #""1""#, .wrongType, "an integer"),
            send.with("reply_to", "-1", .outOfRange, integer),
            send.with("target", "4", .unknownField, "not a field of this request"),
            edit.without("content", "an object"), edit.with("content", "[]", .wrongType, "an object"),
            edit.with("content", #"{"type":"text","text":""}"#, .empty, "at least 1 character", at: "content.text"),
            edit.with("reply_to", "4", .unknownField, "not a field of this request"),
            react.without("emoji", "a string"), react.with("emoji", "1", .wrongType, "a string"),
            react.with("emoji", #""""#, .empty, "at least 1 byte"),
            react.with("emoji", long(33), .tooLong, "at most 32 bytes"),
            react.with("emoji", long(9, "👍"), .tooLong, "at most 32 bytes"),
            react.with("emoji", #""a\u0007""#, .outOfRange, seen), react.with("emoji", #"" ""#, .outOfRange, seen),
            react.with("emoji", #""\u202e👍""#, .outOfRange, seen), react.with("emoji", #""\u200b""#, .outOfRange, seen),
            react.with("emoji", #""\ufeff""#, .outOfRange, seen), react.with("emoji", #""👍\u2060""#, .outOfRange, seen),
            react.with("emoji", #""\u200d\ufe0f""#, .outOfRange, seen), react.with("emoji", #""\u3164""#, .outOfRange, seen),
            reactions.without("emoji", "a string"), reactions.with("emoji", long(33), .tooLong, "at most 32 bytes"),
            forward.without("from", "an object"), forward.with("from", #""d""#, .wrongType, "an object"),
            forward.with("from", #"{"sequence":9}"#, .missingField, "a string", at: "from.conversation"),
            forward.with("from", #"{"conversation":"a b","sequence":9}"#, .badIdentifier, identifier, at: "from.conversation"),
            forward.with("from", #"{"conversation":"d"}"#, .missingField, "an integer", at: "from.sequence"),
            forward.with("from", #"{"conversation":"d","sequence":0}"#, .outOfRange, integer, at: "from.sequence"),
            forward.with(
                "from", #"{"conversation":"d","sequence":9,"sender":"u"}"#, .serverOwnedField, "not a field of this request",
                at: "from.sender"),
            forward.with("content", "{}", .unknownField, "not a field of this request"),
        ]

    static let content: [Case] = [send, edit].flatMap { form in
        func content(_ more: String, _ code: ErrorCode, _ field: String, _ rule: String) -> Case {
            form.with("content", #"{"type":"text","text":"x",\#(more)}"#, code, rule, at: "content." + field)
        }
        return [
            content(#""mentions":"u""#, .wrongType, "mentions", "a list of user ids"),
            content(#""mentions":[1]"#, .wrongType, "mentions", "a list of user ids"),
            content(#""mentions":["a b"]"#, .badIdentifier, "mentions", identifier),
            content(#""mentions":["u","u"]"#, .duplicateKey, "mentions", "each user once"),
            content(#""mentions":\#(list(51))"#, .outOfRange, "mentions", "0 to 50 user ids"),
            content(#""mentions":[],"mentions":[]"#, .duplicateKey, "mentions", ""),
            content(#""mention_all":1"#, .wrongType, "mention_all", boolean),
            content(#""forwarded":{"sender":"u2"}"#, .serverOwnedField, "forwarded", "only in messages that `forward` made"),
        ]
    }

    static let settings: [Case] =
        [create, change].flatMap { form -> [Case] in
            func rule(_ field: String, _ value: String, _ code: ErrorCode, _ rule: String) -> Case {
                form.with("rules", #"{"\#(field)":\#(value)}"#, code, rule, at: "rules." + field)
            }
            return [
                form.with("title", "1", .wrongType, "a string"), form.with("title", #""""#, .empty, "at least 1 character"),
                form.with("title", long(65), .tooLong, "at most 64 characters"),
                form.with("title", #""a\u0000""#, .outOfRange, ""),
                form.with("title", #""a\u2066""#, .outOfRange, visible),
                form.with("description", "1", .wrongType, "a string"),
                form.with("description", long(1_001, "é"), .tooLong, "at most 1000 characters"),
                form.with("description", #""a\u202eb""#, .outOfRange, "no control, direction-changing or invisible characters"),
                form.with("description", #""a\tb""#, .outOfRange, "no control, direction-changing or invisible characters"),
                form.with("avatar", "{}", .wrongType, "a string"),
                form.with("avatar", long(65), .tooLong, "at most 64 characters"),
                form.with("avatar", #""\u0007""#, .outOfRange, visible),
                form.with("member_cap", #""9""#, .wrongType, "an integer"),
                form.with("member_cap", "1", .outOfRange, "an integer from 2 to 1000000"),
                form.with("member_cap", "1000001", .outOfRange, "an integer from 2 to 1000000"),
                form.with("history_visible", "0", .wrongType, boolean), form.with("rules", "[]", .wrongType, "an object"),
                rule("send", "1", .wrongType, "a string"), rule("send", #""owner""#, .outOfRange, who),
                rule("invite", #""""#, .outOfRange, who), rule("mention_all", #""everybody""#, .outOfRange, who),
                rule("mention_all", "true", .wrongType, "a string"),
                rule("join", #""open""#, .outOfRange, "link, approval or closed"),
                rule("slow_ms", "-1", .outOfRange, "an integer from 0 to 86400000"),
                rule("slow_ms", "86400001", .outOfRange, "an integer from 0 to 86400000"),
                rule("slow_ms", "1.5", .outOfRange, "an integer from 0 to 86400000"),
                rule("recall_ms", "315360000001", .outOfRange, "an integer from 0 to 315360000000"),
                rule("recall_ms", #""1""#, .wrongType, "an integer"), rule("receipts", "1", .wrongType, boolean),
                rule("colour", "1", .unknownField, "not a field of this request"),
                rule("role", "1", .serverOwnedField, "not a field of this request"),
                form.with("rules", #"{"send":"members","send":"members"}"#, .duplicateKey, "", at: "rules.send"),
            ]
        } + [
            create.without("title", "a string"), change.without("title", "at least one field that changes"),
            Form(type: "change", fields: command).with(
                "rules", "{}", .missingField, "at least one rule that changes"),
            create.with("kind", #""direct""#, .unknownField, "not a field of this request", at: "title"),
        ]

    static let members: [Case] =
        named.flatMap { identifier("user", of: $0) + ($0.type == "decline" ? [] : [$0.without("user", "a string")]) }
        + identifier("user", of: mute) + identifier("link", of: unlink)
        + [
            mute.without("until", "an integer"), mute.with("until", "-1", .outOfRange, position),
            mute.with("until", #""x""#, .wrongType, "an integer"), mute.without("user", "a string"),
            invite.without("users", "a list of user ids"), invite.with("users", "[]", .outOfRange, "1 to 100 user ids"),
            invite.with("users", list(101), .outOfRange, "1 to 100 user ids"),
            invite.with("users", #"["u","u"]"#, .duplicateKey, "each user once"),
            form("add").with("users", list(1_001), .outOfRange, "1 to 1000 user ids"),
            link.with("expires", "-1", .outOfRange, position), link.with("expires", #""x""#, .wrongType, "an integer"),
            link.with("uses", "-1", .outOfRange, "an integer from 0 to 1000000"),
            link.with("uses", "1000001", .outOfRange, "an integer from 0 to 1000000"),
            link.with("link", #""k7""#, .unknownField, "not a field of this request"), unlink.without("link", "a string"),
            join.with("link", "4", .wrongType, "a string"), join.with("link", #""""#, .badLink, ""),
            join.with("link", #""k7/x2""#, .badLink, ""), join.with("link", long(129), .badLink, ""),
            join.with("link", long(5_000), .tooLong, "at most 4096 bytes"),
            join.with("conversation", #""c""#, .unknownField, "either conversation or link, not both", at: "link"),
            linkInfo.without("link", "a string"), linkInfo.with("link", #""é""#, .badLink, ""),
            form("role", ("user", #""u""#)).with("role", #""king""#, .outOfRange, "administrator or member"),
        ]

    static let questions: [Case] =
        sequence("root", of: thread) + sequence("sequence", of: revisions) + sequence("sequence", of: reactions)
        + sequence("sequence", of: readers) + sequence("sequence", of: record) + sequence("sequence", of: report)
        + sequence("sequence", of: resolve)
        + [thread, revisions, reactions, mentions, audit, changed, banned, readers, reports].flatMap { limit(of: $0) }
        + flag("push", of: follow) + flag("on", of: block) + flag("watch", of: presence, required: false)
        + flag("receipts", of: preferences, required: false) + flag("presence", of: preferences, required: false)
        + identifier("user", of: block)
        + [
            thread.with("after", "-1", .outOfRange, position), mentions.with("after", "-1", .outOfRange, position),
            audit.with("before", "0", .outOfRange, integer), reports.with("before", "0", .outOfRange, integer),
            revisions.with("after", "-1", .outOfRange, position),
            audit.with("after", "1", .unknownField, "not a field of this request"),
            reactions.with("after", #""a b""#, .badIdentifier, "a user id, or empty"),
            reactions.with("after", "4", .wrongType, "a string"),
            changed.with("version", #""2.5""#, .outOfRange, "a version of an earlier answer, or empty"),
            changed.with("version", "5", .wrongType, "a string"),
            changed.with("after_slot", "1", .unknownField, "not a field of this request"),
            changed.with("state", #""banned""#, .unknownField, "not a field of this request"),
            banned.with("state", #""active""#, .outOfRange, "invited, requested or banned"),
            banned.with("state", #""left""#, .outOfRange, "invited, requested or banned"),
            banned.with("after", #""a b""#, .badIdentifier, "a user id, or empty"),
            banned.with("after_slot", "1", .unknownField, "not a field of this request"),
            receipts.with("sequences", "4", .wrongType, "a list of integers"),
            receipts.with("sequences", #"["4"]"#, .wrongType, "a list of integers"),
            receipts.with("sequences", "[]", .outOfRange, "1 to 200 sequences"),
            receipts.with(
                "sequences", "[" + (1...201).map(String.init).joined(separator: ",") + "]", .outOfRange, "1 to 200 sequences"),
            receipts.with("sequences", "[0]", .outOfRange, "integers from 1 to 9007199254740991"),
            receipts.with("sequences", "[4,4]", .duplicateKey, "each sequence once"),
            readers.without("list", "a string"), readers.with("list", #""seen""#, .outOfRange, "read, unread or delivered"),
            readers.with("after_slot", "2147483648", .outOfRange, "an integer from 0 to 2147483647"),
            presence.without("users", "a list of user ids"), presence.with("users", list(201), .outOfRange, "1 to 200 user ids"),
            presence.with("users", "[]", .outOfRange, "1 to 200 user ids"),
            presence.with("conversation", #""c""#, .unknownField, "either users or conversation, not both", at: "users"),
            notify.without("level", "a string"), notify.with("level", #""some""#, .outOfRange, "all, mentions or none"),
            report.without("reason", "a string"), report.with("reason", #""""#, .empty, "at least 1 character"),
            report.with("reason", long(501, "😀"), .tooLong, "at most 500 characters"),
            report.with("reason", "1", .wrongType, "a string"),
            data.with("data", "[]", .wrongType, "an object"), data.with("data", "null", .wrongType, "an object"),
            data.with("data", #"{"a":\#(long(4_089))}"#, .tooLong, "at most 4096 bytes"),
            data.with("data", #"{"a":1,"a":2}"#, .duplicateKey, "", at: "data.a"),
        ]

    // MARK: Tests

    @Test func everyFormIsGood() throws {
        var decoder = FrameDecoder()
        for form in Self.forms { _ = try decoder.decode(ByteBuffer(string: form.good)) }
    }

    enum Table: CaseIterable, Sendable {
        case names, owned, messages, content, settings, members, questions

        var cases: [Case] {
            switch self {
            case .names: FrameDecoderFieldTests.names
            case .owned: FrameDecoderFieldTests.owned
            case .messages: FrameDecoderFieldTests.messages
            case .content: FrameDecoderFieldTests.content
            case .settings: FrameDecoderFieldTests.settings
            case .members: FrameDecoderFieldTests.members
            case .questions: FrameDecoderFieldTests.questions
            }
        }
    }

    @Test(arguments: Table.allCases)
    func aBadFieldIsNamed(table: Table) throws {
        var decoder = FrameDecoder()
        for example in table.cases {
            do throws(DecodeFailure) {
                let request = try decoder.decode(ByteBuffer(string: example.frame))
                Issue.record("\(example.frame.prefix(200)) was taken: \(request)")
            } catch {
                #expect(error.refusal.code == example.code, "\(example)")
                #expect(error.refusal.field == example.field, "\(example)")
                if !example.rule.isEmpty { #expect(error.refusal.rule == example.rule, "\(example)") }
                #expect(error.id == 7, "\(example)")
            }
        }
    }

    @Test func boundsAreInside() throws {
        var decoder = FrameDecoder()
        let good = [
            Self.react.with("emoji", Self.long(8, "👍"), .empty, ""), Self.react.with("emoji", Self.long(32), .empty, ""),
            Self.react.with("emoji", #""🏴\udb40\udc67\udb40\udc62\udb40\udc7f""#, .empty, ""),
            Self.change.with("title", Self.long(64, "😀"), .empty, ""), Self.change.with("avatar", Self.long(64), .empty, ""),
            Self.change.with("description", Self.long(1_000, #"\ud83d\ude00"#), .empty, ""),
            Self.change.with("description", #""a\nb""#, .empty, ""),
            Self.change.with("member_cap", "1000000", .empty, ""),
            Self.change.with("rules", #"{"slow_ms":86400000,"recall_ms":315360000000}"#, .empty, ""),
            Self.invite.with("users", Self.list(100), .empty, ""), Self.link.with("uses", "1000000", .empty, ""),
            Self.send.with("content", #"{"type":"text","text":"x","mentions":\#(Self.list(50))}"#, .empty, ""),
            Self.send.with("content", #"{"type":"text","text":"x","mentions":[],"mention_all":false}"#, .empty, ""),
            Self.presence.with("users", Self.list(200), .empty, ""), Self.report.with("reason", Self.long(500, "😀"), .empty, ""),
            Self.data.with("data", #"{"a":\#(Self.long(4_090 - 2))}"#, .empty, ""),
            Self.join.with("link", Self.long(128), .empty, ""),
        ]
        for example in good { _ = try decoder.decode(ByteBuffer(string: example.frame)) }
    }

    @Test func typesOfControlEntriesAreTheServers() throws {
        var decoder = FrameDecoder()
        let types = EntryKind.allCases.filter { $0 != .message }.map(\.name) + ["ended", "system"]
        #expect(types.count == 22)
        for type in types {
            let frame = #"{"type":"send","id":7,"conversation":"c","client_id":"k","content":{"type":"\#(type)","text":"x"}}"#
            #expect(throws: DecodeFailure.self, "\(type)") { try decoder.decode(ByteBuffer(string: frame)) }
        }
    }
}
