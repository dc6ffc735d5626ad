/// Bytes as lower-case text of the alphabet of RFC 4648, for identifiers that are made here.
///
/// There are two ways, and neither can go: names that are stored were made by both, and are made again to find a repeat.
package enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// All bits of the bytes, five a character: of users and sessions.
    package static func packed(_ bytes: some Sequence<UInt8>, characters: Int) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            count += 8
            while count >= 5 {
                count -= 5
                text.append(Self.alphabet[Int(bits >> count & 31)])
            }
        }
        return String(decoding: text.prefix(characters), as: UTF8.self)
    }

    /// The low five bits of each byte, of a hash, which has bytes to spare: of conversations and links.
    static func ofEach(_ bytes: some Sequence<UInt8>, characters: Int) -> String {
        String(decoding: bytes.prefix(characters).map { Self.alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
