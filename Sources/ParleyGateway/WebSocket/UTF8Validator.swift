/// Checks a stream of bytes to be UTF-8 (RFC 3629) as they come, and says no at the first byte that cannot be (A9).
///
/// Overlong forms, surrogates and everything past U+10FFFF are refused. Fed piece by piece: a character may be cut anywhere.
package struct UTF8Validator: Sendable, Equatable {
    /// Continuation bytes that the character begun still wants: 0 to 3.
    private var missing: UInt8 = 0
    /// The range of the next continuation byte; narrower than 80...BF after E0, ED, F0 and F4.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// Whether the bytes so far end with a whole character.
    package var isComplete: Bool { self.missing == 0 }

    /// Takes the next bytes; false as soon as no continuation could make them UTF-8. The validator is then of no more use.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if self.missing == 0 {
                while index &+ 8 <= count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index &+= 8
                }
                guard index < count else { return true }
                let byte = bytes[index]
                if byte >= 0x80, !self.begin(byte) { return false }
            } else {
                let byte = bytes[index]
                guard byte >= self.lowest, byte <= self.highest else { return false }
                self.missing &-= 1
                self.lowest = 0x80
                self.highest = 0xBF
            }
            index &+= 1
        }
        return true
    }

    /// The first byte of a character of more than one.
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: self.missing = 1
        case 0xE0: (self.missing, self.lowest) = (2, 0xA0)
        case 0xED: (self.missing, self.highest) = (2, 0x9F)
        case 0xE1...0xEF: self.missing = 2
        case 0xF0: (self.missing, self.lowest) = (3, 0x90)
        case 0xF1...0xF3: self.missing = 3
        case 0xF4: (self.missing, self.highest) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
