package import NIOCore
package import ParleyDomain

/// What is wrong with a client's frame, and which request it was if that could be told.
package struct DecodeFailure: Error, Sendable, Equatable {
    package var refusal: Refusal
    package var id: Int64?
}

/// Decodes the JSON encoding of client frames. Strict: every field is known, typed, bounded, and stands once.
///
/// Keeps only scratch space between frames, so one decoder serves all connections of an event loop.
package struct FrameDecoder {
    private var fields: [JSONField] = []
    private var inner: [JSONField] = []

    package init() {
        self.fields.reserveCapacity(16)
        self.inner.reserveCapacity(16)
    }

    /// Decodes one whole text message. The buffer is only borrowed.
    package mutating func decode(_ buffer: ByteBuffer) throws(DecodeFailure) -> ClientRequest {
        let bytes = buffer.readableBytesUInt8Span
        self.fields.removeAll(keepingCapacity: true)
        var place = ""
        do {
            try JSONScanner.fields(of: bytes, into: &self.fields, place: &place)
        } catch {
            throw DecodeFailure(refusal: Self.refusal(for: error, at: place), id: self.id(bytes))
        }
        var object = ObjectReader(fields: self.fields, path: "")
        var id: Int64?
        do throws(Refusal) {
            let type = try object.text("type", bytes)
            id = try object.integer("id", bytes, in: 0...(1 << 53) - 1)
            let frame = try self.frame(type, &object, bytes)
            try object.finish(bytes)
            return ClientRequest(id: id ?? 0, frame: frame)
        } catch {
            throw DecodeFailure(refusal: error, id: id)
        }
    }

    private mutating func frame(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame
    {
        switch type {
        case "send": return .command(try self.send(&object, bytes))
        case "read": return try Self.read(&object, bytes)
        case "ping": return .ping
        case "history": return try Self.history(&object, bytes)
        case "sync": return .sync(try self.sync(&object, bytes))
        case "auth": return .auth(try Self.auth(&object, bytes))
        case "create": return try Self.create(&object, bytes)
        case "add":
            return .command(
                .add(
                    try object.identifier("conversation", bytes), try object.identifier("client_id", bytes),
                    users: try object.users("users", bytes)))
        case "remove":
            return .command(
                .remove(
                    try object.identifier("conversation", bytes), try object.identifier("client_id", bytes),
                    user: try object.identifier("user", bytes)))
        case "leave":
            return .command(.leave(try object.identifier("conversation", bytes), try object.identifier("client_id", bytes)))
        case "role": return .command(try Self.role(&object, bytes))
        case "members":
            let after = try object.optionalInteger("after_slot", bytes, in: 0...Int64(Int32.max)) ?? 0
            return .members(
                try object.identifier("conversation", bytes), afterSlot: Int32(clamping: after),
                limit: try Self.limit(&object, bytes))
        case "users": return .users(try object.users("users", bytes))
        default: throw Refusal(.unknownType, field: "type", rule: "one of the request types of the protocol")
        }
    }

    private mutating func send(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Command {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let clientID: ClientID = try object.identifier("client_id", bytes)
        let relatesTo = try object.optionalInteger("reply_to", bytes, in: 1...(1 << 53) - 1) ?? 0
        let range = try object.object("content", bytes)
        guard range.count <= Limits.contentBytes else {
            throw Refusal(.tooLong, field: "content", rule: "at most \(Limits.contentBytes) bytes")
        }
        self.inner.removeAll(keepingCapacity: true)
        try self.scanInner(range, bytes)
        try Self.checkContent(ObjectReader(fields: self.inner, path: "content."), bytes)
        return .send(conversation, clientID, content: JSONValue.copy(bytes, at: range), relatesTo: relatesTo)
    }

    /// `content` is an object with a type and a plain text; whatever else it has is kept as it came.
    private static func checkContent(_ content: consuming ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) {
        let type = try content.text("type", bytes)
        guard isIdentifier(type) else { throw Refusal(.badIdentifier, field: "content.type") }
        guard !serverContentTypes.contains(type) else {
            throw Refusal(.serverOwnedField, field: "content.type", rule: "not one of the types that only the server makes")
        }
        let text = try content.string("text", bytes)
        let count = JSONValue.scalarCount(bytes, at: text)
        guard count > 0 else { throw Refusal(.empty, field: "content.text", rule: "at least 1 character") }
        guard count <= Limits.textCharacters else {
            throw Refusal(.tooLong, field: "content.text", rule: "at most \(Limits.textCharacters) characters")
        }
    }

    private static let serverContentTypes: Set<String> = ["system", "created", "added", "ended", "role"]

    private static func role(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Command {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let clientID: ClientID = try object.identifier("client_id", bytes)
        let user: UserID = try object.identifier("user", bytes)
        guard let role = Role(name: try object.text("role", bytes)) else {
            throw Refusal(.outOfRange, field: "role", rule: "administrator or member")
        }
        return .setRole(conversation, clientID, user: user, role)
    }

    private static func read(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let range: ClosedRange<Int64> = 1...(1 << 53) - 1
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let read = try object.optionalInteger("sequence", bytes, in: range)
        let delivered = try object.optionalInteger("delivered", bytes, in: range)
        guard read != nil || delivered != nil else { throw Refusal(.missingField, field: "sequence", rule: "an integer") }
        return .read(conversation, read: read ?? 0, delivered: max(delivered ?? 0, read ?? 0))
    }

    private static func history(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let after = try object.optionalInteger("after", bytes, in: 0...(1 << 53) - 1)
        let before = try object.optionalInteger("before", bytes, in: 1...(1 << 53) - 1)
        guard after == nil || before == nil else {
            throw Refusal(.unknownField, field: "before", rule: "either after or before, not both")
        }
        let range: HistoryRange = after.map { .after($0) } ?? .before(before ?? .max)
        return .history(conversation, range, limit: try Self.limit(&object, bytes))
    }

    private static func limit(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int {
        Int(try object.optionalInteger("limit", bytes, in: 1...Int64(Limits.pageEntriesMax)) ?? Int64(Limits.pageEntries))
    }

    private static func auth(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Credential {
        let token = try object.optionalText("token", bytes)
        let ticket = try object.optionalText("ticket", bytes)
        switch (token, ticket) {
        case (.some(let token), nil): return .token(token)
        case (nil, .some(let ticket)): return .ticket(ticket)
        case (nil, nil): throw Refusal(.missingField, field: "token", rule: "a string; or ticket")
        default: throw Refusal(.unknownField, field: "ticket", rule: "either token or ticket, not both")
        }
    }

    private static func create(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let clientID: ClientID = try object.identifier("client_id", bytes)
        guard let kind = ConversationKind(name: try object.text("kind", bytes)) else {
            throw Refusal(.outOfRange, field: "kind", rule: "group or direct")
        }
        let members = try object.users("members", bytes)
        guard kind == .group else {
            guard members.count == 1 else {
                throw Refusal(.outOfRange, field: "members", rule: "exactly one user in a direct conversation")
            }
            return .create(clientID, NewConversation(kind: .direct, title: "", memberCap: 2), members: members)
        }
        let title = try object.text("title", bytes)
        try checkName(title, field: "title")
        let cap = try object.optionalInteger("member_cap", bytes, in: 2...Int64(Limits.membersPerGroupMax))
        let visible = try object.optionalBoolean("history_visible", bytes)
        let new = NewConversation(
            kind: .group, title: title, memberCap: Int32(clamping: cap ?? Int64(Limits.membersPerGroup)),
            historyVisible: visible ?? true)
        return .create(clientID, new, members: members)
    }

    private mutating func sync(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> SyncRequest {
        let epoch = try object.optionalText("epoch", bytes) ?? ""
        guard let token = SyncToken(text: try object.optionalText("token", bytes) ?? "") else {
            throw Refusal(.outOfRange, field: "token", rule: "a token of an earlier synced, or empty")
        }
        var positions: [ConversationID: Int64] = [:]
        if let range = try object.optionalObject("positions", bytes) {
            self.inner.removeAll(keepingCapacity: true)
            try self.scanInner(range, bytes)
            for field in self.inner {
                let quoted = ByteRange(start: field.key.start - 1, end: field.key.end + 1)
                guard let name = JSONValue.identifier(bytes, at: quoted) else {
                    throw Refusal(.badIdentifier, field: "positions")
                }
                guard let position = JSONValue.integer(bytes, at: field.value), position >= 0 else {
                    throw Refusal(.outOfRange, field: "positions." + name, rule: "an integer from 0 to 2^53-1")
                }
                positions[ConversationID(trusted: name)] = position
            }
        }
        return SyncRequest(epoch: epoch, token: token, positions: positions)
    }

    /// The fields of an object inside the frame. The whole frame was scanned before, so no fault is left to be found.
    private mutating func scanInner(_ range: ByteRange, _ bytes: Span<UInt8>) throws(Refusal) {
        do {
            try JSONScanner.fields(of: bytes, at: range, into: &self.inner)
        } catch {
            throw Self.refusal(for: error, at: "")
        }
    }

    /// The request id among the fields read before a fault, so that the client learns which of its requests it was.
    private func id(_ bytes: Span<UInt8>) -> Int64? {
        for field in self.fields where field.kind == .number && equals(bytes, field.key, "id") {
            return JSONValue.integer(bytes, at: field.value).flatMap { $0 < 0 ? nil : $0 }
        }
        return nil
    }

    private static func refusal(for fault: JSONFault, at place: String) -> Refusal {
        switch fault {
        case .grammar(let offset): Refusal(.notJSON, rule: "a JSON object (byte \(offset))")
        case .depth: Refusal(.tooDeep, field: place)
        case .duplicateKey: Refusal(.duplicateKey, field: place)
        case .character:
            Refusal(.outOfRange, field: place, rule: "no U+0000, no half of a surrogate pair, no escapes in keys")
        case .size:
            Refusal(.tooLong, field: place, rule: "at most \(Limits.syncPositions) keys in an object, 32 digits in a number")
        }
    }
}

/// A name that people see: 1 to 64 characters, none of them a control, direction-changing or invisible one.
package func checkName(_ text: String, field: String) throws(Refusal) {
    let scalars = text.unicodeScalars
    guard !scalars.isEmpty, !scalars.allSatisfy({ $0.properties.isWhitespace }) else {
        throw Refusal(.empty, field: field, rule: "at least 1 character")
    }
    guard scalars.count <= Limits.nameCharacters else {
        throw Refusal(.tooLong, field: field, rule: "at most \(Limits.nameCharacters) characters")
    }
    for scalar in scalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            // U+200D joins emoji and letters of several scripts; alone it hides nothing.
            guard scalar == "\u{200D}" else {
                throw Refusal(.outOfRange, field: field, rule: "no control, direction-changing or invisible characters")
            }
        default: continue
        }
    }
}
