import ParleyDomain

/// What the server says: answers, pushes, and the parts that they are made of.
extension Contract {
    private static let standing = ["owner", "administrator", "member"]
    private static let more = Field.must("more", .boolean, "Whether to ask on.")
    private static let users = Field.must("users", .list(.part("Profile"), 0...100_000, distinct: false))
    private static let heads = Field.must("heads", .map(.count, atMost: 1_000_000), "The newest sequence of each conversation.")

    /// By name; shapes refer to them.
    package static let parts: [(name: String, shape: Shape)] = [
        ("Content", .object(contentForm)),
        ("Rules", .object(Form(rules))), ("RulesChange", .object(Form(rules, someOf: rules.map(\.name)))),
        ("Profile", .object(.must("user", .identifier), .must("name", name))),
        ("Entry", .object(Form(entryFields + stateFields))),
        ("Summary", .either([.object(Form(memberFields)), .object(Form(strangerFields))])),
        (
            "Member",
            .object(
                .must("user", .identifier), .must("name", name), .must("slot", .count), .must("role", .word(standing)),
                .must("active", .boolean), .may("state", .word(["invited", "requested", "banned"])), .may("muted_until", .count))
        ),
        (
            "Counts",
            .object(.must("sequence", .sequence), .must("total", .count), .must("read", .count), .must("delivered", .count))
        ),
        ("Presence", .object(.must("user", .identifier), .must("online", .boolean), .may("seen", .count))),
    ]

    /// A name that was taken before; what it may be is for whoever gives it.
    private static let name = Shape.text(0...Limits.nameCharacters)
    private static let allowance = Shape.word(Allowance.allCases.map(\.name))

    /// Each has a value unless set (docs/PROTOCOL.md); a change names at least one.
    private static let rules: [Field] = [
        .may("send", allowance), .may("invite", allowance), .may("mention_all", allowance),
        .may("join", .word(Joining.allCases.map(\.name)), "What a link gives."),
        .may("slow_ms", .integer(0...Limits.slowMilliseconds), "The least time between two messages of a member."),
        .may("recall_ms", .integer(0...Limits.recallMilliseconds), "How long a message can be taken back; 0: never."),
        .may("receipts", .boolean),
    ]

    /// Types of content that only the server makes.
    private static let serverTypes = EntryKind.allCases.filter { $0 != .message }.map(\.name) + ["ended", "system"]

    /// What a client may send; what stands beside it is kept and delivered as it came.
    private static let contentForm = Form(
        [
            .must("type", .identifier(except: serverTypes), "text, image, audio, video, file, sticker, red_packet, or your own."),
            .must("text", .text(1...Limits.textCharacters), "The message, or the plain text in the place of another type."),
            .may("mentions", .list(.identifier, 0...Limits.mentionsPerMessage, distinct: true)), .may("mention_all", .boolean),
        ], isOpen: true, forbidden: ["forwarded"])

    // MARK: Entries

    /// As they never change.
    private static let entryFields: [Field] = [
        .must("sequence", .sequence, "Its place in the log of the conversation, without holes from 1 on."),
        .must("message", .text(1...20, .digits), "Its id."), .must("kind", .word(EntryKind.allCases.map(\.name))),
        .must("sender", .identifier), .must("client_id", .identifier), .must("time", .count, "Milliseconds since 1970."),
        .may("reply_to", .sequence), .may("target", .sequence), .may("thread", .sequence),
        .may("content", .object(Form([.must("type", .identifier)], isOpen: true))),
        .may("withheld", .always(true), "In the place of content that may not be shown."),
    ]

    /// As later entries made it.
    private static let stateFields: [Field] = [
        .may("edited", .sequence), .may("recalled", .sequence), .may("pinned", .always(true)),
        .may("replies", .integer(1...Int64(Limits.repliesShown))),
        .may(
            "reactions",
            .list(
                .object(.must("emoji", .text(1...Limits.emojiBytes)), .must("count", .sequence), .must("mine", .boolean)),
                1...Limits.emojiPerMessage, distinct: false)),
    ]

    private static func entries(_ isRequired: Bool = true) -> Field {
        Field(
            name: "entries", shape: .list(.part("Entry"), 0...Limits.pageEntriesMax, distinct: false), isRequired: isRequired,
            note: "")
    }

    // MARK: The list of conversations

    private static let strangerFields: [Field] = [
        .must("conversation", .identifier), .must("kind", .word(ConversationKind.allCases.map(\.name))), .may("title", name),
        .must("role", .word(["none", "invited", "requested"])),
    ]

    private static let memberFields: [Field] = [
        .must("conversation", .identifier), .must("kind", .word(ConversationKind.allCases.map(\.name))), .must("title", name),
        .may("peer", .identifier, "The other one of two."), .must("role", .word(standing)), .must("members", .count),
        .must("head", .count), .must("read", .count), .must("delivered", .count), .must("unread", .count),
        .may("mentions", .count), .may("notify", .word(["mentions", "none"])), .may("muted_until", .count),
        .may("description", .text(1...Limits.descriptionCharacters)), .may("avatar", .text(1...Limits.avatarCharacters)),
        .may("member_cap", .count), .may("history_visible", .boolean), .may("rules", .part("Rules")),
        .may("dissolved", .always(true)), .may("blocked", .always(true)), .must("visible_from", .count), .must("time", .count),
        .may("preview", .part("Entry")), entries(false), .may("more", .boolean),
    ]

    // MARK: Frames

    package static let serverFrames: [ServerFrameDescription] = answers + answersToQuestions + pushes

    private static let answers: [ServerFrameDescription] = [
        ServerFrameDescription(
            type: "error", summary: "What was not done, why, and whether to ask again.",
            form: refusal(ErrorCode.allCases), isAnswer: true, name: "Refusal"),
        .answer(
            "ready", "Who one is; the connection is live from here on.", .must("user", .identifier), .must("name", name),
            .must("session", .identifier), .must("connection", .text(1...64))),
        .answer(
            "ack", "On disk, at its final sequence.", conversation, .must("client_id", .identifier), .must("sequence", .sequence),
            .must("message", .text(1...20, .digits)), .must("time", .count)),
        .answer(
            "created", "The conversation is there.", conversation, .must("client_id", .identifier),
            .must("sequence", .number([1]))),
        .answer("ok", "It is done."),
        .answer("pong", "The server's time.", .must("time", .count)),
        .answer("page", "Entries, and the newest sequence.", conversation, .must("head", .count), entries(), more),
        .answer(
            "synced", "Conversations that changed, and where to go on.", .must("epoch", .text(1...64)),
            .must("token", .text(1...1_302, .place)),
            .must("conversations", .list(.part("Summary"), 0...Limits.syncConversations, distinct: false)), more),
    ]

    private static let answersToQuestions: [ServerFrameDescription] = [
        .answer(
            "members", "A page of members.", conversation,
            .must("members", .list(.part("Member"), 0...Limits.pageEntriesMax, distinct: false)),
            more, .may("version", .text(1...1_302, .place), "To ask who changed since.")),
        .answer("users", "Users who exist, of those asked for.", users),
        .answer("blocks", "Blocked users.", users),
        .answer("reactions", "A page of users.", conversation, .must("sequence", .sequence), emoji, users, more),
        .answer(
            "receipts", "Counts of messages.", conversation,
            .must("counts", .list(.part("Counts"), 0...Limits.receiptsPerRequest, distinct: false))),
        .answer(
            "readers", "A page of members.", conversation, .must("sequence", .sequence),
            .must("list", .word(ReaderList.allCases.map(\.name))),
            .must(
                "members",
                .list(
                    .object(.must("user", .identifier), .must("name", name), .must("slot", .count)), 0...Limits.pageEntriesMax,
                    distinct: false)), more),
        .answer(
            "receipt_record", "Who has read, packed (docs/receipts.md).", conversation, .must("sequence", .sequence),
            .must("record", .text(0...4_000_000, .base64))),
        .answer(
            "presence", "Who is online, and how many.",
            .must("users", .list(.part("Presence"), 0...Limits.presencePerRequest, distinct: false)),
            .must("online", .count)),
        .answer(
            "links", "Links, each with the token to hand on.", conversation,
            .must(
                "links",
                .list(
                    .object(
                        .must("link", .identifier), .must("token", .text(1...Limits.linkBytes, .link)),
                        .must("user", .identifier),
                        .must("expires", .count), .must("uses", .count), .must("used", .count)),
                    0...Limits.linksPerConversation, distinct: false))),
        .answer(
            "link_info", "What a link leads to.", conversation, .must("title", name), .must("members", .count),
            .must("role", .word(standing + ["invited", "requested", "none"]), "How one stands to it."),
            .must("join", .word(Joining.allCases.map(\.name))), .may("description", .text(1...Limits.descriptionCharacters)),
            .may("avatar", .text(1...Limits.avatarCharacters))),
        .answer("preferences", "As set.", .must("receipts", .boolean), .must("presence", .boolean)),
        .answer(
            "reports", "What members reported.", conversation,
            .must(
                "reports",
                .list(
                    .object(
                        .must("report", .sequence, "Its number."), .must("sequence", .sequence), .must("user", .identifier),
                        .must("reason", .text(1...Limits.reasonCharacters)),
                        .must("time", .count)), 0...Limits.pageEntriesMax, distinct: false)), .must("more", .boolean)),
        .answer(
            "data", "One's private JSON; without data there is none.", .may("conversation", .identifier),
            .may("data", .object(Form([], isOpen: true)))),
    ]

    private static let pushes: [ServerFrameDescription] = [
        .push(
            "hello", "The first frame of a socket.", .must("protocol", .text(1...64)), .must("epoch", .text(1...64)),
            .must("heartbeat_ms", .sequence), .must("auth_ms", .sequence),
            .must(
                "limits",
                .object(
                    .must("frame_bytes", .sequence), .must("text_characters", .sequence), .must("page_entries", .sequence),
                    .must("requests_in_flight", .sequence)))),
        ServerFrameDescription(
            type: "event", summary: "A new entry of a conversation.",
            form: Form([.must("type", .word(["event"])), conversation] + entryFields), isAnswer: false, name: "EventPush"),
        .push(
            "position", "What the user read elsewhere.", conversation, .must("read", .count), .must("delivered", .count)),
        .push("heartbeat", "The server's time, and what changed since the last one.", .must("time", .count), heads),
        .push("behind", "Pushes were left out: pull what is missing.", heads),
        .push("heads", "What changed in conversations whose events are not pushed.", heads),
        .push("reconnect", "The server goes: connect again after this time.", .must("after_ms", .count)),
        .push(
            "receipts", "New counts of one's own messages.", conversation,
            .must("counts", .list(.part("Counts"), 0...100_000, distinct: false))),
        .push(
            "typing", "Who is writing.", conversation,
            .must("users", .list(.identifier, 1...Limits.typingConnections, distinct: true))),
        .push("presence", "Who came and went.", .must("users", .list(.part("Presence"), 1...1_000_000, distinct: false))),
    ]

    /// An error with one of these numbers.
    static func refusal(_ codes: [ErrorCode]) -> Form {
        Form([
            .must("type", .word(["error"])), .may("id", .count, "Of the request, where it could be told."),
            .must("code", .number(codes.map { Int64($0.rawValue) }.sorted())),
            .must("name", .word(codes.sorted { $0.rawValue < $1.rawValue }.map(\.name))),
            .must("message", .text(1...4_096), "What is wrong and what to do, for a person."),
            .may("field", .text(1...256), "Which field."), .may("rule", .text(1...1_024), "Which rule it breaks."),
            .must("retry", .word(["never", "later", "after_change"])),
            .may("retry_ms", .sequence, "Not before so many milliseconds."),
        ])
    }
}
