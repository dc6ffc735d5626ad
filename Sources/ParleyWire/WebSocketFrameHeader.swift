package import NIOCore

/// The header of a frame that a server sends: final, unmasked, no extension bits, its length in the fewest bytes (RFC 6455, 5.2).
///
/// The engine frames a message once and writes the same buffer to every member's socket, so no encoder stands in a pipeline.
package enum WebSocketFrameHeader {
    /// What a frame is. Continuations are not here: the server never splits a message.
    package enum Opcode: UInt8, Sendable {
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xA
    }

    /// The longest header that `write` writes, in bytes.
    package static let longest = 10

    /// How many bytes the header of such a payload takes: 2, 4 or 10.
    package static func length(payloadLength: Int) -> Int {
        if payloadLength < 126 { return 2 }
        return payloadLength <= 0xFFFF ? 4 : 10
    }

    /// Writes the header of a frame whose `payloadLength` bytes follow. Returns the bytes written.
    ///
    /// Precondition: `payloadLength` is not negative, and at most 125 for close, ping and pong.
    @discardableResult
    package static func write(payloadLength: Int, opcode: Opcode = .text, into buffer: inout ByteBuffer) -> Int {
        precondition(payloadLength >= 0 && (opcode.rawValue < 0x8 || payloadLength < 126))
        let first = 0x80 | opcode.rawValue
        switch payloadLength {
        case ..<126:
            return buffer.writeMultipleIntegers(first, UInt8(truncatingIfNeeded: payloadLength))
        case ...0xFFFF:
            return buffer.writeMultipleIntegers(first, UInt8(126), UInt16(truncatingIfNeeded: payloadLength))
        default:
            return buffer.writeMultipleIntegers(first, UInt8(127), UInt64(payloadLength))
        }
    }

    /// Writes a whole frame: its header, then the readable bytes of `payload`.
    package static func writeFrame(_ payload: ByteBuffer, opcode: Opcode = .text, into buffer: inout ByteBuffer) {
        Self.write(payloadLength: payload.readableBytes, opcode: opcode, into: &buffer)
        buffer.writeImmutableBuffer(payload)
    }

    /// Takes the payload of the first of these frames, which `write` wrote the headers of; nil where there is none.
    package static func nextPayload(of frames: inout ByteBuffer) -> ByteBuffer? {
        let start = frames.readerIndex
        guard let short = frames.getInteger(at: start + 1, as: UInt8.self) else { return nil }
        let length: Int? =
            switch short {
            case ..<126: Int(short)
            case 126: frames.getInteger(at: start + 2, as: UInt16.self).map { Int($0) }
            default: frames.getInteger(at: start + 2, as: UInt64.self).map { Int(clamping: $0) }
            }
        guard let length else { return nil }
        let first = start + Self.length(payloadLength: length)
        guard let payload = frames.getSlice(at: first, length: length) else { return nil }
        frames.moveReaderIndex(to: first + length)
        return payload
    }

    /// How many whole frames these are, whose headers `write` wrote. Reads headers only.
    package static func count(in frames: ByteBuffer) -> Int {
        frames.withUnsafeReadableBytes { bytes in
            var count = 0
            var start = 0
            while start + 2 <= bytes.count {
                let short = bytes[start + 1]
                if short < 126 {
                    start += 2 + Int(short)
                } else {
                    let wide = short == 126 ? 2 : 8
                    guard start + 2 + wide <= bytes.count else { return count }
                    var length = Int(bytes[start + 2]) << 8 | Int(bytes[start + 3])
                    if wide == 8 { for place in 4..<10 { length = length << 8 | Int(bytes[start + place]) } }
                    guard length >= 0, length <= bytes.count else { return count }
                    start += 2 + wide + length
                }
                count += 1
            }
            return count
        }
    }

    /// The payload of the first of these frames; nil where there is none.
    package static func payload(of frames: ByteBuffer) -> ByteBuffer? {
        var rest = frames
        return Self.nextPayload(of: &rest)
    }

    /// Writes a whole close frame: the code, then as much of the reason as fits 123 bytes without cutting a character.
    package static func writeClose(code: UInt16, reason: String, into buffer: inout ByteBuffer) {
        var fitting = Substring(reason).utf8.count <= 123 ? reason[...] : reason.prefix(123)
        while fitting.utf8.count > 123 { fitting.removeLast() }
        Self.write(payloadLength: 2 + fitting.utf8.count, opcode: .close, into: &buffer)
        buffer.writeInteger(code)
        buffer.writeSubstring(fitting)
    }
}
