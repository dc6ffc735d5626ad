import NIOCore
import ParleyDomain
import ParleyWire

/// Makes the frames of the simulated server and clients: as values, or in some runs through the real encoders and decoders, whose
/// result must be the same values.
struct SimCodec {
    let wire: Bool
    private var encoder = FrameEncoder()
    private var decoder = ServerFrameDecoder()
    private var requests = FrameDecoder()
    private var buffer = ByteBuffer()
    /// The first frame that came out other than it went in.
    private(set) var fault: String?

    init(wire: Bool) { self.wire = wire }

    private mutating func through(_ expected: ServerFrame, _ encode: (inout FrameEncoder, inout ByteBuffer) -> Void)
        -> ServerFrame
    {
        guard self.wire else { return expected }
        self.buffer.clear()
        encode(&self.encoder, &self.buffer)
        let length = self.buffer.getInteger(at: 1, as: UInt8.self) ?? 0
        self.buffer.moveReaderIndex(forwardBy: length < 126 ? 2 : length == 126 ? 4 : 10)
        do throws(DecodeFailure) {
            let decoded = try self.decoder.decode(self.buffer)
            if decoded != expected, self.fault == nil { self.fault = "\(decoded) is not \(expected)" }
            return decoded
        } catch {
            self.fault = self.fault ?? "\(error) for \(expected)"
            return expected
        }
    }

    mutating func hello(epoch: String, heartbeat: Int64) -> ServerFrame {
        self.through(.hello(Hello(epoch: epoch, heartbeatMilliseconds: heartbeat, requestsInFlight: 64))) { encoder, buffer in
            let hello = ServerHello(epoch: epoch, heartbeatMilliseconds: heartbeat, authMilliseconds: 5_000, requestsInFlight: 64)
            encoder.hello(hello, into: &buffer)
        }
    }

    mutating func ready(_ id: Int64, _ user: UserID, _ connection: UInt64) -> ServerFrame {
        self.through(.ready(id: id, user: user)) { encoder, buffer in
            encoder.ready(
                id: id, user: user, name: user.rawValue, session: SessionID(trusted: "s"), connection: String(connection),
                into: &buffer)
        }
    }

    mutating func event(_ entry: Entry) -> ServerFrame {
        self.through(.event(entry.conversation, ReceivedEntry(entry))) { $0.event(entry, into: &$1) }
    }

    mutating func ack(_ id: Int64, _ entry: Entry) -> ServerFrame {
        self.through(.ack(id: id, Receipt(entry))) { $0.ack(id: id, entry, into: &$1) }
    }

    mutating func answer(_ id: Int64, _ answer: Answer) -> ServerFrame {
        switch answer {
        case .ack(let entry): self.ack(id, entry)
        case .created(let conversation, let clientID), .exists(let conversation, let clientID):
            self.through(.created(id: id, conversation, clientID)) {
                $0.created(id: id, conversation, clientID: clientID, into: &$1)
            }
        case .ok: self.through(.ok(id: id)) { $0.ok(id: id, into: &$1) }
        case .refused(let refusal): self.error(id, refusal)
        }
    }

    mutating func error(_ id: Int64, _ refusal: Refusal) -> ServerFrame {
        self.through(.error(id: id, ReceivedError(refusal))) { $0.error(id: id, refusal, into: &$1) }
    }

    mutating func position(_ conversation: ConversationID, _ read: Int64, _ delivered: Int64) -> ServerFrame {
        self.through(.position(conversation, read: read, delivered: delivered)) {
            $0.position(conversation, read: read, delivered: delivered, into: &$1)
        }
    }

    mutating func heartbeat(_ time: Int64, _ heads: [(ConversationID, Int64)]) -> ServerFrame {
        self.through(.heartbeat(time: time, heads: heads.map { KnownHead($0.0, $0.1) })) {
            $0.heartbeat(time: time, heads: heads, into: &$1)
        }
    }

    mutating func behind(_ heads: [(ConversationID, Int64)]) -> ServerFrame {
        self.through(.behind(heads: heads.map { KnownHead($0.0, $0.1) })) { $0.behind(heads: heads, into: &$1) }
    }

    mutating func page(_ id: Int64, _ conversation: ConversationID, _ page: Page) -> ServerFrame {
        let received = ReceivedPage(entries: page.entries.map { ReceivedEntry($0) }, head: page.head, more: page.more)
        return self.through(.page(id: id, conversation, received)) { $0.page(id: id, conversation, page, into: &$1) }
    }

    mutating func synced(_ id: Int64, _ reply: SyncReply) -> ServerFrame {
        let conversations = reply.conversations.map { summary, page in
            guard summary.membership.active else {
                return ReceivedSummary(conversation: summary.head.conversation, kind: summary.head.kind, isMember: false)
            }
            return ReceivedSummary(
                conversation: summary.head.conversation, kind: summary.head.kind, title: summary.head.title, peer: summary.peer,
                isMember: true, head: summary.head.sequence, read: summary.membership.read,
                delivered: summary.membership.delivered,
                unread: summary.unread, entries: page?.entries.map { ReceivedEntry($0) }, more: page?.more ?? false)
        }
        let received = ReceivedSync(epoch: reply.epoch, token: reply.token.text, conversations: conversations, more: reply.more)
        return self.through(.synced(id: id, received)) { $0.synced(id: id, reply, into: &$1) }
    }

    /// A client's request, as the server gets it.
    mutating func request(_ request: ClientRequest) -> ClientRequest {
        guard self.wire else { return request }
        self.buffer.clear()
        RequestEncoder().encode(request, into: &self.buffer)
        do throws(DecodeFailure) {
            let decoded = try self.requests.decode(self.buffer)
            if decoded != request, self.fault == nil { self.fault = "\(decoded) is not \(request)" }
            return decoded
        } catch {
            self.fault = self.fault ?? "\(error) for \(request)"
            return request
        }
    }
}
