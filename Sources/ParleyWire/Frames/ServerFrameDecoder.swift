package import NIOCore
import ParleyDomain

/// Decodes the JSON encoding of server frames. What is there must be well formed; what is unknown is passed over.
///
/// Keeps only scratch space between frames.
package struct ServerFrameDecoder {
    private var fields: [JSONField] = []

    package init() { self.fields.reserveCapacity(16) }

    /// Decodes one whole text message. The buffer is only borrowed.
    package mutating func decode(_ buffer: ByteBuffer) throws(DecodeFailure) -> ServerFrame {
        let bytes = buffer.readableBytesUInt8Span
        self.fields.removeAll(keepingCapacity: true)
        var place = ""
        do {
            try JSONScanner.fields(of: bytes, within: .answers, into: &self.fields, place: &place)
        } catch {
            throw DecodeFailure(refusal: Refusal(.notJSON, field: place), id: self.fields.requestID(bytes))
        }
        var object = ObjectReader(fields: self.fields, path: "")
        do throws(Refusal) {
            let type = try object.text("type", bytes)
            return try Self.frame(type, &object, bytes)
        } catch {
            throw DecodeFailure(refusal: error, id: self.fields.requestID(bytes))
        }
    }

    private static let counts: ClosedRange<Int64> = 0...(1 << 53) - 1

    private static func frame(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ServerFrame {
        switch type {
        case "event": return .event(try object.identifier("conversation", bytes), try self.entry(&object, bytes))
        case "ack": return try self.ack(&object, bytes)
        case "page":
            let page = ReceivedPage(
                entries: try self.entries("entries", &object, bytes) ?? [],
                head: try object.integer("head", bytes, in: self.counts),
                more: try object.optionalBoolean("more", bytes) ?? false)
            return .page(id: try self.id(&object, bytes), try object.identifier("conversation", bytes), page)
        case "ok": return .ok(id: try self.id(&object, bytes))
        case "heartbeat":
            return .heartbeat(time: try object.integer("time", bytes, in: self.counts), heads: try self.heads(&object, bytes))
        case "behind": return .behind(heads: try self.heads(&object, bytes))
        case "heads": return .heads(try self.heads(&object, bytes))
        case "position":
            return .position(
                try object.identifier("conversation", bytes), read: try object.integer("read", bytes, in: self.counts),
                delivered: try object.integer("delivered", bytes, in: self.counts))
        case "receipts", "typing", "presence": return try self.push(type, &object, bytes)
        case "synced": return .synced(id: try self.id(&object, bytes), try self.sync(&object, bytes))
        case "created":
            return .created(
                id: try self.id(&object, bytes), try object.identifier("conversation", bytes),
                try object.identifier("client_id", bytes))
        case "error": return try self.error(&object, bytes)
        case "hello": return .hello(try self.hello(&object, bytes))
        case "ready": return .ready(id: try self.id(&object, bytes), user: try object.identifier("user", bytes))
        case "reconnect": return .reconnect(afterMilliseconds: try object.integer("after_ms", bytes, in: self.counts))
        case "pong": return .pong(id: try self.id(&object, bytes), time: try object.integer("time", bytes, in: self.counts))
        default: return .other(type: type, id: try object.optionalInteger("id", bytes, in: self.counts))
        }
    }

    private static func id(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Int64 {
        try object.integer("id", bytes, in: self.counts)
    }

    private static func hello(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> Hello {
        var requests: Int64 = 64
        if let range = try object.optionalObject("limits", bytes) {
            var limits = try self.object(at: range, path: "limits.", bytes)
            requests = try limits.optionalInteger("requests_in_flight", bytes, in: 1...1_000_000) ?? requests
        }
        return Hello(
            epoch: try object.text("epoch", bytes),
            heartbeatMilliseconds: try object.integer("heartbeat_ms", bytes, in: 1...86_400_000),
            requestsInFlight: requests)
    }

    private static func ack(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ServerFrame {
        let receipt = Receipt(
            conversation: try object.identifier("conversation", bytes), clientID: try object.identifier("client_id", bytes),
            sequence: try object.integer("sequence", bytes, in: self.counts), id: try object.text("message", bytes),
            time: try object.integer("time", bytes, in: self.counts))
        return .ack(id: try self.id(&object, bytes), receipt)
    }

    private static func entry(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ReceivedEntry {
        let kind = try object.text("kind", bytes)
        let target = try object.optionalInteger("target", bytes, in: self.counts)
        let content = try object.optionalObject("content", bytes).map { JSONValue.copy(bytes, at: $0) }
        let replyTo = try object.optionalInteger("reply_to", bytes, in: self.counts)
        let state = try self.state(&object, bytes)
        return ReceivedEntry(
            sequence: try object.integer("sequence", bytes, in: self.counts), id: try object.text("message", bytes),
            kind: EntryKind.allCases.first { $0.name == kind }, sender: try object.identifier("sender", bytes),
            clientID: try object.identifier("client_id", bytes), time: try object.integer("time", bytes, in: self.counts),
            relatesTo: target ?? replyTo ?? 0,
            thread: try object.optionalInteger("thread", bytes, in: self.counts) ?? 0, content: content ?? [],
            withheld: content == nil && (state?.recalled ?? 0) == 0, state: state)
    }

    /// What later entries did to a message; nil for nothing.
    private static func state(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> MessageState? {
        var state = MessageState(
            edited: try object.optionalInteger("edited", bytes, in: self.counts) ?? 0,
            recalled: try object.optionalInteger("recalled", bytes, in: self.counts) ?? 0,
            pinned: try object.optionalBoolean("pinned", bytes) ?? false,
            replies: try object.optionalInteger("replies", bytes, in: self.counts) ?? 0)
        for range in try object.optionalObjects("reactions", bytes) ?? [] {
            var reaction = try self.object(at: range, path: "reactions.", bytes)
            state.reactions.append(
                ReactionCount(
                    emoji: try reaction.text("emoji", bytes), count: try reaction.integer("count", bytes, in: self.counts),
                    mine: try reaction.optionalBoolean("mine", bytes) ?? false))
        }
        return state == MessageState() ? nil : state
    }

    private static func entries(_ name: StaticString, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal)
        -> [ReceivedEntry]?
    {
        guard let elements = try object.optionalObjects(name, bytes) else { return nil }
        var entries: [ReceivedEntry] = []
        entries.reserveCapacity(elements.count)
        for range in elements {
            var entry = try self.object(at: range, path: "entries.", bytes)
            entries.append(try self.entry(&entry, bytes))
        }
        return entries
    }

    private static func heads(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> [KnownHead] {
        guard let range = try object.optionalObject("heads", bytes) else { return [] }
        return try self.fields(at: range, bytes).map { (field) throws(Refusal) in
            guard let name = JSONValue.identifier(bytes, at: field.quotedKey),
                let sequence = JSONValue.integer(bytes, at: field.value),
                sequence >= 0
            else { throw Refusal(.wrongType, field: "heads", rule: "conversations and sequences") }
            return KnownHead(ConversationID(trusted: name), sequence)
        }
    }

    private static func sync(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ReceivedSync {
        var conversations: [ReceivedSummary] = []
        for range in try object.optionalObjects("conversations", bytes) ?? [] {
            var summary = try self.object(at: range, path: "conversations.", bytes)
            conversations.append(try self.summary(&summary, bytes))
        }
        return ReceivedSync(
            epoch: try object.text("epoch", bytes), token: try object.text("token", bytes), conversations: conversations,
            more: try object.optionalBoolean("more", bytes) ?? false)
    }

    private static func summary(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ReceivedSummary {
        let conversation: ConversationID = try object.identifier("conversation", bytes)
        let kind = ConversationKind(name: try object.optionalText("kind", bytes) ?? "")
        let title = try object.optionalText("title", bytes) ?? ""
        switch try object.optionalText("role", bytes) {
        case "none", "invited", "requested":
            return ReceivedSummary(conversation: conversation, kind: kind, title: title, isMember: false)
        default: break
        }
        return ReceivedSummary(
            conversation: conversation, kind: kind, title: title,
            peer: try object.optionalText("peer", bytes).flatMap { UserID(rawValue: $0) }, isMember: true,
            head: try object.integer("head", bytes, in: self.counts),
            read: try object.optionalInteger("read", bytes, in: self.counts) ?? 0,
            delivered: try object.optionalInteger("delivered", bytes, in: self.counts) ?? 0,
            unread: try object.optionalInteger("unread", bytes, in: self.counts) ?? 0,
            entries: try self.entries("entries", &object, bytes),
            more: try object.optionalBoolean("more", bytes) ?? false)
    }

    /// News of others that no log has: lossy, and of no weight for what is accepted.
    private static func push(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ServerFrame {
        let id = try object.optionalInteger("id", bytes, in: self.counts)
        switch type {
        case "typing":
            let users = try object.users("users", bytes, count: 0...Limits.usersPerRequest)
            return .typing(try object.identifier("conversation", bytes), users)
        case "receipts":
            var receipts: [MessageReceipts] = []
            for range in try object.optionalObjects("counts", bytes) ?? [] {
                var row = try self.object(at: range, path: "counts.", bytes)
                let counts = ReceiptCounts(
                    total: Int(try row.integer("total", bytes, in: self.counts)),
                    read: Int(try row.integer("read", bytes, in: self.counts)),
                    delivered: Int(try row.integer("delivered", bytes, in: self.counts)))
                receipts.append(MessageReceipts(sequence: try row.integer("sequence", bytes, in: self.counts), counts: counts))
            }
            return .receipts(id: id, try object.identifier("conversation", bytes), receipts)
        default:
            var states: [PresenceLine] = []
            for range in try object.optionalObjects("users", bytes) ?? [] {
                var row = try self.object(at: range, path: "users.", bytes)
                states.append(
                    PresenceLine(
                        user: try row.identifier("user", bytes), online: try row.boolean("online", bytes),
                        seen: try row.optionalInteger("seen", bytes, in: self.counts) ?? 0))
            }
            return .presence(id: id, states)
        }
    }

    private static func error(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ServerFrame {
        let error = ReceivedError(
            code: Int(try object.integer("code", bytes, in: self.counts)), name: try object.optionalText("name", bytes) ?? "",
            message: try object.optionalText("message", bytes) ?? "",
            retry: ErrorCode.Retry(rawValue: try object.optionalText("retry", bytes) ?? "") ?? .later,
            retryMilliseconds: try object.optionalInteger("retry_ms", bytes, in: self.counts) ?? 0,
            field: try object.optionalText("field", bytes) ?? "", rule: try object.optionalText("rule", bytes) ?? "")
        return .error(id: try object.optionalInteger("id", bytes, in: self.counts), error)
    }

    private static func object(at range: ByteRange, path: String, _ bytes: Span<UInt8>) throws(Refusal) -> ObjectReader {
        ObjectReader(fields: try self.fields(at: range, bytes), path: path)
    }

    private static func fields(at range: ByteRange, _ bytes: Span<UInt8>) throws(Refusal) -> [JSONField] {
        var fields: [JSONField] = []
        do {
            try JSONScanner.fields(of: bytes, at: range, into: &fields)
        } catch {
            throw Refusal(.notJSON)
        }
        return fields
    }
}
