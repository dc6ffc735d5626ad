import ParleyDomain

/// A frame that must be refused, and how. Names and sequences are those of the golden frames.
struct RefusalCase: Sendable {
    var name: String
    var frame: String
    /// What is sent in its place in the binary encoding: no such frame; nil where the frame itself is sent.
    var bytes: [UInt8]?
    var code: ErrorCode
    /// The field that the error names; nil where it need not name one.
    var field: String?
    var by: Person
    var needs: [Need]
    /// What is asked, and granted, right before: by whom, and the frame.
    var first: (by: Person, frame: String)?
    var doors: [DoorKind]

    init(
        _ name: String, _ frame: String, _ code: ErrorCode, _ field: String? = nil, by: Person = .u1, needs: [Need] = [],
        first: (by: Person, frame: String)? = nil, doors: [DoorKind] = DoorKind.allCases
    ) {
        self.name = name
        self.frame = frame
        self.code = code
        self.field = field
        self.by = by
        self.needs = needs
        self.first = first
        self.doors = doors
    }

    /// Bytes that are not the binary encoding of any frame.
    init(_ name: String, _ bytes: [UInt8], _ code: ErrorCode, _ field: String? = nil) {
        self.init(name, "", code, field, doors: DoorKind.ofBinary)
        self.bytes = bytes
    }
}

/// One of each kind of mistake that a client can make.
enum RefusalScript {
    static let cases: [RefusalCase] = malformed + malformedBinary + notGranted

    private static func send(_ content: String, _ fields: String = "", _ clientID: String = "r1") -> String {
        #"{"type":"send","id":7,"conversation":"general","client_id":"\#(clientID)"\#(fields),"content":\#(content)}"#
    }

    private static func text(_ text: String) -> String { #"{"type":"text","text":"\#(text)"}"# }

    private static func change(_ fields: String) -> (by: Person, frame: String) {
        (.u1, #"{"type":"change","id":4,"conversation":"general","client_id":"r0",\#(fields)}"#)
    }

    private static let malformed: [RefusalCase] = [
        RefusalCase("no JSON", #"{"type":"ping","id":1"#, .notJSON, doors: DoorKind.ofJSON),
        RefusalCase("no such type", #"{"type":"shout","id":1}"#, .unknownType, "type", doors: [.socket, .http, .binary, .cbor]),
        RefusalCase("no such path", #"{"type":"shout","id":1}"#, .notFound, doors: [.path]),
        RefusalCase("missing field", #"{"type":"history","id":9}"#, .missingField, "conversation"),
        RefusalCase("missing id", #"{"type":"ping"}"#, .missingField, "id", doors: [.socket, .http, .binary, .cbor]),
        RefusalCase("negative id", #"{"type":"ping","id":-1}"#, .outOfRange, "id"),
        RefusalCase("wrong type", #"{"type":"history","id":9,"conversation":7}"#, .wrongType, "conversation"),
        RefusalCase(
            "limit above the bound", #"{"type":"history","id":9,"conversation":"general","limit":201}"#, .outOfRange, "limit"),
        RefusalCase("unknown field", #"{"type":"ping","id":1,"color":"red"}"#, .unknownField, "color"),
        RefusalCase(
            "both ends", #"{"type":"history","id":9,"conversation":"general","after":1,"before":9}"#, .unknownField, "before"),
        RefusalCase(
            "duplicate key", #"{"type":"history","id":9,"conversation":"general","conversation":"general"}"#, .duplicateKey,
            "conversation"),
        RefusalCase("a field of the server", send(text("x"), #","sender":"u2""#), .serverOwnedField, "sender"),
        RefusalCase("a type of the server", send(#"{"type":"created","text":"x"}"#), .serverOwnedField, "content.type"),
        RefusalCase("no identifier", #"{"type":"pins","id":9,"conversation":"a b"}"#, .badIdentifier, "conversation"),
        RefusalCase("empty text", send(text("")), .empty, "content.text"),
        RefusalCase(
            "8,001 characters", send(text(String(repeating: "ä", count: Limits.textCharacters + 1))), .tooLong, "content.text"),
        RefusalCase("U+0000", send(text("a\\u0000b")), .outOfRange, "content.text"),
        RefusalCase(
            "half a surrogate pair", send(text("a\\ud83d")), .outOfRange, "content.text", doors: DoorKind.ofJSON),
        RefusalCase(
            "40 deep",
            send(#"{"type":"text","text":"x","a":\#(String(repeating: "[", count: 40))\#(String(repeating: "]", count: 40))}"#),
            .tooDeep, "content.a"),
        RefusalCase("too large", send(text(String(repeating: "x", count: Limits.frameBytes + 1))), .frameTooLarge),
    ]

    /// Frames of two fields: `type` (name 0), which is `ping` (name 122), and `id` (name 1); name 2 is `conversation`.
    private static let malformedBinary: [RefusalCase] = [
        RefusalCase("no CBOR", Array(#"{"type":"ping","id":1}"#.utf8), .notCBOR),
        RefusalCase("half a map", [0xA2, 0x00, 0x41, 0x7A], .notCBOR),
        RefusalCase("more than a map", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0x01, 0x00], .notCBOR),
        RefusalCase("a map of no definite length", [0xBF, 0x00, 0x41, 0x7A, 0x01, 0x01, 0xFF], .notCBOR),
        RefusalCase("not the shortest form", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0x18, 0x01], .notCBOR, "id"),
        RefusalCase("half a floating-point number", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0xF9, 0x3C, 0x00], .notCBOR, "id"),
        RefusalCase("a tag", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0xC1, 0x01], .notCBOR, "id"),
        RefusalCase("an integer in digits", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0x42, 0x31, 0x30], .notCBOR, "id"),
        RefusalCase("a fraction in digits", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0x43, 0x30, 0x2E, 0x35], .notCBOR, "id"),
        RefusalCase(
            "an integer above 2^53", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0x1B, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
            .notCBOR, "id"),
        RefusalCase("undefined", [0xA2, 0x00, 0x41, 0x7A, 0x01, 0xF7], .notCBOR, "id"),
        RefusalCase("no such name", [0xA2, 0x00, 0x41, 0xFF, 0x01, 0x01], .notCBOR, "type"),
        RefusalCase("another name's number", [0xA3, 0x00, 0x41, 0x7A, 0x01, 0x01, 0x02, 0x01], .unknownField, "conversation"),
        RefusalCase("a text that is not UTF-8", [0xA2, 0x00, 0x61, 0xFF, 0x01, 0x01], .badText, "type"),
    ]

    private static let notGranted: [RefusalCase] = [
        RefusalCase("no such conversation", #"{"type":"pins","id":9,"conversation":"nobody-has-this"}"#, .notMember),
        RefusalCase("an outsider", #"{"type":"history","id":9,"conversation":"general"}"#, .notMember, by: .u5),
        RefusalCase(
            "a member who pins", #"{"type":"pin","id":7,"conversation":"general","client_id":"r1","target":42,"on":true}"#,
            .forbidden, by: .u2),
        RefusalCase("the owner who leaves", #"{"type":"leave","id":4,"conversation":"general","client_id":"r1"}"#, .forbidden),
        RefusalCase(
            "no such member", #"{"type":"role","id":4,"conversation":"general","client_id":"r1","user":"u9","role":"member"}"#,
            .unknownUser, "user"),
        RefusalCase(
            "no such message", #"{"type":"recall","id":7,"conversation":"general","client_id":"r1","target":4000}"#, .noMessage),
        RefusalCase("a reply to the future", send(text("x"), #","reply_to":4000"#), .outOfRange, "reply_to"),
        RefusalCase("no such link", #"{"type":"link_info","id":6,"link":"k7.nothing"}"#, .badLink, "link"),
        RefusalCase("another epoch", #"{"type":"sync","id":2,"epoch":"of-another-server"}"#, .startOver),
        RefusalCase(
            "the same client id with other words", send(text("other")), .clientIDConflict, first: (.u1, send(text("one")))),
        RefusalCase(
            "a full group", #"{"type":"add","id":4,"conversation":"general","client_id":"r1","users":["u4"]}"#, .groupFull,
            first: change(#""member_cap":3"#)),
        RefusalCase(
            "too late", #"{"type":"recall","id":7,"conversation":"general","client_id":"r1","target":13}"#, .tooLate, by: .u2,
            first: change(#""rules":{"recall_ms":0}"#)),
        RefusalCase(
            "who has read, where receipts are off",
            #"{"type":"readers","id":5,"conversation":"general","sequence":40,"list":"read"}"#, .receiptsOff,
            first: change(#""rules":{"receipts":false}"#)),
        RefusalCase(
            "an edit of what was taken back",
            #"{"type":"edit","id":7,"conversation":"general","client_id":"r1","target":42,"content":{"type":"text","text":"x"}}"#,
            .recalled, first: (.u1, #"{"type":"recall","id":7,"conversation":"general","client_id":"r0","target":42}"#)),
        RefusalCase(
            "who is muted", send(text("x")), .muted, by: .u2,
            first: (.u1, #"{"type":"mute","id":4,"conversation":"general","client_id":"r0","user":"u2","until":1767229200000}"#)),
        RefusalCase(
            "a dissolved group", send(text("x")), .dissolved,
            first: (.u1, #"{"type":"dissolve","id":4,"conversation":"general","client_id":"r0"}"#)),
        RefusalCase(
            "typing without a socket", #"{"type":"typing","id":5,"conversation":"general"}"#, .badRequest, "type",
            doors: [.http, .cbor]),
        RefusalCase(
            "auth twice", #"{"type":"auth","id":1,"token":"pa1.x.y"}"#, .alreadyAuthenticated,
            doors: DoorKind.sockets),
    ]
}
