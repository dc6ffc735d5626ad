package import ParleyDomain

/// What a value of the protocol may be. Written as JSON Schema by `schema`, and checked by `fault`.
package indirect enum Shape: Sendable {
    /// 1 to 64 of `A-Z a-z 0-9 . _ - : @`, but none of these words.
    case identifier(except: [String])
    case text(Text)
    case integer(ClosedRange<Int64>)
    case boolean
    /// Always this: the field is left out where it is not so.
    case always(Bool)
    case word([String])
    /// One of these numbers.
    case number([Int64])
    case list(Shape, ClosedRange<Int>, distinct: Bool)
    /// From identifiers to values; at most so many.
    case map(Shape, atMost: Int)
    case object(Form)
    case either([Shape])
    /// One of `Contract.parts`, by name.
    case part(String)

    package static let identifier = Shape.identifier(except: [])
    /// Of an entry: 1 to 2^53-1, the largest integer that every language reads alike.
    package static let sequence = Shape.integer(1...(1 << 53) - 1)
    /// A place in a log before its first entry or after one, a time in milliseconds, or a number of things.
    package static let count = Shape.integer(0...(1 << 53) - 1)

    package static func text(_ characters: ClosedRange<Int>, _ alphabet: Text.Alphabet = .any) -> Shape {
        .text(Text(characters: characters, alphabet: alphabet))
    }

    package static func object(_ fields: Field...) -> Shape { .object(Form(fields)) }
}

/// A string: how long it is in Unicode scalar values, and what may stand in it.
package struct Text: Sendable {
    package enum Alphabet: Sendable {
        /// Anything but U+0000.
        case any
        /// A name that people see: no control, direction-changing or invisible characters, not only spaces.
        case name
        /// The same, and it may be empty.
        case visible
        /// The same, with line feeds.
        case lines
        /// At most 32 bytes that can be seen, no control characters and spaces.
        case emoji
        /// Where a sync or a list of members stands: empty, or `1.` and stamps.
        case place
        /// A link as people hand it on: the characters of an identifier.
        case link
        /// An identifier, or nothing.
        case identifierOrEmpty
        /// A number in decimal digits.
        case digits
        case base64
    }

    package var characters: ClosedRange<Int>
    package var alphabet: Alphabet

    /// The regular expression (ECMA-262) of what may stand in it; nil where length is all that there is to say.
    package var pattern: String? {
        switch self.alphabet {
        case .any, .visible, .lines, .emoji: #"^[^\u0000]*$"#
        case .name: #"[^\s\u0000]"#
        case .place: #"^(1(\.[0-9]{1,19}){1,64})?$"#
        case .link: "^[A-Za-z0-9._:@-]+$"
        case .identifierOrEmpty: "^[A-Za-z0-9._:@-]*$"
        case .digits: "^[0-9]+$"
        case .base64: "^[A-Za-z0-9+/]*={0,2}$"
        }
    }

    /// What no pattern can say, and with which error it is refused.
    package var beyond: [(code: ErrorCode, rule: String)] {
        switch self.alphabet {
        case .name, .visible: [(.outOfRange, "no control, direction-changing or invisible characters")]
        case .lines: [(.outOfRange, "no control, direction-changing or invisible characters but line feeds")]
        case .emoji:
            [
                (.tooLong, "at most \(Limits.emojiBytes) bytes of UTF-8"),
                (.outOfRange, "something to see, no control characters and spaces"),
            ]
        case .place: [(.outOfRange, "as an earlier answer gave it")]
        case .any, .link, .identifierOrEmpty, .digits, .base64: []
        }
    }
}

/// The fields of an object.
package struct Form: Sendable {
    package var fields: [Field]
    /// Whether fields that are not described are kept and delivered as they came. Else they are refused.
    package var isOpen = false
    /// Of these fields at least one stands; nothing is asked where the list is empty.
    package var someOf: [String] = []
    /// Fields that may not stand although the form is open.
    package var forbidden: [String] = []

    package init(_ fields: [Field], isOpen: Bool = false, someOf: [String] = [], forbidden: [String] = []) {
        self.fields = fields
        self.isOpen = isOpen
        self.someOf = someOf
        self.forbidden = forbidden
    }

}

/// One field of an object.
package struct Field: Sendable {
    package var name: String
    package var shape: Shape
    package var isRequired: Bool
    /// A sentence for people; empty where the name says it.
    package var note: String
    /// Whether it asks for something that only a socket can give: over HTTP it is false.
    package var isLive = false

    /// A field that must stand.
    package static func must(_ name: String, _ shape: Shape, _ note: String = "") -> Field {
        Field(name: name, shape: shape, isRequired: true, note: note)
    }

    /// A field that may be left out.
    package static func may(_ name: String, _ shape: Shape, _ note: String = "") -> Field {
        Field(name: name, shape: shape, isRequired: false, note: note)
    }
}
