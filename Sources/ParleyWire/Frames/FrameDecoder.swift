package import NIOCore
package import ParleyDomain

/// What is wrong with a client's frame, and which request it was if that could be told.
package struct DecodeFailure: Error, Sendable, Equatable {
    package var refusal: Refusal
    package var id: Int64?
}

/// Decodes client frames. Strict: every field is known, typed, bounded, and stands once.
///
/// Keeps only scratch space between frames, so one decoder serves all connections of an event loop.
package struct FrameDecoder {
    private var fields: [JSONField] = []
    var inner: [JSONField] = []
    /// Where a binary message becomes text.
    var scratch: [UInt8] = []

    package init() {
        self.fields.reserveCapacity(16)
        self.inner.reserveCapacity(16)
    }

    /// Decodes one whole text message. The buffer is only borrowed.
    package mutating func decode(_ buffer: ByteBuffer) throws(DecodeFailure) -> ClientRequest {
        try self.decode(buffer.readableBytesUInt8Span)
    }

    mutating func decode(_ bytes: Span<UInt8>) throws(DecodeFailure) -> ClientRequest {
        self.fields.removeAll(keepingCapacity: true)
        var place = ""
        do {
            try JSONScanner.fields(of: bytes, into: &self.fields, place: &place)
        } catch {
            throw DecodeFailure(refusal: Self.refusal(for: error, at: place), id: self.fields.requestID(bytes))
        }
        var object = ObjectReader(fields: self.fields, path: "")
        var id: Int64?
        do throws(Refusal) {
            let type = try object.text("type", bytes)
            id = try object.integer("id", bytes, in: Self.positions)
            let frame = try self.frame(type, &object, bytes)
            try object.finish(bytes)
            return ClientRequest(id: id ?? 0, frame: frame)
        } catch {
            throw DecodeFailure(refusal: error, id: id)
        }
    }

    /// What the fields mean. The two types that most frames have come first.
    private mutating func frame(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame
    {
        switch type {
        case "send": return .command(try self.send(&object, bytes))
        case "read": return try Self.read(&object, bytes)
        case "ping": return .ping
        case "history": return try Self.history(&object, bytes)
        case "sync": return .sync(try self.sync(&object, bytes))
        case "auth": return .auth(try Self.auth(&object, bytes))
        case "typing": return .typing(try object.identifier("conversation", bytes))
        default: break
        }
        if let frame = try self.messageFrame(type, &object, bytes) { return frame }
        if let frame = try Self.groupFrame(type, &object, bytes) { return frame }
        if let frame = try Self.question(type, &object, bytes) { return frame }
        if let frame = try Self.setting(type, &object, bytes) { return frame }
        throw Refusal(.unknownType, field: "type", rule: "one of the request types of the protocol")
    }

    /// What a sequence may be, and what a position, a time or a number of things: 2^53-1 is the largest integer that every language
    /// reads alike.
    static let sequences: ClosedRange<Int64> = 1...(1 << 53) - 1
    static let positions: ClosedRange<Int64> = 0...(1 << 53) - 1

    private static func read(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let read = try object.optionalInteger("sequence", bytes, in: self.sequences)
        let delivered = try object.optionalInteger("delivered", bytes, in: self.sequences)
        guard read != nil || delivered != nil else { throw Refusal(.missingField, field: "sequence", rule: "an integer") }
        return .read(conversation, read: read ?? 0, delivered: max(delivered ?? 0, read ?? 0))
    }

    private static func history(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let after = try object.optionalInteger("after", bytes, in: self.positions)
        let before = try object.optionalInteger("before", bytes, in: self.sequences)
        guard after == nil || before == nil else {
            throw Refusal(.unknownField, field: "before", rule: "either after or before, not both")
        }
        let range: HistoryRange = after.map { .after($0) } ?? .before(before ?? .max)
        return .history(conversation, range, limit: try Self.limit(&object, bytes))
    }

    static func limit(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int {
        Int(try object.optionalInteger("limit", bytes, in: 1...Int64(Limits.pageEntriesMax)) ?? Int64(Limits.pageEntries))
    }

    static func auth(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Credential {
        let token = try object.optionalText("token", bytes)
        let ticket = try object.optionalText("ticket", bytes)
        switch (token, ticket) {
        case (.some(let token), nil): return .token(token)
        case (nil, .some(let ticket)): return .ticket(ticket)
        case (nil, nil): throw Refusal(.missingField, field: "token", rule: "a string; or ticket")
        default: throw Refusal(.unknownField, field: "ticket", rule: "either token or ticket, not both")
        }
    }

    private mutating func sync(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> SyncRequest {
        let epoch = try object.optionalText("epoch", bytes) ?? ""
        guard let token = SyncToken(text: try object.optionalText("token", bytes) ?? "") else {
            throw Refusal(.outOfRange, field: "token", rule: "a token of an earlier synced, or empty")
        }
        var positions: [ConversationID: Int64] = [:]
        if let range = try object.optionalObject("positions", bytes) {
            try self.scanInner(range, bytes)
            for field in self.inner {
                guard let name = JSONValue.identifier(bytes, at: field.quotedKey) else {
                    throw Refusal(.badIdentifier, field: "positions")
                }
                guard let position = JSONValue.integer(bytes, at: field.value), position >= 0 else {
                    throw Refusal(.outOfRange, field: "positions." + name, rule: "an integer from 0 to 9007199254740991")
                }
                positions[ConversationID(trusted: name)] = position
            }
        }
        return SyncRequest(epoch: epoch, token: token, positions: positions)
    }

    /// The fields of an object inside the frame. The whole frame was scanned before, so no fault is left to be found.
    mutating func scanInner(_ range: ByteRange, _ bytes: Span<UInt8>) throws(Refusal) {
        self.inner.removeAll(keepingCapacity: true)
        do {
            try JSONScanner.fields(of: bytes, at: range, into: &self.inner)
        } catch {
            throw Self.refusal(for: error, at: "")
        }
    }

    /// A reader of an object inside the frame, for frames that are rare enough for an array of their own.
    static func reader(of range: ByteRange, path: String, _ bytes: Span<UInt8>) throws(Refusal) -> ObjectReader {
        var fields: [JSONField] = []
        do {
            try JSONScanner.fields(of: bytes, at: range, into: &fields)
        } catch {
            throw self.refusal(for: error, at: "")
        }
        return ObjectReader(fields: fields, path: path)
    }

    /// The request id in as much of a frame as was read before a fault.
    mutating func id(before bytes: Span<UInt8>) -> Int64? {
        self.fields.removeAll(keepingCapacity: true)
        var place = ""
        // What is left of the frame is missing: the fields before it are what is wanted.
        try? JSONScanner.fields(of: bytes, into: &self.fields, place: &place)
        return self.fields.requestID(bytes)
    }

    package static func refusal(for fault: JSONFault, at place: String) -> Refusal {
        switch fault {
        case .grammar(let offset): Refusal(.notJSON, rule: "a JSON object (byte \(offset))")
        case .depth: Refusal(.tooDeep, field: place)
        case .duplicateKey: Refusal(.duplicateKey, field: place)
        case .character:
            Refusal(.outOfRange, field: place, rule: "no U+0000, no half of a surrogate pair")
        case .size:
            Refusal(.tooLong, field: place, rule: "at most \(Limits.syncPositions) keys in an object, 32 digits in a number")
        }
    }
}

extension [JSONField] {
    /// The request id among the fields read before a fault, so that who waits for an answer learns that there is none.
    func requestID(_ bytes: Span<UInt8>) -> Int64? {
        for field in self where field.kind == .number && field.isNamed("id", bytes) {
            return JSONValue.integer(bytes, at: field.value).flatMap { $0 < 0 ? nil : $0 }
        }
        return nil
    }
}
