import ParleyDomain

/// Messages, and what is done to them.
extension FrameDecoder {
    mutating func send(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Command {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let clientID: ClientID = try object.identifier("client_id", bytes)
        let relatesTo = try object.optionalInteger("reply_to", bytes, in: Self.sequences) ?? 0
        let thread = try object.optionalInteger("thread", bytes, in: Self.sequences) ?? 0
        var message = try self.content(&object, bytes)
        message.relatesTo = relatesTo
        message.thread = thread
        return Command(conversation, clientID, .send(message))
    }

    /// Nil for a type of another group.
    mutating func messageFrame(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame?
    {
        switch type {
        case "edit":
            let target = try object.integer("target", bytes, in: Self.sequences)
            let message = try self.content(&object, bytes)
            return try Self.command(&object, bytes, .edit(target: target, message))
        case "recall":
            return try Self.command(&object, bytes, .recall(target: try object.integer("target", bytes, in: Self.sequences)))
        case "react":
            let emoji = try Self.emoji(&object, bytes)
            let target = try object.integer("target", bytes, in: Self.sequences)
            return try Self.command(&object, bytes, .react(target: target, emoji: emoji, on: try object.boolean("on", bytes)))
        case "pin":
            let target = try object.integer("target", bytes, in: Self.sequences)
            return try Self.command(&object, bytes, .pin(target: target, on: try object.boolean("on", bytes)))
        case "forward":
            var from = try Self.reader(of: try object.object("from", bytes), path: "from.", bytes)
            let source: ConversationID = try from.identifier("conversation", bytes)
            let sequence = try from.integer("sequence", bytes, in: Self.sequences)
            try from.finish(bytes)
            return .forward(
                try object.identifier("conversation", bytes), try object.identifier("client_id", bytes), from: source,
                sequence: sequence)
        default: return nil
        }
    }

    /// The two fields that every command has, around what it does.
    static func command(_ object: inout ObjectReader, _ bytes: Span<UInt8>, _ action: Command.Action) throws(Refusal)
        -> ClientFrame
    {
        .command(Command(try object.identifier("conversation", bytes), try object.identifier("client_id", bytes), action))
    }

    static func emoji(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> String {
        let emoji = try object.text("emoji", bytes)
        try checkEmoji(emoji, field: "emoji")
        return emoji
    }

    // MARK: Content

    /// A message's content: checked, and kept as it came.
    private mutating func content(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> NewMessage {
        let range = try object.object("content", bytes)
        guard range.count <= Limits.contentBytes else {
            throw Refusal(.tooLong, field: "content", rule: "at most \(Limits.contentBytes) bytes")
        }
        try self.scanInner(range, bytes)
        var content = ObjectReader(fields: self.inner, path: "content.")
        try Self.checkText(&content, bytes)
        var message = NewMessage(content: JSONValue.copy(bytes, at: range))
        // Most messages have no more than type and text.
        if !content.isEmpty { try Self.readMeaning(of: &content, bytes, into: &message) }
        return message
    }

    /// `content` is an object with a type and a plain text.
    private static func checkText(_ content: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) {
        let type = try content.text("type", bytes)
        guard isIdentifier(type) else { throw Refusal(.badIdentifier, field: "content.type") }
        guard !self.serverContentTypes.contains(type) else {
            throw Refusal(.serverOwnedField, field: "content.type", rule: "not one of the types that only the server makes")
        }
        let text = try content.string("text", bytes)
        let count = JSONValue.scalarCount(bytes, at: text)
        guard count > 0 else { throw Refusal(.empty, field: "content.text", rule: "at least 1 character") }
        guard count <= Limits.textCharacters else {
            throw Refusal(.tooLong, field: "content.text", rule: "at most \(Limits.textCharacters) characters")
        }
    }

    /// The fields of content that mean something to the server; whatever else there is, is the clients' own.
    private static func readMeaning(of content: inout ObjectReader, _ bytes: Span<UInt8>, into message: inout NewMessage)
        throws(Refusal)
    {
        if content.has("mentions", bytes) {
            message.mentions = try content.users("mentions", bytes, count: 0...Limits.mentionsPerMessage)
        }
        message.mentionsAll = try content.optionalBoolean("mention_all", bytes) ?? false
        // Whose words a message repeats is said by the server alone.
        guard !content.has("forwarded", bytes) else {
            throw Refusal(.serverOwnedField, field: "content.forwarded", rule: "only in messages that `forward` made")
        }
    }

    /// Types of content that only the server makes: those of control entries.
    private static let serverContentTypes: Set<String> = Set(
        EntryKind.allCases.lazy.filter { $0 != .message }.map(\.name) + ["ended", "system"])
}
