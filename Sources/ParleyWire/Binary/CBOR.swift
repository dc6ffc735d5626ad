/// The parts of CBOR (RFC 8949) that the binary encoding uses, by their numbers.
enum CBOR {
    /// Major types: the high three bits of an item's first byte.
    enum Major: UInt8 {
        case unsigned = 0
        case negative = 1
        case bytes = 2
        case text = 3
        case array = 4
        case map = 5
        case tag = 6
        case simple = 7
    }

    static let no: UInt8 = 0xF4
    static let yes: UInt8 = 0xF5
    static let null: UInt8 = 0xF6
    /// The first byte of a floating-point number of 64 bits.
    static let double: UInt8 = 0xFB
}
