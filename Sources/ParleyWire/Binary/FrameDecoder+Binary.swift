package import NIOCore
import ParleyDomain

extension FrameDecoder {
    /// Decodes one whole binary message: the same request, or the same error, as its JSON text would give. The buffer is only
    /// borrowed.
    package mutating func decode(binary buffer: ByteBuffer) throws(DecodeFailure) -> ClientRequest {
        var reader = BinaryReader(limit: Limits.frameBytes, within: .requests, scratch: self.scratch)
        self.scratch = []
        defer { self.scratch = reader.takeScratch() }
        do throws(BinaryFault) {
            try reader.read(buffer.readableBytesUInt8Span)
        } catch {
            if let refusal = Self.refusal(for: error, at: reader.place) {
                throw DecodeFailure(refusal: refusal, id: self.id(before: reader.out.span))
            }
        }
        return try self.decode(reader.out.span)
    }

    /// What the client is told; nil where `JSONScanner` says it.
    private static func refusal(for fault: BinaryFault, at place: String) -> Refusal? {
        switch fault {
        case .form(let rule, let offset): Refusal(.notCBOR, field: place, rule: "\(rule) (byte \(offset))")
        case .text(let offset): Refusal(.badText, field: place, rule: "valid UTF-8 (byte \(offset))")
        case .size: Refusal(.frameTooLarge, field: place, rule: "at most \(Limits.frameBytes) bytes as JSON")
        case .depth: nil
        }
    }
}

extension ServerFrameDecoder {
    /// Decodes one whole message of that encoding. The buffer is only borrowed.
    package mutating func decode(_ buffer: ByteBuffer, in encoding: WireEncoding) throws(DecodeFailure) -> ServerFrame {
        guard encoding == .binary else { return try self.decode(buffer) }
        let json: [UInt8]
        do throws(BinaryFault) {
            json = try BinaryReader.json(of: buffer.readableBytesUInt8Span, limit: .max)
        } catch {
            throw DecodeFailure(refusal: Refusal(.notCBOR), id: nil)
        }
        return try self.decode(ByteBuffer(bytes: json))
    }
}
