package import NIOCore
import ParleyDomain

/// Turns the bytes of one client into messages and control frames (RFC 6455, 5). A value: no I/O, no clock.
///
/// Strict: what a client must not send is a violation, said as early as its bytes show it. A declared length is compared
/// with the limit before anything is allocated for it, and memory grows with bytes that came, not with bytes announced (A7).
/// No extension is known, so permessage-deflate is never agreed (A10).
package struct FrameParser: Sendable {
    /// Bounds of one message.
    package struct Limits: Sendable, Equatable {
        /// Bytes over all fragments.
        package var messageBytes: Int
        /// Fragments of one message.
        package var fragments: Int
        /// Fragments without a byte in one message.
        package var emptyFragments: Int

        package init(messageBytes: Int = ParleyDomain.Limits.frameBytes, fragments: Int = 1_024, emptyFragments: Int = 64) {
            self.messageBytes = messageBytes
            self.fragments = fragments
            self.emptyFragments = emptyFragments
        }
    }

    /// What came in. Buffers may share storage with `scratch`: they are good until the next call of `next`.
    package enum Event: Sendable, Equatable {
        case text(ByteBuffer)
        case binary(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        /// The client's close; its code, nil where it gave none. Nothing follows.
        case close(code: UInt16?)
        /// Nothing follows.
        case violation(FrameViolation)
    }

    private enum Opcode: UInt8 {
        case continuation = 0x0
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xA

        var isControl: Bool { self.rawValue >= 0x8 }
    }

    /// A frame whose header has come.
    private struct Frame {
        var opcode: Opcode
        var isFinal: Bool
        /// Payload bytes that have not come yet.
        var remaining: Int
        var mask: FrameMask
    }

    /// A data message that did not come whole in one piece.
    private struct Message {
        var isText: Bool
        var bytes = ByteBuffer()
        var fragments = 0
        var emptyFragments = 0
        var utf8 = UTF8Validator()
    }

    private enum State {
        case header
        case payload(Frame)
        case ended
    }

    private var state = State.header
    /// The header's bytes so far; a client may send them one by one.
    private var head = InlineArray<14, UInt8>(repeating: 0)
    private var headCount = 0
    private var message: Message?
    /// A control frame's payload so far, where it did not come whole.
    private var control = ByteBuffer()

    package init() {}

    /// Whether a frame or message was begun and not ended: the frame-progress deadline runs (A12).
    package var isMidMessage: Bool {
        switch self.state {
        case .header: self.headCount > 0 || self.message != nil
        case .payload: true
        case .ended: false
        }
    }

    /// Bytes that are kept between calls; at most the message limit plus 125.
    package var retainedBytes: Int { (self.message?.bytes.capacity ?? 0) + self.control.capacity }

    /// Takes from `input` up to the end of the next event; nil when all of `input` was taken and no event is complete.
    ///
    /// `scratch` is working space that all connections of one event loop share. After a close or a violation everything
    /// that still comes is dropped.
    package mutating func next(from input: inout ByteBuffer, scratch: inout ByteBuffer, limits: Limits) -> Event? {
        do throws(FrameViolation) {
            while true {
                switch self.state {
                case .ended:
                    input.moveReaderIndex(to: input.writerIndex)
                    return nil
                case .header:
                    guard let frame = try self.readHeader(from: &input, limits: limits) else { return nil }
                    self.state = .payload(frame)
                case .payload(var frame):
                    let event = try self.readPayload(of: &frame, from: &input, scratch: &scratch)
                    if frame.remaining > 0 {
                        self.state = .payload(frame)
                        return nil
                    }
                    self.state = .header
                    guard let event else { continue }
                    if case .close = event { self.end() }
                    return event
                }
            }
        } catch {
            self.end()
            input.moveReaderIndex(to: input.writerIndex)
            return .violation(error)
        }
    }

    private mutating func end() {
        self.state = .ended
        self.message = nil
        self.control = ByteBuffer()
    }

    // MARK: The header

    /// Takes header bytes one by one and checks each as it comes; nil when more are needed.
    private mutating func readHeader(from input: inout ByteBuffer, limits: Limits) throws(FrameViolation) -> Frame? {
        while let byte: UInt8 = input.readInteger() {
            self.head[self.headCount] = byte
            self.headCount += 1
            if self.headCount == 1 {
                try self.checkFirst(byte)
                continue
            }
            if self.headCount == 2 { try self.checkSecond(byte) }
            let extra = self.extraLengthBytes
            if self.headCount == 2 + extra { try self.checkLength(limits: limits) }
            guard self.headCount == 6 + extra else { continue }
            let mask = FrameMask(self.head[2 + extra], self.head[3 + extra], self.head[4 + extra], self.head[5 + extra])
            self.headCount = 0
            guard let opcode = Opcode(rawValue: self.head[0] & 0x0F) else { throw .reservedOpcode }
            return Frame(opcode: opcode, isFinal: self.head[0] & 0x80 != 0, remaining: try self.length(), mask: mask)
        }
        return nil
    }

    /// The bytes of the extended length: 0, 2 or 8.
    private var extraLengthBytes: Int {
        switch self.head[1] & 0x7F {
        case 127: 8
        case 126: 2
        default: 0
        }
    }

    private func checkFirst(_ byte: UInt8) throws(FrameViolation) {
        guard byte & 0x70 == 0 else { throw .reservedBit }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else { throw .reservedOpcode }
        switch opcode {
        case .continuation: guard self.message != nil else { throw .nothingToContinue }
        case .text, .binary: guard self.message == nil else { throw .messageInterrupted }
        case .close, .ping, .pong: guard byte & 0x80 != 0 else { throw .controlFragmented }
        }
    }

    private func checkSecond(_ byte: UInt8) throws(FrameViolation) {
        guard byte & 0x80 != 0 else { throw .unmasked }
        let isControl = self.head[0] & 0x08 != 0
        guard !isControl || byte & 0x7F <= 125 else { throw .controlTooLong }
    }

    /// The payload length, whose bytes have all come.
    private func length() throws(FrameViolation) -> Int {
        let extra = self.extraLengthBytes
        guard extra > 0 else { return Int(self.head[1] & 0x7F) }
        var value: UInt64 = 0
        for index in 2..<(2 + extra) { value = value << 8 | UInt64(self.head[index]) }
        guard value > (extra == 2 ? 125 : 0xFFFF) else { throw .lengthNotMinimal }
        guard let length = Int(exactly: value) else { throw .lengthOverflow }
        return length
    }

    /// Compares the declared length with the limits, before anything is allocated for it.
    private mutating func checkLength(limits: Limits) throws(FrameViolation) {
        let length = try self.length()
        guard self.head[0] & 0x08 == 0 else { return }
        guard length <= limits.messageBytes - (self.message?.bytes.readableBytes ?? 0) else { throw .messageTooLarge }
        let isFinal = self.head[0] & 0x80 != 0
        if isFinal && self.message == nil { return }
        // From here on the message is in fragments; the first one makes the record.
        var message = self.message ?? Message(isText: self.head[0] & 0x0F == Opcode.text.rawValue)
        self.message = nil
        message.fragments += 1
        if length == 0 { message.emptyFragments += 1 }
        guard message.fragments <= limits.fragments, message.emptyFragments <= limits.emptyFragments else {
            throw .tooManyFragments
        }
        self.message = message
    }

    // MARK: The payload

    /// Takes what has come of the frame's payload; an event when that ends a message or a control frame.
    private mutating func readPayload(
        of frame: inout Frame, from input: inout ByteBuffer, scratch: inout ByteBuffer
    ) throws(FrameViolation) -> Event? {
        let count = min(frame.remaining, input.readableBytes)
        let isWhole = count == frame.remaining
        if frame.opcode.isControl {
            return try self.readControl(count, of: &frame, from: &input, scratch: &scratch)
        }
        if isWhole, frame.isFinal, self.message == nil {
            // The common case: one frame, one piece, one pass from the read buffer to the scratch space.
            scratch.clear()
            frame.mask.unmask(count, of: &input, into: &scratch)
            frame.remaining = 0
            guard frame.opcode == .text else { return .binary(scratch) }
            var utf8 = UTF8Validator()
            guard scratch.withUnsafeReadableBytes({ utf8.feed($0) }), utf8.isComplete else { throw .notUTF8 }
            return .text(scratch)
        }
        var message = self.message ?? Message(isText: frame.opcode == .text, fragments: 1)
        self.message = nil
        let start = message.bytes.writerIndex
        frame.mask.unmask(count, of: &input, into: &message.bytes)
        frame.remaining -= count
        if message.isText {
            var utf8 = message.utf8
            let isText = message.bytes.withUnsafeReadableBytes { utf8.feed(UnsafeRawBufferPointer(rebasing: $0[start...])) }
            guard isText else { throw .notUTF8 }
            message.utf8 = utf8
        }
        guard isWhole, frame.isFinal else {
            self.message = message
            return nil
        }
        guard message.isText else { return .binary(message.bytes) }
        guard message.utf8.isComplete else { throw .notUTF8 }
        return .text(message.bytes)
    }

    private mutating func readControl(
        _ count: Int, of frame: inout Frame, from input: inout ByteBuffer, scratch: inout ByteBuffer
    ) throws(FrameViolation) -> Event? {
        let isWhole = count == frame.remaining
        frame.remaining -= count
        guard isWhole, self.control.readableBytes == 0 else {
            frame.mask.unmask(count, of: &input, into: &self.control)
            guard isWhole else { return nil }
            let payload = self.control
            self.control = ByteBuffer()
            return try Self.controlEvent(frame.opcode, payload)
        }
        scratch.clear()
        frame.mask.unmask(count, of: &input, into: &scratch)
        return try Self.controlEvent(frame.opcode, scratch)
    }

    private static func controlEvent(_ opcode: Opcode, _ payload: ByteBuffer) throws(FrameViolation) -> Event {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong
        default: break
        }
        guard payload.readableBytes > 0 else { return .close(code: nil) }
        var payload = payload
        guard let code: UInt16 = payload.readInteger(), CloseCode.maySend(code) else { throw .badClose }
        var utf8 = UTF8Validator()
        guard payload.withUnsafeReadableBytes({ utf8.feed($0) }), utf8.isComplete else { throw .notUTF8 }
        return .close(code: code)
    }
}
