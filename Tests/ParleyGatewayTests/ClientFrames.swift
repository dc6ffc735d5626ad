import NIOCore

/// Frames as a client sends them, right or wrong.
enum ClientFrames {
    static let text: UInt8 = 0x1
    static let binary: UInt8 = 0x2
    static let close: UInt8 = 0x8
    static let ping: UInt8 = 0x9
    static let pong: UInt8 = 0xA

    /// A frame; `declared` lies about the length, `first` replaces the first byte.
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D],
        first: UInt8? = nil, lengthBytes: Int? = nil, declared: UInt64? = nil
    ) -> [UInt8] {
        var bytes = [first ?? (isFinal ? 0x80 : 0) | opcode]
        let masked: UInt8 = mask == nil ? 0 : 0x80
        let length = declared ?? UInt64(payload.count)
        switch lengthBytes ?? (length < 126 ? 0 : length <= 0xFFFF ? 2 : 8) {
        case 0: bytes.append(masked | UInt8(truncatingIfNeeded: length & 0x7F))
        case 2: bytes += [masked | 126] + big(length, bytes: 2)
        default: bytes += [masked | 127] + big(length, bytes: 8)
        }
        guard let mask else { return bytes + payload }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    static func text(_ text: String, isFinal: Bool = true) -> [UInt8] {
        self.frame(self.text, Array(text.utf8), isFinal: isFinal)
    }

    static func close(_ code: UInt16, _ reason: String = "") -> [UInt8] {
        self.frame(self.close, self.big(UInt64(code), bytes: 2) + Array(reason.utf8))
    }

    static func big(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}

/// A small generator with a seed, so that a failure can be had again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
