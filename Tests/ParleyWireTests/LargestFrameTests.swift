import NIOCore
import ParleyDomain
import ParleyWire
import Testing

/// What the server takes it can tell, and who speaks its protocol can read: at the bounds of a request, in every frame that gives its content
/// back, in both encodings.
@Suite struct LargestFrameTests {
    private static let nested = #","x":"# + String(repeating: "[", count: 30) + String(repeating: "]", count: 30)
    /// With `type` and `text`, as many keys as an object may have.
    private static let wide = (2..<Limits.syncPositions).map { #","k\#($0)":0"# }.joined()
    private static let long = String(repeating: #"\ud83d\ude00"#, count: Limits.textCharacters)

    /// The deepest, the widest and the longest content.
    static let contents = [
        #"{"type":"text","text":"x"\#(nested)}"#, #"{"type":"text","text":"x"\#(wide)}"#, #"{"type":"text","text":"\#(long)"}"#,
    ]

    /// The frame as a client gets it: JSON, and the binary form.
    private func decoded(_ encode: (inout FrameEncoder, inout ByteBuffer) -> Void) throws -> [ServerFrame] {
        var (encoder, frames, binary) = (FrameEncoder(), ByteBuffer(), ByteBuffer())
        encode(&encoder, &frames)
        var second = BinaryEncoder()
        second.write(frames, into: &binary)
        var decoder = ServerFrameDecoder()
        let json = try #require(WebSocketFrameHeader.nextPayload(of: &frames))
        let bytes = try #require(WebSocketFrameHeader.nextPayload(of: &binary))
        return [try decoder.decode(json), try decoder.decode(bytes, in: .binary)]
    }

    @Test(arguments: contents) func whatIsTakenIsToldAndRead(content: String) throws {
        var decoder = FrameDecoder()
        let send = #"{"type":"send","id":7,"conversation":"general","client_id":"x1","content":\#(content)}"#
        guard case .command(let command) = try decoder.decode(ByteBuffer(string: send)).frame,
            case .send(let message) = command.action
        else {
            Issue.record("not a send")
            return
        }
        var entry = GoldenAnswers.entry()
        entry.content = message.content
        for frame in try self.decoded({ $0.event(entry, into: &$1) }) {
            guard case .event(_, let received) = frame else {
                Issue.record("no event")
                continue
            }
            #expect(received.sequence == 43 && !received.withheld)
        }
        let page = Page(entries: [entry, entry], head: 43, more: false)
        for frame in try self.decoded({ $0.page(id: 9, GoldenAnswers.general, page, into: &$1) }) {
            guard case .page(9, _, let received) = frame else {
                Issue.record("no page")
                continue
            }
            #expect(received.entries.count == 2)
        }
        let head = ConversationHead(conversation: GoldenAnswers.general, kind: .group, title: "General", sequence: 43)
        let membership = Membership(conversation: GoldenAnswers.general, user: UserID(trusted: "u1"), slot: 1, role: .member)
        let summary = ConversationSummary(
            head: head, membership: membership, unread: 1, preview: entry, peer: nil, stamp: 1)
        let reply = SyncReply(
            epoch: "e7", token: SyncToken(stamps: [1]), conversations: [(summary, page), (summary, page)], more: false)
        for frame in try self.decoded({ $0.synced(id: 2, reply, into: &$1) }) {
            guard case .synced(2, let received) = frame else {
                Issue.record("no synced")
                continue
            }
            #expect(received.conversations.map { $0.entries?.count } == [2, 2])
        }
    }

    /// A forwarded message has a key more than its original.
    @Test func aForwardedCopyOfTheWidestIsRead() throws {
        var entry = GoldenAnswers.entry()
        entry.content = Array((Self.contents[1].dropLast() + #","forwarded":{"sender":"u2","time":5}}"#).utf8)
        for frame in try self.decoded({ $0.event(entry, into: &$1) }) {
            guard case .event(_, let received) = frame else {
                Issue.record("no event")
                continue
            }
            #expect(received.content.count > 5_000)
        }
    }

    /// One head for each conversation of a user, of whom nobody says in how many he is.
    @Test func aHeartbeatOfManyConversationsIsRead() throws {
        let heads = (0..<3_000).map { (ConversationID(trusted: "c\($0)"), Int64($0)) }
        for frame in try self.decoded({ $0.heartbeat(time: 5, heads: heads, into: &$1) }) {
            guard case .heartbeat(5, let received) = frame else {
                Issue.record("no heartbeat")
                continue
            }
            #expect(received == heads.map { KnownHead($0.0, $0.1) })
        }
    }

    /// Whoever waits for a frame that cannot be read learns which request it was.
    @Test func aFrameThatCannotBeReadNamesItsRequest() {
        for broken in [#"{"type":"page","id":9,"entries":[}"#, #"{"type":"page","id":9,"entries":7}"#] {
            var decoder = ServerFrameDecoder()
            let failure = #expect(throws: DecodeFailure.self) { try decoder.decode(ByteBuffer(string: broken)) }
            #expect(failure?.id == 9)
        }
    }
}
