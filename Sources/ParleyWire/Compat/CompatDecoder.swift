package import NIOCore
import ParleyDomain

/// Decodes client frames of the compatibility profile: the articles' fields and rules (R105, R107, R112), each failure with its own
/// message.
///
/// Strict as the native decoder is: a field that no event has is refused. The articles' own fields may stand in every frame; where an
/// event has no use for one, it is passed over.
package struct CompatDecoder {
    /// Longest `content`, in Unicode scalar values.
    private let contentCharacters: Int
    private var fields: [JSONField] = []

    package init(contentCharacters: Int = Limits.compatContentCharacters) { self.contentCharacters = contentCharacters }

    /// Decodes one whole text message. The buffer is only borrowed.
    package mutating func decode(_ buffer: ByteBuffer) throws(CompatFailure) -> CompatRequest {
        let bytes = buffer.readableBytesUInt8Span
        self.fields.removeAll(keepingCapacity: true)
        var place = ""
        do {
            try JSONScanner.fields(of: bytes, into: &self.fields, place: &place)
        } catch {
            throw CompatFailure(refusal: FrameDecoder.refusal(for: error, at: place), echo: CompatEcho())
        }
        let echo = CompatEcho(self.fields, bytes)
        var object = ObjectReader(fields: self.fields, path: "")
        do throws(Refusal) {
            let event = try object.text("event", bytes)
            var request = try self.request(event, &object, bytes)
            for name in Self.common { object.drop(name, bytes) }
            try object.finish(bytes)
            request.echo = echo
            return request
        } catch {
            throw CompatFailure(refusal: error, echo: echo)
        }
    }

    /// Fields of the articles' frame (section 2.2 of the digest) that every frame may carry.
    private static let common: [StaticString] = [
        "mode", "group_id", "from_user_id", "from_username", "from_avatar", "to_user_id", "content", "client_msg_id",
    ]

    private func request(_ event: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> CompatRequest {
        switch event {
        case "speak":
            let target = try Self.target(&object, bytes)
            let from = try Self.claims(&object, bytes)
            let content = try object.text("content", bytes, characters: 1...self.contentCharacters)
            return CompatRequest(
                .speak(target, content: content, try object.optionalIdentifier("client_msg_id", bytes)), from: from)
        case "join":
            let group = try Self.place(&object, bytes)
            let from = try Self.claims(&object, bytes)
            _ = try object.optionalText("content", bytes, characters: 0...self.contentCharacters)
            return CompatRequest(group.map { .join(group: $0) } ?? .bind, from: from)
        case "ping": return CompatRequest(.ping)
        case "auth": return CompatRequest(.auth(try FrameDecoder.auth(&object, bytes)))
        case "history":
            let target = try Self.target(&object, bytes)
            return CompatRequest(try Self.history(target, &object, bytes), from: try Self.optionalFrom(&object, bytes))
        case "read":
            let target = try Self.target(&object, bytes)
            let sequence = try object.number("sequence", bytes, in: FrameDecoder.sequences)
            return CompatRequest(.read(target, sequence: sequence), from: try Self.optionalFrom(&object, bytes))
        case "sync":
            guard let token = SyncToken(text: try object.optionalText("token", bytes) ?? "") else {
                throw Refusal(.outOfRange, field: "token", rule: "the token of an earlier answer to sync, or empty")
            }
            return CompatRequest(.sync(token), from: try Self.optionalFrom(&object, bytes))
        default: throw Refusal(.unknownType, field: "event", rule: "auth, join, speak, ping, history, read or sync")
        }
    }

    /// The group of mode 2; nil in mode 1, where `group_id` is 0.
    private static func place(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int64? {
        let mode = try object.number("mode", bytes, in: 1...2, "1 (private) or 2 (group)")
        guard mode == 1 else { return try object.number("group_id", bytes, in: FrameDecoder.sequences) }
        _ = try object.number("group_id", bytes, in: 0...0, "0 in private mode")
        return nil
    }

    private static func target(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> CompatTarget {
        if let group = try self.place(&object, bytes) { return .group(group) }
        return .user(try object.number("to_user_id", bytes, in: FrameDecoder.sequences))
    }

    /// Who the client says it is. The number is compared with the session's; name and avatar are checked here and have done their part: what
    /// others see of them comes from the profile (R111).
    private static func claims(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int64 {
        let user = try object.number("from_user_id", bytes, in: FrameDecoder.sequences)
        _ = try object.text("from_username", bytes, characters: 1...Limits.nameCharacters)
        _ = try object.text("from_avatar", bytes, characters: 0...Limits.compatAvatarCharacters)
        return user
    }

    private static func optionalFrom(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int64? {
        object.has("from_user_id", bytes) ? try object.number("from_user_id", bytes, in: FrameDecoder.sequences) : nil
    }

    private static func history(_ target: CompatTarget, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal)
        -> CompatRequest.Call
    {
        let after = object.has("after", bytes) ? try object.number("after", bytes, in: FrameDecoder.positions) : nil
        let before = object.has("before", bytes) ? try object.number("before", bytes, in: FrameDecoder.sequences) : nil
        let limit = object.has("limit", bytes) ? try object.number("limit", bytes, in: 1...Int64(Limits.pageEntriesMax)) : nil
        guard after == nil || before == nil else {
            throw Refusal(.unknownField, field: "before", rule: "either after or before, not both")
        }
        return .history(
            target, after.map { .after($0) } ?? .before(before ?? .max), limit: limit.map { Int($0) } ?? Limits.pageEntries)
    }
}
