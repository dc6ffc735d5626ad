import Foundation
import NIOCore
import ParleyDomain
import ParleyWire
import Testing

@Suite struct GoldenFrameTests {
    private static let general = ConversationID(trusted: "general")

    private static let expected: [String: ClientFrame] = [
        "auth-token": .auth(.token("pa1.x.y")),
        "auth-ticket": .auth(.ticket("pt1.abc")),
        "send": .command(
            .send(general, ClientID(trusted: "01J-8"), content: Array(#"{"type":"text","text":"hello"}"#.utf8), relatesTo: 0)),
        "send-reply": .command(
            .send(general, ClientID(trusted: "01J-9"), content: Array(#"{"type":"text","text":"yes"}"#.utf8), relatesTo: 40)),
        "send-unknown-content": .command(
            .send(
                general, ClientID(trusted: "01J-10"),
                content: Array(#"{"type":"image","text":"a cat","media":"m1","size":[640,480]}"#.utf8), relatesTo: 0)),
        "send-escaped": .command(
            .send(
                general, ClientID(trusted: "01J-11"),
                content: Array(#"{"type":"text","text":"\ud83d\ude00 \u00e9 \"q\" \\ \n"}"#.utf8), relatesTo: 0)),
        "history-after": .history(general, .after(41), limit: 50),
        "history-before": .history(general, .before(41), limit: 50),
        "history-newest": .history(general, .before(.max), limit: 50),
        "sync-first": .sync(SyncRequest(epoch: "", token: .start, positions: [:])),
        "sync": .sync(
            SyncRequest(
                epoch: "e7", token: SyncToken(stamps: [88_213]), positions: [general: 41, ConversationID(trusted: "team"): 7])),
        "read": .read(general, read: 43, delivered: 43),
        "delivered": .read(general, read: 0, delivered: 44),
        "create-group": .create(
            ClientID(trusted: "k1"), NewConversation(kind: .group, title: "General"),
            members: [UserID(trusted: "u2"), UserID(trusted: "u3")]),
        "create-group-all": .create(
            ClientID(trusted: "k1"), NewConversation(kind: .group, title: "General", memberCap: 10, historyVisible: false),
            members: [UserID(trusted: "u2")]),
        "create-direct": .create(
            ClientID(trusted: "k2"), NewConversation(kind: .direct, title: "", memberCap: 2), members: [UserID(trusted: "u2")]),
        "add": .command(.add(general, ClientID(trusted: "k3"), users: [UserID(trusted: "u4")])),
        "remove": .command(.remove(general, ClientID(trusted: "k4"), user: UserID(trusted: "u4"))),
        "role": .command(.setRole(general, ClientID(trusted: "k6"), user: UserID(trusted: "u4"), .administrator)),
        "leave": .command(.leave(general, ClientID(trusted: "k5"))),
        "members": .members(general, afterSlot: 0, limit: 100),
        "users": .users([UserID(trusted: "u1"), UserID(trusted: "u9")]),
        "ping": .ping,
    ]

    @Test func everyGoldenRequestDecodesToItsMeaning() throws {
        var decoder = FrameDecoder()
        let golden = try GoldenFrames.read("client.txt")
        #expect(Set(golden.map(\.name)) == Set(Self.expected.keys))
        for (name, frame) in golden {
            let request = try decoder.decode(ByteBuffer(string: frame))
            #expect(request.frame == Self.expected[name], "\(name)")
        }
    }

    @Test func everyGoldenAnswerIsEncodedByteForByte() throws {
        let golden = try GoldenFrames.read("server.txt")
        let made = Self.serverFrames()
        #expect(Set(golden.map(\.name)) == Set(made.keys))
        for (name, frame) in golden { #expect(made[name] == frame, "\(name)") }
    }

    /// What PROTOCOL.md shows is what the decoder takes, wherever the example has no "..." in it.
    @Test func theRequestsOfTheDocumentDecode() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        var decoder = FrameDecoder()
        var count = 0
        for line in text.split(separator: "\n") where line.hasPrefix("client  {") && !line.contains("...") {
            let end = try #require(line.lastIndex(of: "}"))
            let frame = String(line[line.firstIndex(of: "{")!...end]).components(separatedBy: "   ")[0]
            _ = try decoder.decode(ByteBuffer(string: frame))
            count += 1
        }
        #expect(count == 9)
    }

    @Test func theDocumentsErrorTableIsTheCodes() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
        #expect(text.contains(ErrorTable.markdown))
    }

    @Test func theWebClientsErrorTableIsTheCodes() throws {
        let text = try String(contentsOf: GoldenFrames.root.appending(path: "Web/app/codec/errors.js"), encoding: .utf8)
        #expect(text == ErrorTable.javaScript)
    }

    private static func text(_ encode: (inout FrameEncoder, inout ByteBuffer) -> Void) -> String {
        var encoder = FrameEncoder()
        var buffer = ByteBuffer()
        encode(&encoder, &buffer)
        // The WebSocket header: 2 bytes, or 4 from 126 bytes of payload on.
        buffer.moveReaderIndex(forwardBy: buffer.getInteger(at: 1, as: UInt8.self) == 126 ? 4 : 2)
        return String(buffer: buffer)
    }

    private static func entry(
        _ sequence: Int64 = 43, id: Int64 = 178_812_345_678_905_431, client: String = "x1", relatesTo: Int64 = 0
    ) -> Entry {
        Entry(
            conversation: general, sequence: sequence, id: id, stamp: id, kind: .message, sender: UserID(trusted: "u2"),
            clientID: ClientID(trusted: client), time: 1_767_225_600_500 + sequence - 43, messageOrdinal: 40, senderOrdinal: 3,
            relatesTo: relatesTo, content: Array(#"{"type":"text","text":"hi"}"#.utf8))
    }

    private static func serverFrames() -> [String: String] {
        let created = Entry(
            conversation: ConversationID(trusted: "g1"), sequence: 1, id: 9, stamp: 9, kind: .created,
            sender: UserID(trusted: "u1"),
            clientID: ClientID(trusted: "k1"), time: 1, messageOrdinal: 0, senderOrdinal: 0,
            content: ControlContent.bytes(
                for: .create(NewConversation(kind: .group, title: "General"), members: [UserID(trusted: "u2")]), slots: [2]))
        let hello = ServerHello(epoch: "e7", heartbeatMilliseconds: 30_000, authMilliseconds: 5_000, requestsInFlight: 64)
        let ann = UserProfile(user: UserID(trusted: "u1"), name: "Ann")
        let owner = Membership(conversation: general, user: ann.user, slot: 1, role: .owner)
        return [
            "hello": text { $0.hello(hello, into: &$1) },
            "ready": text {
                $0.ready(
                    id: 1, user: ann.user, name: "Ann \"A\"", session: SessionID(trusted: "s1"), connection: "c79", into: &$1)
            },
            "event": text { $0.event(entry(), into: &$1) },
            "event-reply": text { $0.event(entry(44, id: 178_812_345_678_905_432, client: "x2", relatesTo: 40), into: &$1) },
            "event-created": text { $0.event(created, into: &$1) },
            "ack": text { $0.ack(id: 7, entry(), into: &$1) },
            "created": text { $0.created(id: 3, created.conversation, clientID: created.clientID, into: &$1) },
            "page": text { $0.page(id: 9, general, Page(entries: [entry()], head: 44, more: false), into: &$1) },
            "synced": text { $0.synced(id: 2, synced(), into: &$1) },
            "members": text {
                $0.members(id: 6, general, [MemberProfile(profile: ann, membership: owner)], more: false, into: &$1)
            },
            "users": text { $0.users(id: 8, [ann], into: &$1) },
            "ok": text { $0.ok(id: 5, into: &$1) },
            "pong": text { $0.pong(id: 10, time: 1_767_225_600_000, into: &$1) },
            "position": text { $0.position(general, read: 43, delivered: 43, into: &$1) },
            "heartbeat": text { $0.heartbeat(time: 1_767_225_600_000, heads: [(general, 43)], into: &$1) },
            "heartbeat-quiet": text { $0.heartbeat(time: 1_767_225_600_000, heads: [], into: &$1) },
            "behind": text { $0.behind(heads: [(general, 97), (ConversationID(trusted: "team"), 8)], into: &$1) },
            "heads": text { $0.heads([(general, 97)], into: &$1) },
            "reconnect": text { $0.reconnect(afterMilliseconds: 1_200, into: &$1) },
            "error": text {
                $0.error(id: 7, Refusal(.tooLong, field: "content.text", rule: "at most 8000 characters"), into: &$1)
            },
            "error-plain": text { $0.error(id: nil, Refusal(.rateLimited, retryMilliseconds: 250), into: &$1) },
        ]
    }

    private static func synced() -> SyncReply {
        let head = ConversationHead(
            conversation: general, kind: .group, title: "General", sequence: 43, messages: 40, memberCount: 12, lastSlot: 12,
            time: 1_767_225_600_500)
        let user = UserID(trusted: "u1")
        let membership = Membership(conversation: general, user: user, slot: 2, role: .member, read: 40, delivered: 41)
        let first = ConversationSummary(head: head, membership: membership, unread: 3, preview: entry(), peer: nil, stamp: 1)
        let direct = ConversationID(trusted: "d1")
        let second = ConversationSummary(
            head: ConversationHead(conversation: direct, kind: .direct, title: "", memberCount: 2),
            membership: Membership(conversation: direct, user: user, slot: 1, role: .member), unread: 0, preview: nil,
            peer: UserID(trusted: "u2"), stamp: 2)
        let old = ConversationID(trusted: "old")
        let third = ConversationSummary(
            head: ConversationHead(conversation: old, kind: .group, title: "Secret"),
            membership: Membership(conversation: old, user: user, slot: 1, role: .member, active: false), unread: 0, preview: nil,
            peer: nil,
            stamp: 3)
        return SyncReply(
            epoch: "e7", token: SyncToken(stamps: [88_213]),
            conversations: [(first, Page(entries: [entry()], head: 43, more: false)), (second, nil), (third, nil)], more: false)
    }
}
