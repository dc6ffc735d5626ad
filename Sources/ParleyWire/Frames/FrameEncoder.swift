package import NIOCore
package import ParleyDomain

/// Writes server frames as JSON, each as one whole WebSocket text frame. `BinaryEncoder` makes binary frames of them.
///
/// Keys stand in the order of `docs/PROTOCOL.md`, without spaces. Keeps only scratch space between frames.
package struct FrameEncoder {
    private var body: ByteBuffer

    package init() { self.body = ByteBuffer() }

    /// Writes one frame: `fill` writes the JSON text.
    mutating func frame(into buffer: inout ByteBuffer, _ fill: (inout ByteBuffer) -> Void) {
        self.body.clear(minimumCapacity: 512)
        fill(&self.body)
        WebSocketFrameHeader.writeFrame(self.body, into: &buffer)
    }

    package mutating func hello(_ hello: ServerHello, as subprotocol: Subprotocol = .json, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"hello","protocol":""#)
            body.writeString(subprotocol.rawValue)
            body.writeStaticString(#"","epoch":""#)
            body.writeString(hello.epoch)
            body.writeStaticString(#"","heartbeat_ms":"#)
            body.writeDecimal(hello.heartbeatMilliseconds)
            body.writeStaticString(#","auth_ms":"#)
            body.writeDecimal(hello.authMilliseconds)
            body.writeStaticString(#","limits":{"frame_bytes":"#)
            body.writeDecimal(Int64(Limits.frameBytes))
            body.writeStaticString(#","text_characters":"#)
            body.writeDecimal(Int64(Limits.textCharacters))
            body.writeStaticString(#","page_entries":"#)
            body.writeDecimal(Int64(Limits.pageEntriesMax))
            body.writeStaticString(#","requests_in_flight":"#)
            body.writeDecimal(hello.requestsInFlight)
            body.writeStaticString("}}")
        }
    }

    package mutating func ready(
        id: Int64, user: UserID, name: String, session: SessionID, connection: String, into buffer: inout ByteBuffer
    ) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"ready","id":"#)
            body.writeDecimal(id)
            body.writeStaticString(#","user":""#)
            body.writeString(user.rawValue)
            body.writeStaticString(#"","name":"#)
            body.writeJSONString(name)
            body.writeStaticString(#","session":""#)
            body.writeString(session.rawValue)
            body.writeStaticString(#"","connection":""#)
            body.writeString(connection)
            body.writeStaticString(#""}"#)
        }
    }

    /// - Parameter withheld: Without content: for members who may not see the message that the entry is about.
    package mutating func event(_ entry: Entry, withheld: Bool = false, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"event","conversation":""#)
            body.writeString(entry.conversation.rawValue)
            body.writeStaticString(#"","#)
            body.writeEntryFields(entry)
            body.writeContent(of: entry, withheld: withheld)
            body.writeStaticString("}")
        }
    }

    package mutating func ack(id: Int64, _ entry: Entry, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"ack","id":"#)
            body.writeDecimal(id)
            body.writeStaticString(#","conversation":""#)
            body.writeString(entry.conversation.rawValue)
            body.writeStaticString(#"","client_id":""#)
            body.writeString(entry.clientID.rawValue)
            body.writeStaticString(#"","sequence":"#)
            body.writeDecimal(entry.sequence)
            body.writeStaticString(#","message":""#)
            body.writeDecimal(entry.id)
            body.writeStaticString(#"","time":"#)
            body.writeDecimal(entry.time)
            body.writeStaticString("}")
        }
    }

    package mutating func created(id: Int64, _ conversation: ConversationID, clientID: ClientID, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"created","id":"#)
            body.writeDecimal(id)
            body.writeStaticString(#","conversation":""#)
            body.writeString(conversation.rawValue)
            body.writeStaticString(#"","client_id":""#)
            body.writeString(clientID.rawValue)
            body.writeStaticString(#"","sequence":1}"#)
        }
    }

    package mutating func page(id: Int64, _ conversation: ConversationID, _ page: Page, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"page","id":"#)
            body.writeDecimal(id)
            body.writeStaticString(#","conversation":""#)
            body.writeString(conversation.rawValue)
            body.writeStaticString(#"","head":"#)
            body.writeDecimal(page.head)
            body.writeStaticString(#","entries":"#)
            body.writeEntries(of: page)
            body.writeStaticString(#","more":"#)
            body.writeStaticString(page.more ? "true}" : "false}")
        }
    }

    package mutating func synced(id: Int64, _ reply: SyncReply, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"synced","id":"#)
            body.writeDecimal(id)
            body.writeStaticString(#","epoch":""#)
            body.writeString(reply.epoch)
            body.writeStaticString(#"","token":""#)
            body.writeString(reply.token.text)
            body.writeStaticString(#"","conversations":["#)
            for index in reply.conversations.indices {
                if index > 0 { body.writeStaticString(",") }
                body.writeSummary(reply.conversations[index].summary, page: reply.conversations[index].page)
            }
            body.writeStaticString(#"],"more":"#)
            body.writeStaticString(reply.more ? "true}" : "false}")
        }
    }

    package mutating func ok(id: Int64, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"ok","id":"#)
            body.writeDecimal(id)
            body.writeStaticString("}")
        }
    }

    package mutating func pong(id: Int64, time: Int64, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in
            body.writeStaticString(#"{"type":"pong","id":"#)
            body.writeDecimal(id)
            body.writeStaticString(#","time":"#)
            body.writeDecimal(time)
            body.writeStaticString("}")
        }
    }

    package mutating func error(id: Int64?, _ refusal: Refusal, into buffer: inout ByteBuffer) {
        self.frame(into: &buffer) { body in body.writeError(id: id, refusal) }
    }
}

/// What the first frame of a connection says.
package struct ServerHello: Sendable {
    package var epoch: String
    package var heartbeatMilliseconds: Int64
    package var authMilliseconds: Int64
    package var requestsInFlight: Int64

    package init(epoch: String, heartbeatMilliseconds: Int64, authMilliseconds: Int64, requestsInFlight: Int64) {
        self.epoch = epoch
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.authMilliseconds = authMilliseconds
        self.requestsInFlight = requestsInFlight
    }
}

/// The answer to a `sync`.
package struct SyncReply: Sendable {
    package var epoch: String
    package var token: SyncToken
    package var conversations: [(summary: ConversationSummary, page: Page?)]
    package var more: Bool

    package init(epoch: String, token: SyncToken, conversations: [(summary: ConversationSummary, page: Page?)], more: Bool) {
        self.epoch = epoch
        self.token = token
        self.conversations = conversations
        self.more = more
    }
}
