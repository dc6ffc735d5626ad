package import NIOCore
import ParleyDomain

/// Writes client requests in the JSON encoding: the text of one frame each, without a WebSocket header.
package struct RequestEncoder {
    package init() {}

    package func encode(_ request: ClientRequest, into buffer: inout ByteBuffer) {
        let id = request.id
        switch request.frame {
        case .auth(.token(let token)): buffer.writeRequest("auth", id) { $0.writeField("token", text: token) }
        case .auth(.ticket(let ticket)): buffer.writeRequest("auth", id) { $0.writeField("ticket", text: ticket) }
        case .command(let command): Self.command(command, id, &buffer)
        case .create(let clientID, let new, let members): Self.create(clientID, new, members, id, &buffer)
        case .forward(let conversation, let clientID, let source, let sequence):
            buffer.writeRequest("forward", id, conversation) {
                $0.writeField("client_id", clientID)
                $0.writeStaticString(#","from":{"conversation":"#)
                $0.writeJSONString(source.rawValue)
                $0.writeField("sequence", sequence)
                $0.writeStaticString("}")
            }
        case .join(let clientID, let link):
            buffer.writeRequest("join", id) {
                $0.writeField("client_id", clientID)
                $0.writeField("link", text: link)
            }
        case .link(let conversation, let clientID, let expires, let uses):
            Self.link(conversation, clientID, expires, uses, id, &buffer)
        case .note(let note): Self.note(note, id, &buffer)
        case .query(let query): Self.query(query, id, &buffer)
        case .history(let conversation, let range, let limit): Self.history(conversation, range, limit, id, &buffer)
        case .sync(let sync): Self.sync(sync, id, &buffer)
        case .read(let conversation, let read, let delivered):
            buffer.writeRequest("read", id, conversation) {
                if read > 0 { $0.writeField("sequence", read) }
                if delivered > 0 { $0.writeField("delivered", delivered) }
            }
        case .users(let users): buffer.writeRequest("users", id) { $0.writeField("users", users) }
        case .members, .receipts, .readers, .receiptRecord: Self.memberRequest(request.frame, id, &buffer)
        case .typing(let conversation): buffer.writeRequest("typing", id, conversation) { _ in }
        case .presence(let subject, let watch):
            buffer.writeRequest("presence", id) {
                switch subject {
                case .users(let users): $0.writeField("users", users)
                case .conversation(let conversation): $0.writeField("conversation", conversation)
                }
                if watch { $0.writeField("watch", true) }
            }
        case .follow(let conversation, let push):
            buffer.writeRequest("follow", id, conversation) { $0.writeField("push", push) }
        case .ping: buffer.writeRequest("ping", id) { _ in }
        }
    }

    private static func memberRequest(_ frame: ClientFrame, _ id: Int64, _ buffer: inout ByteBuffer) {
        switch frame {
        case .members(let conversation, let slot, let limit):
            buffer.writeRequest("members", id, conversation) {
                $0.writeField("after_slot", Int64(slot))
                $0.writeField("limit", Int64(limit))
            }
        case .receipts(let conversation, let sequences):
            buffer.writeRequest("receipts", id, conversation) {
                if let sequences { $0.writeField("sequences", sequences) }
            }
        case .readers(let conversation, let sequence, let list, let slot, let limit):
            buffer.writeRequest("readers", id, conversation) {
                $0.writeField("sequence", sequence)
                $0.writeField("list", text: list.name)
                $0.writeField("after_slot", Int64(slot))
                $0.writeField("limit", Int64(limit))
            }
        case .receiptRecord(let conversation, let sequence):
            buffer.writeRequest("receipt_record", id, conversation) { $0.writeField("sequence", sequence) }
        default: return
        }
    }

    private static func history(
        _ conversation: ConversationID, _ range: HistoryRange, _ limit: Int, _ id: Int64, _ buffer: inout ByteBuffer
    ) {
        buffer.writeRequest("history", id, conversation) {
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

    // MARK: Questions and settings

    private static func note(_ note: NoteRequest, _ id: Int64, _ buffer: inout ByteBuffer) {
        switch note {
        case .notify(let conversation, let level):
            buffer.writeRequest("notify", id, conversation) { $0.writeField("level", text: level.name) }
        case .preferences(let receipts, let presence):
            buffer.writeRequest("preferences", id) {
                if let receipts { $0.writeField("receipts", receipts) }
                if let presence { $0.writeField("presence", presence) }
            }
        case .block(let user, let on):
            buffer.writeRequest("block", id) {
                $0.writeField("user", user)
                $0.writeField("on", on)
            }
        case .report(let conversation, let sequence, let reason):
            buffer.writeRequest("report", id, conversation) {
                $0.writeField("sequence", sequence)
                $0.writeField("reason", text: reason)
            }
        case .resolve(let conversation, let sequence):
            buffer.writeRequest("resolve", id, conversation) { $0.writeField("sequence", sequence) }
        case .data(let conversation, let data):
            buffer.writeRequest("data", id) {
                if let conversation { $0.writeField("conversation", conversation) }
                $0.writeField("data", json: data)
            }
        }
    }

    private static func query(_ query: Query, _ id: Int64, _ buffer: inout ByteBuffer) {
        switch query {
        case .thread(let conversation, let root, let after, let limit):
            buffer.writeRequest("thread", id, conversation) {
                $0.writeField("root", root)
                $0.writeField("after", after)
                $0.writeField("limit", Int64(limit))
            }
        case .revisions(let conversation, let sequence, let after, let limit):
            buffer.writeRequest("revisions", id, conversation) {
                $0.writeField("sequence", sequence)
                $0.writeField("after", after)
                $0.writeField("limit", Int64(limit))
            }
        case .reactions(let conversation, let sequence, let emoji, let after, let limit):
            buffer.writeRequest("reactions", id, conversation) {
                $0.writeField("sequence", sequence)
                $0.writeField("emoji", text: emoji)
                $0.writeField("after", text: after)
                $0.writeField("limit", Int64(limit))
            }
        case .pins(let conversation): buffer.writeRequest("pins", id, conversation) { _ in }
        case .mentions(let conversation, let after, let limit):
            buffer.writeRequest("mentions", id, conversation) {
                $0.writeField("after", after)
                $0.writeField("limit", Int64(limit))
            }
        case .audit(let conversation, let before, let limit):
            buffer.writeRequest("audit", id, conversation) {
                if before < .max { $0.writeField("before", before) }
                $0.writeField("limit", Int64(limit))
            }
        case .memberChanges(let conversation, let token, let limit):
            buffer.writeRequest("members", id, conversation) {
                $0.writeField("version", text: token == .start ? "" : token.text)
                $0.writeField("limit", Int64(limit))
            }
        case .membersInState(let conversation, let state, let after, let limit):
            buffer.writeRequest("members", id, conversation) {
                $0.writeField("state", text: state.name)
                $0.writeField("after", text: after)
                $0.writeField("limit", Int64(limit))
            }
        case .links(let conversation): buffer.writeRequest("links", id, conversation) { _ in }
        case .linkInfo(let link): buffer.writeRequest("link_info", id) { $0.writeField("link", text: link) }
        case .blocks: buffer.writeRequest("blocks", id) { _ in }
        case .preferences: buffer.writeRequest("preferences", id) { _ in }
        case .reports(let conversation, let before, let limit):
            buffer.writeRequest("reports", id, conversation) {
                if before < .max { $0.writeField("before", before) }
                $0.writeField("limit", Int64(limit))
            }
        case .data(let conversation):
            buffer.writeRequest("data", id) { if let conversation { $0.writeField("conversation", conversation) } }
        }
    }
}
