package import NIOCore
import ParleyDomain

/// Writes client requests in the JSON encoding: the text of one frame each, without a WebSocket header.
package struct RequestEncoder {
    package init() {}

    package func encode(_ request: ClientRequest, into buffer: inout ByteBuffer) {
        switch request.frame {
        case .auth(.token(let token)): buffer.writeRequest("auth", request.id) { $0.writeField("token", text: token) }
        case .auth(.ticket(let ticket)): buffer.writeRequest("auth", request.id) { $0.writeField("ticket", text: ticket) }
        case .command(let command): Self.command(command, request.id, &buffer)
        case .create(let clientID, let new, let members): Self.create(clientID, new, members, request.id, &buffer)
        case .history(let conversation, let range, let limit): Self.history(conversation, range, limit, request.id, &buffer)
        case .sync(let sync): Self.sync(sync, request.id, &buffer)
        case .read(let conversation, let read, let delivered):
            buffer.writeRequest("read", request.id) {
                $0.writeField("conversation", conversation)
                if read > 0 { $0.writeField("sequence", read) }
                if delivered > 0 { $0.writeField("delivered", delivered) }
            }
        case .members(let conversation, let slot, let limit):
            buffer.writeRequest("members", request.id) {
                $0.writeField("conversation", conversation)
                $0.writeField("after_slot", Int64(slot))
                $0.writeField("limit", Int64(limit))
            }
        case .users(let users): buffer.writeRequest("users", request.id) { $0.writeField("users", users) }
        case .ping: buffer.writeRequest("ping", request.id) { _ in }
        }
    }

    private static func command(_ command: Command, _ id: Int64, _ buffer: inout ByteBuffer) {
        func request(_ type: StaticString, _ fill: (inout ByteBuffer) -> Void) {
            buffer.writeRequest(type, id) {
                $0.writeField("conversation", command.conversation)
                $0.writeField("client_id", command.clientID)
                fill(&$0)
            }
        }
        switch command.action {
        case .send(let message):
            request("send") {
                if message.relatesTo > 0 { $0.writeField("reply_to", message.relatesTo) }
                if message.thread > 0 { $0.writeField("thread", message.thread) }
                $0.writeStaticString(#","content":"#)
                $0.writeBytes(message.content)
            }
        case .create(let new, let members): self.create(command.clientID, new, members, id, &buffer)
        case .add(let users): request("add") { $0.writeField("users", users) }
        case .remove(let user): request("remove") { $0.writeField("user", user) }
        case .leave: request("leave") { _ in }
        case .setRole(let user, let role):
            request("role") {
                $0.writeField("user", user)
                $0.writeField("role", text: role.name)
            }
        default: return
        }
    }

    private static func create(
        _ clientID: ClientID, _ new: NewConversation, _ members: [UserID], _ id: Int64, _ buffer: inout ByteBuffer
    ) {
        buffer.writeRequest("create", id) {
            $0.writeField("client_id", clientID)
            $0.writeField("kind", text: new.kind.name)
            if new.kind == .group { $0.writeField("title", text: new.title) }
            $0.writeField("members", members)
            guard new.kind == .group else { return }
            if new.memberCap != Int32(Limits.membersPerGroup) { $0.writeField("member_cap", Int64(new.memberCap)) }
            if !new.historyVisible { $0.writeStaticString(#","history_visible":false"#) }
        }
    }

    private static func history(
        _ conversation: ConversationID, _ range: HistoryRange, _ limit: Int, _ id: Int64, _ buffer: inout ByteBuffer
    ) {
        buffer.writeRequest("history", id) {
            $0.writeField("conversation", conversation)
            switch range {
            case .after(let sequence): $0.writeField("after", sequence)
            case .before(let sequence): if sequence < .max { $0.writeField("before", sequence) }
            }
            $0.writeField("limit", Int64(limit))
        }
    }

    private static func sync(_ sync: SyncRequest, _ id: Int64, _ buffer: inout ByteBuffer) {
        buffer.writeRequest("sync", id) {
            $0.writeField("epoch", text: sync.epoch)
            $0.writeField("token", text: sync.token == .start ? "" : sync.token.text)
            $0.writeStaticString(#","positions":"#)
            $0.writeHeads(sync.positions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func writeRequest(_ type: StaticString, _ id: Int64, _ fill: (inout ByteBuffer) -> Void) {
        self.writeStaticString(#"{"type":""#)
        self.writeStaticString(type)
        self.writeStaticString(#"","id":"#)
        self.writeDecimal(id)
        fill(&self)
        self.writeStaticString("}")
    }

    private mutating func writeName(_ name: StaticString) {
        self.writeStaticString(",\"")
        self.writeStaticString(name)
        self.writeStaticString("\":")
    }

    fileprivate mutating func writeField(_ name: StaticString, text: String) {
        self.writeName(name)
        self.writeJSONString(text)
    }

    fileprivate mutating func writeField(_ name: StaticString, _ identifier: some Identifier) {
        self.writeName(name)
        self.writeJSONString(identifier.rawValue)
    }

    fileprivate mutating func writeField(_ name: StaticString, _ value: Int64) {
        self.writeName(name)
        self.writeDecimal(value)
    }

    fileprivate mutating func writeField(_ name: StaticString, _ users: [UserID]) {
        self.writeName(name)
        for index in users.indices {
            self.writeStaticString(index == 0 ? "[\"" : ",\"")
            self.writeString(users[index].rawValue)
            self.writeStaticString("\"")
        }
        self.writeStaticString(users.isEmpty ? "[]" : "]")
    }
}
