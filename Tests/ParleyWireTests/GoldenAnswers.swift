import NIOCore
import ParleyDomain
import ParleyWire

/// What the encoder makes of the values behind each line of `docs/golden/server.txt`.
enum GoldenAnswers {
    static let general = ConversationID(trusted: "general")
    private static let ann = UserProfile(user: UserID(trusted: "u1"), name: "Ann")
    private static let ben = UserProfile(user: UserID(trusted: "u2"), name: "Ben")
    private static let dan = UserProfile(user: UserID(trusted: "u4"), name: "Dan")

    static var all: [String: String] {
        self.entries.merging(self.lists) { $1 }.merging(self.records) { $1 }.merging(self.pushes) { $1 }
    }

    private static func text(_ encode: (inout FrameEncoder, inout ByteBuffer) -> Void) -> String {
        var encoder = FrameEncoder()
        var buffer = ByteBuffer()
        encode(&encoder, &buffer)
        // The WebSocket header: 2 bytes, or 4 from 126 bytes of payload on.
        buffer.moveReaderIndex(forwardBy: buffer.getInteger(at: 1, as: UInt8.self) == 126 ? 4 : 2)
        return String(buffer: buffer)
    }

    // MARK: Values

    static func entry(
        _ sequence: Int64 = 43, id: Int64 = 178_812_345_678_905_431, client: String = "x1", kind: EntryKind = .message,
        relatesTo: Int64 = 0, thread: Int64 = 0, content: String = #"{"type":"text","text":"hi"}"#
    ) -> Entry {
        Entry(
            conversation: general, sequence: sequence, id: id, stamp: id, kind: kind, sender: self.ben.user,
            clientID: ClientID(trusted: client), time: 1_767_225_600_500 + sequence - 43, messageOrdinal: 40, senderOrdinal: 3,
            relatesTo: relatesTo, thread: thread, content: Array(content.utf8))
    }

    private static let created = Entry(
        conversation: ConversationID(trusted: "g1"), sequence: 1, id: 9, stamp: 9, kind: .created, sender: ann.user,
        clientID: ClientID(trusted: "k1"), time: 1, messageOrdinal: 0, senderOrdinal: 0,
        content: ControlContent.bytes(
            for: .create(NewConversation(kind: .group, title: "General"), members: [ben.user]), slots: [2]))

    /// Messages to which things were done, and entries about a message that the reader may not see.
    static let changedPage = Page(
        entries: [
            entry(40, id: 5, client: "m1", thread: 12), entry(41, id: 6, client: "m2", content: ""),
            entry(42, id: 7, client: "m3", kind: .reaction, relatesTo: 3, content: ""),
            entry(43, id: 8, client: "m4", kind: .pin, relatesTo: 40, content: #"{"type":"pin","on":true}"#),
        ],
        states: [
            40: MessageState(
                edited: 42, pinned: true, replies: 3,
                reactions: [ReactionCount(emoji: "👍", count: 2, mine: true), ReactionCount(emoji: "🎉", count: 1, mine: false)]),
            41: MessageState(recalled: 44, replies: 1),
        ],
        head: 44, more: true)

    private static func membership(
        _ user: UserProfile, _ slot: Int32, _ role: Role = .member, _ state: MemberState = .active, mutedUntil: Int64 = 0
    ) -> MemberProfile {
        let membership = Membership(
            conversation: self.general, user: user.user, slot: slot, role: role, state: state, mutedUntil: mutedUntil)
        return MemberProfile(profile: user, membership: membership)
    }

    // MARK: Frames

    private static var entries: [String: String] {
        let hello = ServerHello(epoch: "e7", heartbeatMilliseconds: 30_000, authMilliseconds: 5_000, requestsInFlight: 64)
        let edit = self.entry(57, id: 3, client: "e1", kind: .edit, relatesTo: 42)
        return [
            "hello": self.text { $0.hello(hello, into: &$1) },
            "ready": self.text {
                let session = SessionID(trusted: "s1")
                $0.ready(id: 1, user: self.ann.user, name: "Ann \"A\"", session: session, connection: "c79", into: &$1)
            },
            "event": self.text { $0.event(self.entry(), into: &$1) },
            "event-reply": self.text {
                $0.event(self.entry(44, id: 178_812_345_678_905_432, client: "x2", relatesTo: 40), into: &$1)
            },
            "event-thread": self.text {
                $0.event(self.entry(45, id: 178_812_345_678_905_433, client: "x3", relatesTo: 40, thread: 12), into: &$1)
            },
            "event-created": self.text { $0.event(self.created, into: &$1) },
            "event-edit": self.text { $0.event(edit, into: &$1) },
            "event-withheld": self.text { $0.event(edit, withheld: true, into: &$1) },
            "event-reaction": self.text {
                let content = ControlContent.bytes(for: .react(target: 42, emoji: "👍", on: true), slots: [])
                let reaction = self.entry(
                    58, id: 4, client: "e3", kind: .reaction, relatesTo: 42, content: String(decoding: content, as: UTF8.self))
                $0.event(reaction, into: &$1)
            },
            "ack": self.text { $0.ack(id: 7, self.entry(), into: &$1) },
            "created": self.text { $0.created(id: 3, self.created.conversation, clientID: self.created.clientID, into: &$1) },
            "page": self.text { $0.page(id: 9, self.general, Page(entries: [self.entry()], head: 44, more: false), into: &$1) },
            "page-changed": self.text { $0.page(id: 9, self.general, self.changedPage, into: &$1) },
            "synced": self.text { $0.synced(id: 2, self.synced, into: &$1) },
            "synced-changed": self.text { $0.synced(id: 2, self.syncedChanged, into: &$1) },
        ]
    }

    private static var lists: [String: String] {
        [
            "members": self.text {
                $0.members(
                    id: 6, self.general, [self.membership(self.ann, 1, .owner)], more: false,
                    version: SyncToken(stamps: [88_213]), into: &$1)
            },
            "members-states": self.text {
                let members = [
                    self.membership(self.ben, 2, mutedUntil: 1_767_229_200_000), self.membership(self.dan, 4, .member, .left),
                    self.membership(UserProfile(user: UserID(trusted: "u9"), name: "Max"), 0, .member, .banned),
                ]
                $0.members(id: 6, self.general, members, more: true, into: &$1)
            },
            "users": self.text { $0.users(id: 8, [self.ann], into: &$1) },
            "reactions": self.text {
                $0.reactions(id: 9, self.general, sequence: 42, emoji: "👍", [self.ben], more: false, into: &$1)
            },
            "receipts": self.text { $0.receipts(id: 5, self.general, self.counts, into: &$1) },
            "readers": self.text {
                $0.readers(
                    id: 5, self.general, sequence: 40, list: .unread, [self.membership(self.dan, 4)], more: false, into: &$1)
            },
            "receipt-record": self.text {
                $0.receiptRecord(id: 5, self.general, sequence: 40, [0, 1, 2, 0xFB, 0xFF, 0xFE, 0x7F], into: &$1)
            },
            "presence": self.text {
                let users = [
                    PresenceLine(user: self.ben.user, online: true, seen: 9),
                    PresenceLine(user: UserID(trusted: "u3"), online: false, seen: 1_767_225_600_000),
                    PresenceLine(user: self.dan.user, online: false),
                ]
                $0.presence(id: 5, users, online: 1, into: &$1)
            },
        ]
    }

    private static var records: [String: String] {
        let links = [
            InviteLink(conversation: self.general, link: NewLink(id: "k7"), user: self.ann.user, used: 3),
            InviteLink(
                conversation: self.general, link: NewLink(id: "k8", expires: 1_767_229_200_000, uses: 10), user: self.ben.user,
                used: 0),
        ]
        var closed = ConversationHead(conversation: self.general, kind: .group, title: "General", memberCount: 12)
        closed.description = "All of us"
        closed.avatar = "🌍"
        closed.rules.joining = .approval
        let open = ConversationHead(conversation: self.general, kind: .group, title: "General", memberCount: 12)
        let asked = Membership(conversation: self.general, user: self.ann.user, slot: 0, role: .member, state: .requested)
        return [
            "links": self.text { $0.links(id: 6, self.general, [(links[0], "k7.x2"), (links[1], "k8.y3")], into: &$1) },
            "link-info": self.text { $0.linkInfo(id: 6, LinkPreview(head: open, membership: nil), into: &$1) },
            "link-info-asked": self.text { $0.linkInfo(id: 6, LinkPreview(head: closed, membership: asked), into: &$1) },
            "preferences": self.text { $0.preferences(id: 5, Preferences(receipts: true, presence: false), into: &$1) },
            "blocks": self.text {
                $0.blocks(id: 5, [UserProfile(user: UserID(trusted: "u9"), name: "Max")], into: &$1)
            },
            "reports": self.text {
                let report = Report(
                    number: 17, sequence: 40, user: self.ben.user, reason: "spam \"again\"", time: 1_767_225_600_000)
                $0.reports(id: 5, self.general, [report], more: false, into: &$1)
            },
            "data": self.text { $0.data(id: 5, self.general, Array(#"{"color":"red"}"#.utf8), into: &$1) },
            "data-none": self.text { $0.data(id: 5, nil, nil, into: &$1) },
            "ok": self.text { $0.ok(id: 5, into: &$1) },
            "pong": self.text { $0.pong(id: 10, time: 1_767_225_600_000, into: &$1) },
            "error": self.text {
                $0.error(id: 7, Refusal(.tooLong, field: "content.text", rule: "at most 8000 characters"), into: &$1)
            },
            "error-plain": self.text { $0.error(id: nil, Refusal(.rateLimited, retryMilliseconds: 250), into: &$1) },
        ]
    }

    private static var pushes: [String: String] {
        [
            "position": self.text { $0.position(self.general, read: 43, delivered: 43, into: &$1) },
            "heartbeat": self.text { $0.heartbeat(time: 1_767_225_600_000, heads: [(self.general, 43)], into: &$1) },
            "heartbeat-quiet": self.text { $0.heartbeat(time: 1_767_225_600_000, heads: [], into: &$1) },
            "behind": self.text { $0.behind(heads: [(self.general, 97), (ConversationID(trusted: "team"), 8)], into: &$1) },
            "reconnect": self.text { $0.reconnect(afterMilliseconds: 1_200, into: &$1) },
            "heads": self.text { $0.heads([(self.general, 97)], into: &$1) },
            "receipts-pushed": self.text { $0.receipts(self.general, self.counts, into: &$1) },
            "typing": self.text { $0.typing(self.general, [self.ben.user], into: &$1) },
            "presence-pushed": self.text {
                $0.presence([PresenceLine(user: UserID(trusted: "u3"), online: true)], into: &$1)
            },
        ]
    }

    private static let counts = [
        MessageReceipts(sequence: 40, counts: ReceiptCounts(total: 11, read: 3, delivered: 5)),
        MessageReceipts(sequence: 42, counts: ReceiptCounts(total: 11, read: 0, delivered: 1)),
    ]

    private static var synced: SyncReply {
        let head = ConversationHead(
            conversation: self.general, kind: .group, title: "General", sequence: 43, messages: 40, memberCount: 12, lastSlot: 12,
            time: 1_767_225_600_500)
        let user = self.ann.user
        let membership = Membership(
            conversation: self.general, user: user, slot: 2, role: .member, read: 40, delivered: 41)
        let first = ConversationSummary(
            head: head, membership: membership, unread: 3, preview: self.entry(), peer: nil, stamp: 1)
        let direct = ConversationID(trusted: "d1")
        let second = ConversationSummary(
            head: ConversationHead(conversation: direct, kind: .direct, title: "", memberCount: 2),
            membership: Membership(conversation: direct, user: user, slot: 1, role: .member), unread: 0, preview: nil,
            peer: self.ben.user, stamp: 2)
        let page = Page(entries: [self.entry()], head: 43, more: false)
        return SyncReply(
            epoch: "e7", token: SyncToken(stamps: [88_213]),
            conversations: [(first, page), (second, nil), (self.outside("old", .left), nil)], more: false)
    }

    /// A conversation that the user is not in.
    private static func outside(_ name: String, _ state: MemberState) -> ConversationSummary {
        let conversation = ConversationID(trusted: name)
        let head = ConversationHead(conversation: conversation, kind: .group, title: "Secret")
        let membership = Membership(conversation: conversation, user: self.ann.user, slot: 1, role: .member, state: state)
        return ConversationSummary(head: head, membership: membership, unread: 0, preview: nil, peer: nil, stamp: 3)
    }

    /// Everything that stands in a summary only where it applies.
    private static var syncedChanged: SyncReply {
        var head = ConversationHead(
            conversation: self.general, kind: .group, title: "General", sequence: 44, messages: 40, memberCount: 12,
            memberCap: 1_000, lastSlot: 12, historyVisible: false, time: 1_767_225_600_500)
        head.description = "All of us"
        head.avatar = "🌍"
        head.dissolved = true
        head.rules.send = .administrators
        head.rules.slowMilliseconds = 5_000
        var membership = Membership(conversation: self.general, user: self.ann.user, slot: 2, role: .administrator)
        membership.notify = .mentions
        membership.mutedUntil = 1_767_229_200_000
        let first = ConversationSummary(
            head: head, membership: membership, unread: 3, mentions: 2, preview: self.entry(41, id: 6, client: "m2", content: ""),
            previewState: MessageState(recalled: 44), peer: nil, stamp: 1)
        let direct = ConversationID(trusted: "d1")
        var blocked = Membership(conversation: direct, user: self.ann.user, slot: 1, role: .member)
        blocked.blocked = true
        let second = ConversationSummary(
            head: ConversationHead(conversation: direct, kind: .direct, title: "", memberCount: 2), membership: blocked,
            unread: 0, preview: nil, peer: self.ben.user, stamp: 2)
        return SyncReply(
            epoch: "e7", token: SyncToken(stamps: [88_213]),
            conversations: [
                (first, nil), (second, nil), (self.outside("g2", .invited), nil), (self.outside("g3", .requested), nil),
                (self.outside("g4", .banned), nil),
            ], more: true)
    }
}
