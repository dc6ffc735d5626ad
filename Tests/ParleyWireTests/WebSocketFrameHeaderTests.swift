import NIOCore
import ParleyWire
import Testing

struct WebSocketFrameHeaderTests {
    @Test(arguments: [
        (0, [0x81, 0]), (1, [0x81, 1]), (125, [0x81, 125]), (126, [0x81, 126, 0, 126]), (65_535, [0x81, 126, 0xFF, 0xFF]),
        (65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]), (131_072, [0x81, 127, 0, 0, 0, 0, 0, 2, 0, 0]),
    ])
    func lengthIsWrittenInTheFewestBytes(length: Int, expected: [UInt8]) {
        var buffer = ByteBuffer()
        let written = WebSocketFrameHeader.write(payloadLength: length, into: &buffer)
        #expect(Array(buffer.readableBytesView) == expected)
        #expect(written == expected.count)
        #expect(WebSocketFrameHeader.length(payloadLength: length) == expected.count)
        #expect(written <= WebSocketFrameHeader.longest)
    }

    @Test(arguments: [
        (WebSocketFrameHeader.Opcode.text, UInt8(0x81)), (.binary, 0x82), (.close, 0x88), (.ping, 0x89), (.pong, 0x8A),
    ])
    func everyFrameIsFinalAndUnmasked(opcode: WebSocketFrameHeader.Opcode, first: UInt8) {
        var buffer = ByteBuffer()
        WebSocketFrameHeader.writeFrame(ByteBuffer(string: "ab"), opcode: opcode, into: &buffer)
        #expect(Array(buffer.readableBytesView) == [first, 2] + Array("ab".utf8))
    }

    @Test func framesFollowEachOtherInOneBuffer() {
        var buffer = ByteBuffer()
        WebSocketFrameHeader.writeFrame(ByteBuffer(string: "a"), into: &buffer)
        WebSocketFrameHeader.writeFrame(ByteBuffer(string: "b"), into: &buffer)
        #expect(Array(buffer.readableBytesView) == [0x81, 1, 0x61, 0x81, 1, 0x62])
    }

    @Test func framesAreCountedByTheirHeaders() {
        var buffer = ByteBuffer()
        #expect(WebSocketFrameHeader.count(in: buffer) == 0)
        for (index, length) in [0, 1, 125, 126, 65_535, 65_536, 0].enumerated() {
            WebSocketFrameHeader.writeFrame(ByteBuffer(repeating: 0xFF, count: length), into: &buffer)
            #expect(WebSocketFrameHeader.count(in: buffer) == index + 1)
        }
        // What are no frames stops the count, whatever lengths it claims.
        for bytes: [UInt8] in [
            [0x81], [0x81, 126], [0x81, 126, 1], [0x81, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0], Array(repeating: 0xFF, count: 64),
        ] {
            #expect(WebSocketFrameHeader.count(in: ByteBuffer(bytes: bytes)) == 0)
        }
    }

    @Test(
        arguments: [("", 2), ("bye", 5), (String(repeating: "é", count: 100), 124), (String(repeating: "x", count: 500), 125)]
            as [(String, UInt8)])
    func closeReasonIsCutBetweenCharacters(reason: String, length: UInt8) {
        var buffer = ByteBuffer()
        WebSocketFrameHeader.writeClose(code: 4_001, reason: reason, into: &buffer)
        let bytes = Array(buffer.readableBytesView)
        #expect(bytes.prefix(4) == [0x88, length, 0x0F, 0xA1])
        #expect(bytes.count == Int(length) + 2)
        #expect(String(validating: bytes.dropFirst(4), as: UTF8.self) != nil)
    }
}
