package import NIOCore
package import ParleyDomain

/// Frames that no request asked for.
extension FrameEncoder {
    package mutating func position(_ conversation: ConversationID, read: Int64, delivered: Int64, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"position","conversation":""#)
            body.writeString(conversation.rawValue)
            body.writeStaticString(#"","read":"#)
            body.writeDecimal(read)
            body.writeStaticString(#","delivered":"#)
            body.writeDecimal(delivered)
            body.writeStaticString("}")
        }
    }

    package mutating func heartbeat(time: Int64, heads: [(ConversationID, Int64)], into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"heartbeat","time":"#)
            body.writeDecimal(time)
            body.writeStaticString(#","heads":"#)
            body.writeHeads(heads)
            body.writeStaticString("}")
        }
    }

    package mutating func behind(heads: [(ConversationID, Int64)], into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"behind","heads":"#)
            body.writeHeads(heads)
            body.writeStaticString("}")
        }
    }

    package mutating func reconnect(afterMilliseconds: Int64, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"reconnect","after_ms":"#)
            body.writeDecimal(afterMilliseconds)
            body.writeStaticString("}")
        }
    }

    /// The heads of conversations of which this connection gets no events.
    package mutating func heads(_ heads: [(ConversationID, Int64)], into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"heads","heads":"#)
            body.writeHeads(heads)
            body.writeStaticString("}")
        }
    }

    /// New counts of the user's own messages.
    package mutating func receipts(
        _ conversation: ConversationID, _ counts: [MessageReceipts], into buffer: inout ByteBuffer
    ) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"receipts""#)
            body.writeField("conversation", conversation)
            body.writeCounts(counts)
            body.writeStaticString("}")
        }
    }

    package mutating func typing(_ conversation: ConversationID, _ users: [UserID], into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"typing""#)
            body.writeField("conversation", conversation)
            body.writeField("users", users)
            body.writeStaticString("}")
        }
    }

    /// Who came and went, of those whom this connection watches.
    package mutating func presence(_ users: [PresenceLine], into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"presence""#)
            body.writePresence(users)
            body.writeStaticString("}")
        }
    }
}

/// Whether a user is online, and since when he is not.
package struct PresenceLine: Sendable, Equatable {
    package var user: UserID
    package var online: Bool
    /// When his last connection ended, in milliseconds since 1970; 0 where that is not told.
    package var seen: Int64

    package init(user: UserID, online: Bool, seen: Int64 = 0) {
        self.user = user
        self.online = online
        self.seen = seen
    }
}

extension ByteBuffer {
    mutating func writeCounts(_ counts: [MessageReceipts]) {
        self.writeList("counts", counts) { body, receipts in
            body.writeStaticString(#"{"sequence":"#)
            body.writeDecimal(receipts.sequence)
            body.writeField("total", Int64(receipts.counts.total))
            body.writeField("read", Int64(receipts.counts.read))
            body.writeField("delivered", Int64(receipts.counts.delivered))
            body.writeStaticString("}")
        }
    }

    mutating func writePresence(_ users: [PresenceLine]) {
        self.writeList("users", users) { body, state in
            body.writeStaticString(#"{"user":""#)
            body.writeString(state.user.rawValue)
            body.writeStaticString("\"")
            body.writeField("online", state.online)
            if !state.online, state.seen > 0 { body.writeField("seen", state.seen) }
            body.writeStaticString("}")
        }
    }
}
