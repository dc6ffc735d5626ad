package import NIOCore

/// The key that a client's frame is masked with (RFC 6455, 5.3), turned to where in the payload we are.
package struct FrameMask: Sendable, Equatable {
    /// The key's four bytes as they lie in memory, the next one to use first.
    private var key: UInt32

    /// From the four bytes of the header.
    package init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        let big = UInt32(first) << 24 | UInt32(second) << 16 | UInt32(third) << 8 | UInt32(fourth)
        self.key = UInt32(bigEndian: big)
    }

    /// Reads `count` bytes of `input`, unmasks them and appends them to `output`: one pass, eight bytes at a time.
    ///
    /// Precondition: `input` has `count` readable bytes.
    package mutating func unmask(_ count: Int, of input: inout ByteBuffer, into output: inout ByteBuffer) {
        precondition(count <= input.readableBytes)
        guard count > 0 else { return }
        let key = self.key
        input.readWithUnsafeReadableBytes { source in
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
                Self.copy(count, from: source, to: target, key: key)
                return count
            }
            return count
        }
        self.key = Self.turned(key, by: count)
    }

    /// The key with its byte number `count` (modulo 4) first.
    private static func turned(_ key: UInt32, by count: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: count & 3) &* 8
        guard bits > 0 else { return key }
        // The first byte in memory is the lowest on a little-endian machine and the highest on a big-endian one.
        let little = UInt32(littleEndian: key)
        return UInt32(littleEndian: little &>> bits | little &<< (32 &- bits))
    }

    private static func copy(
        _ count: Int, from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, key: UInt32
    ) {
        precondition(count <= source.count && count <= target.count)
        let wide = UInt64(key) << 32 | UInt64(key)
        var index = 0
        while index &+ 8 <= count {
            let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            target.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        var rest = UInt32(littleEndian: key)
        while index < count {
            target[index] = source[index] ^ UInt8(truncatingIfNeeded: rest)
            rest = rest &>> 8 | rest &<< 24
            index &+= 1
        }
    }
}
