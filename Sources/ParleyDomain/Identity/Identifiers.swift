/// Identifiers as they stand on the wire, in code and in SQL: opaque strings, compared byte by byte.
///
/// Outside this process nobody may derive anything from them. They hold 1 to 64 characters of
/// `A-Z a-z 0-9 . _ - : @`, so that they can stand in a URL, a log line and a file name unescaped.
package protocol Identifier: Hashable, Sendable, Comparable, CustomStringConvertible, RawRepresentable where RawValue == String {
    init(trusted: String)
}

extension Identifier {
    /// A checked identifier; nil where the text breaks the rule above.
    package init?(rawValue: String) {
        guard isIdentifier(rawValue) else { return nil }
        self.init(trusted: rawValue)
    }

    package var description: String { self.rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// An account. The same for all devices of a person, and for a bot.
package struct UserID: Identifier {
    package let rawValue: String
    /// For text that was checked before, such as a value read from our own store.
    package init(trusted: String) { self.rawValue = trusted }
}

/// A direct or group conversation.
package struct ConversationID: Identifier {
    package let rawValue: String
    package init(trusted: String) { self.rawValue = trusted }
}

/// The sender's own name for a message: unique per sender and conversation, kept as long as the message (R17).
package struct ClientID: Identifier {
    package let rawValue: String
    package init(trusted: String) { self.rawValue = trusted }
}

/// A log-in on one named, revocable device.
package struct SessionID: Identifier {
    package let rawValue: String
    package init(trusted: String) { self.rawValue = trusted }
}

/// Whether the text holds 1 to 64 of the characters that an identifier may have.
package func isIdentifier(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...Limits.identifierBytes).contains(bytes.count) else { return false }
    return bytes.allSatisfy(isIdentifierByte)
}

/// Whether the byte may stand in an identifier.
@inlinable
package func isIdentifierByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@"):
        true
    default:
        false
    }
}
