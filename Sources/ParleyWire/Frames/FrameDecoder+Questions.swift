import ParleyDomain

/// Questions, and one's own settings.
extension FrameDecoder {
    /// Nil for a type of another group.
    static func question(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame? {
        switch type {
        case "members": return try self.members(&object, bytes)
        case "users": return .users(try object.users("users", bytes))
        case "receipts":
            let sequences = try object.optionalSequences("sequences", bytes, count: 1...Limits.receiptsPerRequest)
            return .receipts(try object.identifier("conversation", bytes), sequences)
        case "readers":
            let list = try object.word("list", bytes, "read, unread or delivered") { ReaderList(name: $0) }
            return .readers(
                try object.identifier("conversation", bytes), sequence: try object.integer("sequence", bytes, in: self.sequences),
                list: list, afterSlot: try self.slot(&object, bytes), limit: try self.limit(&object, bytes))
        case "receipt_record":
            return .receiptRecord(
                try object.identifier("conversation", bytes), sequence: try object.integer("sequence", bytes, in: self.sequences))
        case "presence": return try self.presence(&object, bytes)
        default:
            if let frame = try self.messageQuery(type, &object, bytes) { return frame }
            return try self.recordQuery(type, &object, bytes)
        }
    }

    private static func messageQuery(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal)
        -> ClientFrame?
    {
        switch type {
        case "thread":
            let root = try object.integer("root", bytes, in: self.sequences)
            let after = try object.optionalInteger("after", bytes, in: self.positions) ?? 0
            return .query(
                .thread(
                    try object.identifier("conversation", bytes), root: root, after: after, limit: try self.limit(&object, bytes))
            )
        case "revisions":
            let sequence = try object.integer("sequence", bytes, in: self.sequences)
            let after = try object.optionalInteger("after", bytes, in: self.positions) ?? 0
            return .query(
                .revisions(
                    try object.identifier("conversation", bytes), sequence: sequence, after: after,
                    limit: try self.limit(&object, bytes)))
        case "reactions":
            let emoji = try self.emoji(&object, bytes)
            let sequence = try object.integer("sequence", bytes, in: self.sequences)
            return .query(
                .reactions(
                    try object.identifier("conversation", bytes), sequence: sequence, emoji: emoji,
                    after: try self.user(after: &object, bytes), limit: try self.limit(&object, bytes)))
        case "pins": return .query(.pins(try object.identifier("conversation", bytes)))
        case "mentions":
            let after = try object.optionalInteger("after", bytes, in: self.positions) ?? 0
            return .query(
                .mentions(try object.identifier("conversation", bytes), after: after, limit: try self.limit(&object, bytes)))
        case "audit":
            let before = try object.optionalInteger("before", bytes, in: self.sequences) ?? .max
            return .query(
                .audit(try object.identifier("conversation", bytes), before: before, limit: try self.limit(&object, bytes)))
        default: return nil
        }
    }

    private static func recordQuery(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal)
        -> ClientFrame?
    {
        switch type {
        case "links": return .query(.links(try object.identifier("conversation", bytes)))
        case "link_info": return .query(.linkInfo(try self.linkToken(&object, bytes)))
        case "blocks": return .query(.blocks)
        case "reports":
            let before = try object.optionalInteger("before", bytes, in: self.sequences) ?? .max
            return .query(
                .reports(try object.identifier("conversation", bytes), before: before, limit: try self.limit(&object, bytes)))
        default: return nil
        }
    }

    /// By slot; or who changed after a version; or who stands in another state.
    private static func members(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let limit = try self.limit(&object, bytes)
        if let version = try object.optionalText("version", bytes) {
            guard let token = SyncToken(text: version) else {
                throw Refusal(.outOfRange, field: "version", rule: "a version of an earlier answer, or empty")
            }
            return .query(.memberChanges(conversation, after: token, limit: limit))
        }
        let state: MemberState? = try object.optionalWord("state", bytes, "invited, requested or banned") {
            MemberState(name: $0).flatMap { $0 == .active || $0 == .left ? nil : $0 }
        }
        if let state {
            let after = try self.user(after: &object, bytes)
            return .query(.membersInState(conversation, state, after: after, limit: limit))
        }
        return .members(conversation, afterSlot: try self.slot(&object, bytes), limit: limit)
    }

    private static func slot(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int32 {
        Int32(clamping: try object.optionalInteger("after_slot", bytes, in: 0...Int64(Int32.max)) ?? 0)
    }

    /// The user after whom a list goes on; empty for its beginning.
    private static func user(after object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> String {
        let after = try object.optionalText("after", bytes) ?? ""
        guard after.isEmpty || isIdentifier(after) else {
            throw Refusal(.badIdentifier, field: "after", rule: "a user id, or empty")
        }
        return after
    }

    private static func presence(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let watch = try object.optionalBoolean("watch", bytes) ?? false
        guard let conversation: ConversationID = try object.optionalIdentifier("conversation", bytes) else {
            return .presence(.users(try object.users("users", bytes, count: 1...Limits.presencePerRequest)), watch: watch)
        }
        guard !object.has("users", bytes) else {
            throw Refusal(.unknownField, field: "users", rule: "either users or conversation, not both")
        }
        return .presence(.conversation(conversation), watch: watch)
    }

    // MARK: One's own settings

    /// Nil for a type of another group.
    static func setting(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame? {
        switch type {
        case "follow": return .follow(try object.identifier("conversation", bytes), push: try object.boolean("push", bytes))
        case "notify":
            let level = try object.word("level", bytes, "all, mentions or none") { NotifyLevel(name: $0) }
            return .note(.notify(try object.identifier("conversation", bytes), level))
        case "preferences":
            let receipts = try object.optionalBoolean("receipts", bytes)
            let presence = try object.optionalBoolean("presence", bytes)
            guard receipts != nil || presence != nil else { return .query(.preferences) }
            return .note(.preferences(receipts: receipts, presence: presence))
        case "block": return .note(.block(try object.identifier("user", bytes), on: try object.boolean("on", bytes)))
        case "report":
            let reason = try object.text("reason", bytes, characters: 1...Limits.reasonCharacters)
            let sequence = try object.integer("sequence", bytes, in: self.sequences)
            return .note(.report(try object.identifier("conversation", bytes), sequence: sequence, reason: reason))
        case "resolve":
            let sequence = try object.integer("sequence", bytes, in: self.sequences)
            return .note(.resolve(try object.identifier("conversation", bytes), sequence: sequence))
        case "data":
            let conversation: ConversationID? = try object.optionalIdentifier("conversation", bytes)
            guard let range = try object.optionalObject("data", bytes) else { return .query(.data(conversation)) }
            guard range.count <= Limits.privateDataBytes else {
                throw Refusal(.tooLong, field: "data", rule: "at most \(Limits.privateDataBytes) bytes")
            }
            return .note(.data(conversation, JSONValue.copy(bytes, at: range)))
        default: return nil
        }
    }
}
