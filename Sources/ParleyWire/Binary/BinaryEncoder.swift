package import NIOCore
import ParleyDomain

/// Writes whole WebSocket frames of JSON again as frames of the binary encoding. There is one encoder of frames, `FrameEncoder`;
/// this is what its frames are for those who agreed on the other encoding.
package struct BinaryEncoder {
    private var writer = BinaryWriter()

    package init() {}

    /// One JSON value as an item of the binary encoding, the same value with nothing lost.
    package static func item(of json: [UInt8]) throws(JSONFault) -> [UInt8] {
        var writer = BinaryWriter()
        try writer.write(json.span)
        return writer.out
    }

    /// Writes each of the frames again. `ended` hears of each one's end, as the bytes written so far.
    package mutating func write(_ frames: ByteBuffer, into buffer: inout ByteBuffer, ended: (Int) -> Void = { _ in }) {
        let start = buffer.writerIndex
        var rest = frames
        while let json = WebSocketFrameHeader.nextPayload(of: &rest) {
            self.item(json)
            WebSocketFrameHeader.write(payloadLength: self.writer.out.count, opcode: .binary, into: &buffer)
            buffer.writeBytes(self.writer.out)
            ended(buffer.writerIndex - start)
        }
    }

    private mutating func item(_ json: ByteBuffer) {
        do {
            try self.writer.write(json.readableBytesUInt8Span)
        } catch {
            // Our own encoder writes JSON, and content is checked when it comes. Should one frame not be it, the client hears of
            // an error, and pulls what it lacks.
            var body = ByteBuffer()
            body.writeError(id: nil, Refusal(.internalError))
            try? self.writer.write(body.readableBytesUInt8Span)
        }
    }
}
