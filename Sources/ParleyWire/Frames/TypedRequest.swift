package import NIOCore
package import ParleyDomain

/// A request whose type was said elsewhere, such as in a path.
package enum TypedRequest {
    /// The whole frame: `type`, and `id` 0 where none is given, before the fields of the body.
    ///
    /// What is no JSON object stays as it is: the decoder says what is wrong with it, and where.
    package static func frame(_ type: String, _ body: ByteBuffer) throws(Refusal) -> ByteBuffer {
        let bytes = body.readableBytesUInt8Span
        var fields: [JSONField] = []
        var place = ""
        do {
            try JSONScanner.fields(of: bytes, into: &fields, place: &place)
        } catch {
            return body
        }
        guard !fields.contains(where: { $0.isNamed("type", bytes) }) else {
            throw Refusal(.unknownField, field: "type", rule: "not a field here: the path says it")
        }
        var start = 0
        while start < bytes.count, bytes[start] != UInt8(ascii: "{") { start += 1 }
        var frame = ByteBuffer()
        frame.reserveCapacity(bytes.count + type.utf8.count + 24)
        frame.writeStaticString(#"{"type":"#)
        frame.writeJSONString(type)
        if !fields.contains(where: { $0.isNamed("id", bytes) }) { frame.writeStaticString(#","id":0"#) }
        if !fields.isEmpty { frame.writeStaticString(",") }
        frame.writeImmutableBuffer(
            body.getSlice(at: body.readerIndex + start + 1, length: bytes.count - start - 1) ?? ByteBuffer())
        return frame
    }
}
