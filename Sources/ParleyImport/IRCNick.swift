package import ParleyDomain

/// A nick, and the account that stands for it.
///
/// One account a nick, for ever: whoever used the nick, before and after which other one, is not asked. So a line's sender follows from
/// the line alone, in whatever order files are imported (docs/decisions/0012-imports.md). Nicks that differ only in the case of
/// their letters are one.
package struct IRCNick: Sendable, Hashable {
    /// Longest nick, in bytes (they are ASCII). Servers allow 9 to 32.
    package static let bytesMax = 32
    /// Before the ids of all accounts that an import makes, so that none of them is an account that somebody registered.
    package static let prefix = "irc:"

    /// As the line has it, without the spaces that some logs put after a bracket.
    package let written: String
    package let account: UserID

    /// Nil for what is no nick: 1 to 32 letters, digits and ``[ ] \ ` _ ^ { | } -``; or one whose account id would be too long.
    init?(_ text: some Sequence<UInt8>) {
        var bytes: [UInt8] = []
        for byte in text {
            // `bur[n] er` is bur[n]er.
            if byte == UInt8(ascii: " "), bytes.last == UInt8(ascii: "]") { continue }
            bytes.append(byte)
        }
        guard (1...Self.bytesMax).contains(bytes.count), bytes.allSatisfy(Self.isNickByte) else { return nil }
        var id = Self.prefix
        for byte in bytes { id += Self.escaped(byte) }
        guard let account = UserID(rawValue: id) else { return nil }
        self.written = String(decoding: bytes, as: UTF8.self)
        self.account = account
    }

    package static func == (left: IRCNick, right: IRCNick) -> Bool { left.account == right.account }

    package func hash(into hasher: inout Hasher) { hasher.combine(self.account) }

    private static func isNickByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "_"),
            UInt8(ascii: "^"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            true
        default: false
        }
    }

    /// Small letters, digits, `-` and `_` stand for themselves, any other character as `@` and two hexadecimal digits.
    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): String(UnicodeScalar(byte + 32))
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            String(UnicodeScalar(byte))
        default: "@" + String(byte, radix: 16)
        }
    }
}
