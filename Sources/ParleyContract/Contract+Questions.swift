import ParleyDomain

/// Questions.
extension Contract {
    private static let sequence = Field.must("sequence", .sequence)
    private static let afterSlot = Field.may(
        "after_slot", .integer(0...Int64(Int32.max)), "The slot of the last member of the page before.")
    private static let afterUser = Field.may(
        "after", .text(0...Limits.identifierBytes, .identifierOrEmpty), "The last user of the page before.")
    private static let link = Field.must("link", .text(1...Limits.linkBytes, .link))

    static let questionRequests: [RequestDescription] =
        [
            RequestDescription(
                "members", "Members by slot; or who changed since a version; or who is invited, has asked to join, or is banned.",
                [
                    Form([conversation, afterSlot, limit]),
                    Form([
                        conversation, .must("version", .text(0...1_302, .place), "As an earlier answer gave it; empty for all."),
                        limit,
                    ]),
                    Form([conversation, .must("state", .word(["invited", "requested", "banned"])), afterUser, limit]),
                ], answers: ["members"], example: #"{"conversation":"general","after_slot":0,"limit":100}"#, judged: ["version"]),
            RequestDescription(
                "users", "Names of users.",
                [Form([.must("users", .list(.identifier, 1...Limits.usersPerRequest, distinct: true))])], answers: ["users"],
                example: #"{"users":["u1","u9"]}"#),
            question(
                "receipts", "How many have, and have read, one's own messages; the newest ones unless some are named.",
                [.may("sequences", .list(.sequence, 1...Limits.receiptsPerRequest, distinct: true))], answer: "receipts",
                example: #"{"conversation":"general","sequences":[40,42]}"#),
            question(
                "readers", "Who has read one's own message, who has not, or who has it.",
                [sequence, .must("list", .word(ReaderList.allCases.map(\.name))), afterSlot, limit], answer: "readers",
                example: #"{"conversation":"general","sequence":40,"list":"unread","after_slot":3,"limit":100}"#),
            question(
                "receipt_record", "The same for programs, packed.", [sequence], answer: "receipt_record",
                example: #"{"conversation":"general","sequence":40}"#),
            RequestDescription(
                "presence", "Who is online, of users or in a conversation.",
                [
                    Form([.must("users", .list(.identifier, 1...Limits.presencePerRequest, distinct: true)), watch]),
                    Form([conversation, watch]),
                ], answers: ["presence"], example: #"{"conversation":"general"}"#),
        ] + messageQuestions + recordQuestions

    private static let watch = Field(
        name: "watch", shape: .boolean, isRequired: false, note: "Whether changes are pushed to this connection.", isLive: true)

    private static let messageQuestions: [RequestDescription] = [
        question(
            "thread", "The messages of a thread, oldest first.", [.must("root", .sequence), .may("after", .count), limit],
            answer: "page", example: #"{"conversation":"general","root":12,"after":0,"limit":50}"#),
        question(
            "revisions", "A message and its edits, oldest first.", [sequence, .may("after", .count), limit], answer: "page",
            example: #"{"conversation":"general","sequence":42,"after":0,"limit":50}"#),
        question(
            "reactions", "Who put this emoji to a message.", [sequence, emoji, afterUser, limit], answer: "reactions",
            example: #"{"conversation":"general","sequence":42,"emoji":"👍","after":"u2","limit":50}"#),
        question("pins", "The pinned messages, newest pin first.", answer: "page", example: #"{"conversation":"general"}"#),
        question(
            "mentions", "Messages that mention one, oldest first.", [.may("after", .count), limit], answer: "page",
            example: #"{"conversation":"general","after":40,"limit":50}"#),
        question(
            "audit", "What was changed in the conversation, newest first; for administrators.",
            [.may("before", .sequence), limit],
            answer: "page", example: #"{"conversation":"general","before":500,"limit":50}"#),
    ]

    private static let recordQuestions: [RequestDescription] = [
        question(
            "links", "Links that can be used: all for administrators, one's own for others.", answer: "links",
            example: #"{"conversation":"general"}"#),
        RequestDescription(
            "link_info", "What a link leads to.", [Form([link])], answers: ["link_info"], example: #"{"link":"k7.x2"}"#),
        RequestDescription("blocks", "Whom one has blocked.", [Form([])], answers: ["blocks"], example: "{}"),
        question(
            "reports", "What members reported, newest first; for administrators.",
            [.may("before", .sequence, "The number of a report."), limit], answer: "reports",
            example: #"{"conversation":"general","before":18,"limit":50}"#),
    ]

    // MARK: One's own settings

    static let settingRequests: [RequestDescription] = [
        question(
            "notify", "What of a conversation counts for the badge and wakes a phone.",
            [.must("level", .word(NotifyLevel.allCases.map(\.name)))], answer: "ok",
            example: #"{"conversation":"general","level":"mentions"}"#),
        RequestDescription(
            "preferences", "Whether others learn what one has read and whether one is online; asks where nothing is set.",
            [Form([.may("receipts", .boolean), .may("presence", .boolean)])], answers: ["preferences", "ok"],
            example: #"{"receipts":false,"presence":false}"#),
        RequestDescription(
            "block", "Takes no messages, invitations and additions from a user; or takes them again.",
            [Form([.must("user", .identifier), on])], answers: ["ok"], example: #"{"user":"u9","on":true}"#, judged: ["user"]),
        question(
            "report", "Tells the administrators of a message.",
            [sequence, .must("reason", .text(1...Limits.reasonCharacters))], answer: "ok",
            example: #"{"conversation":"general","sequence":40,"reason":"spam"}"#),
        question(
            "resolve", "Takes the reports of a message off the list; for administrators.", [sequence], answer: "ok",
            example: #"{"conversation":"general","sequence":40}"#),
        RequestDescription(
            "data", "One's own private JSON, of the account or of a conversation; asks where none is given.",
            [
                Form([
                    .may("conversation", .identifier),
                    .may("data", .object(Form([], isOpen: true)), "The whole object; at most \(Limits.privateDataBytes) bytes."),
                ])
            ],
            answers: ["data", "ok"], example: #"{"conversation":"general","data":{"color":"red"}}"#),
        RequestDescription(
            "typing", "Tells the members that one writes.", [Form([conversation])], answers: ["ok"],
            example: #"{"conversation":"general"}"#, way: .socketOnly),
        RequestDescription(
            "follow", "Whether this connection gets the events of a conversation, or only its heads.",
            [Form([conversation, .must("push", .boolean)])], answers: ["ok"],
            example: #"{"conversation":"general","push":false}"#,
            way: .socketOnly),
    ]
}
