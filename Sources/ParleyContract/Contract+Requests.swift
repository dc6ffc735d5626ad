import ParleyDomain

/// Requests about messages and what is done to them, and those that keep a client in step.
extension Contract {
    static let conversation = Field.must("conversation", .identifier)
    static let clientID = Field.must(
        "client_id", .identifier, "The sender's own name for it: the same again gives the same answer and does nothing twice.")
    static let limit = Field.may(
        "limit", .integer(1...Int64(Limits.pageEntriesMax)), "\(Limits.pageEntries) unless given.")
    static let target = Field.must("target", .sequence, "The sequence of the message.")
    static let on = Field.must("on", .boolean)
    static let emoji = Field.must("emoji", .text(1...Limits.emojiBytes, .emoji))
    static let content = Field.must("content", .part("Content"))

    /// A request that becomes an entry: it names its conversation and has a client id.
    static func command(
        _ type: String, _ summary: String, _ fields: [Field] = [], answers: [String] = ["ack"], example: String,
        judged: [String] = []
    ) -> RequestDescription {
        RequestDescription(
            type, summary, [Form([self.conversation, self.clientID] + fields)], answers: answers, example: example, judged: judged
        )
    }

    /// A question about a conversation.
    static func question(
        _ type: String, _ summary: String, _ fields: [Field] = [], answer: String, example: String
    ) -> RequestDescription {
        RequestDescription(type, summary, [Form([self.conversation] + fields)], answers: [answer], example: example)
    }

    static let messageRequests: [RequestDescription] = [
        command(
            "send", "Sends a message.",
            [
                .may("reply_to", .sequence, "Quotes an earlier entry."),
                .may("thread", .sequence, "The message whose thread it stands in."), content,
            ], example: #"{"conversation":"general","client_id":"01J-8","content":{"type":"text","text":"hello"}}"#,
            judged: ["reply_to", "thread"]),
        command(
            "edit", "Gives one's own message another content.", [target, content],
            example: #"{"conversation":"general","client_id":"e1","target":42,"content":{"type":"text","text":"hello!"}}"#),
        command(
            "recall", "Takes a message back.", [target], example: #"{"conversation":"general","client_id":"e2","target":42}"#),
        command(
            "react", "Puts an emoji to a message, or takes it away; `ok`: it is so already.", [target, emoji, on],
            answers: ["ack", "ok"],
            example: #"{"conversation":"general","client_id":"e3","target":42,"emoji":"👍","on":true}"#),
        command(
            "pin", "Pins a message, or takes the pin away; `ok`: it is so already.", [target, on], answers: ["ack", "ok"],
            example: #"{"conversation":"general","client_id":"e5","target":42,"on":true}"#),
        command(
            "forward", "Copies a message of another conversation into this one.",
            [.must("from", .object(conversation, .must("sequence", .sequence)))],
            example: #"{"conversation":"general","client_id":"e6","from":{"conversation":"team","sequence":9}}"#),
        RequestDescription(
            "history", "A page of entries: after a place, oldest first; or before one, newest first.",
            [
                Form([conversation, .may("after", .count), limit]),
                Form([conversation, .must("before", .sequence), limit]),
            ], answers: ["page"], example: #"{"conversation":"general","after":41,"limit":50}"#),
        RequestDescription(
            "sync", "One's conversations that changed, and what is missing of them.",
            [
                Form([
                    .may("epoch", .text(0...4_094), "As the last answer gave it."),
                    .may("token", .text(0...1_302, .place), "As the last answer gave it; empty for all."),
                    .may("positions", .map(.count, atMost: Limits.syncPositions), "How far the client has each conversation."),
                ])
            ], answers: ["synced"], example: #"{"epoch":"e7","token":"1.88213","positions":{"general":41,"team":7}}"#,
            judged: ["token"]),
        RequestDescription(
            "read", "Moves one's position of reading, or of having, forward.",
            [
                Form(
                    [conversation, .may("sequence", .sequence), .may("delivered", .sequence)], someOf: ["sequence", "delivered"])
            ], answers: ["ok"], example: #"{"conversation":"general","sequence":43}"#, judged: ["sequence", "delivered"]),
        RequestDescription(
            "auth", "Shows who one is; the first request on a socket.",
            [Form([.must("token", .text(0...4_094))]), Form([.must("ticket", .text(0...4_094))])], answers: ["ready"],
            example: #"{"ticket":"pt1.abc"}"#, way: .socketOnly),
        RequestDescription("ping", "Asks for the server's time.", [Form([])], answers: ["pong"], example: "{}"),
    ]
}

/// Requests about groups and their members.
extension Contract {
    private static let user = Field.must("user", .identifier)
    private static let token = Field.must(
        "link", .text(1...Limits.linkBytes, .link), "As it is handed on: its name, a dot, a secret.")
    private static let appearance: [Field] = [
        .may("description", .text(0...Limits.descriptionCharacters, .lines)),
        .may("avatar", .text(0...Limits.avatarCharacters, .visible)),
        .may("member_cap", .integer(2...Int64(Limits.membersPerGroupMax)), "\(Limits.membersPerGroup) unless set."),
        .may("history_visible", .boolean, "Whether new members see what was before them."),
    ]

    private static func users(_ name: String, _ most: Int) -> Field {
        .must(name, .list(.identifier, 1...most, distinct: true), "Different users, not the one who asks.")
    }

    static let groupRequests: [RequestDescription] =
        [
            RequestDescription(
                "create", "Makes a group, or the conversation of two.",
                [
                    Form(
                        [
                            clientID, .must("kind", .word(["group"])), .must("title", .text(1...Limits.nameCharacters, .name)),
                            users("members", Limits.usersPerRequest),
                        ] + appearance + [.may("rules", .part("Rules"))]),
                    Form([
                        clientID, .must("kind", .word(["direct"])), .must("members", .list(.identifier, 1...1, distinct: true)),
                    ]),
                ], answers: ["created"],
                example: #"{"client_id":"k1","kind":"group","title":"General","members":["u2","u3"]}"#, judged: ["members"]),
            RequestDescription(
                "change", "Changes the settings of a group: at least one field.",
                [
                    Form(
                        [conversation, clientID, .may("title", .text(1...Limits.nameCharacters, .name))] + appearance
                            + [.may("rules", .part("RulesChange"))],
                        someOf: ["title", "description", "avatar", "member_cap", "history_visible", "rules"])
                ], answers: ["ack"], example: #"{"conversation":"general","client_id":"k8","title":"Everybody"}"#,
                judged: ["member_cap"]),
            command(
                "add", "Makes users members.", [users("users", Limits.usersPerRequest)],
                example: #"{"client_id":"k3","conversation":"general","users":["u4"]}"#, judged: ["users"]),
            command(
                "invite", "Asks users in.", [users("users", Limits.invitesPerRequest)],
                example: #"{"conversation":"general","client_id":"k10","users":["u4","u5"]}"#, judged: ["users"]),
            RequestDescription(
                "join", "Accepts an invitation, or comes in by a link.",
                [Form([conversation, clientID]), Form([clientID, token])], answers: ["ack"],
                example: #"{"conversation":"general","client_id":"k11"}"#),
            command("leave", "Ends one's own membership.", example: #"{"client_id":"k5","conversation":"general"}"#),
            command(
                "dissolve", "Ends a group: it can be read and left.", example: #"{"conversation":"general","client_id":"k23"}"#),
            command(
                "link", "Makes a link by which others come in.",
                [
                    .may("expires", .count, "Milliseconds since 1970; 0: no end."),
                    .may("uses", .integer(0...Int64(Limits.membersPerGroupMax)), "0: no limit."),
                ], example: #"{"conversation":"general","client_id":"k21","expires":1767229200000,"uses":10}"#,
                judged: ["expires"]),
            command(
                "unlink", "Revokes a link.", [.must("link", .identifier, "Its name.")],
                example: #"{"conversation":"general","client_id":"k22","link":"k7"}"#),
            command(
                "decline", "Refuses an invitation, or somebody's wish to join.",
                [.may("user", .identifier, "Oneself unless given.")],
                example: #"{"conversation":"general","client_id":"k14","user":"u4"}"#),
        ] + memberRequests

    private static let memberRequests: [RequestDescription] = [
        command(
            "remove", "Ends somebody's membership.", [user],
            example: #"{"client_id":"k4","conversation":"general","user":"u4"}"#, judged: ["user"]),
        command(
            "ban", "Keeps somebody out, a member or not.", [user],
            example: #"{"conversation":"general","client_id":"k15","user":"u4"}"#, judged: ["user"]),
        command(
            "unban", "Lets somebody in again.", [user], example: #"{"conversation":"general","client_id":"k16","user":"u4"}"#,
            judged: ["user"]),
        command(
            "transfer", "Makes a member the owner.", [user],
            example: #"{"conversation":"general","client_id":"k17","user":"u4"}"#, judged: ["user"]),
        command(
            "mute", "Keeps a member from writing until a time.",
            [user, .must("until", .count, "Milliseconds since 1970; 0: no longer.")],
            example: #"{"conversation":"general","client_id":"k18","user":"u4","until":1767229200000}"#, judged: ["user"]),
        command(
            "role", "Makes a member an administrator, or one an ordinary member.",
            [user, .must("role", .word(["member", "administrator"]))],
            example: #"{"client_id":"k6","conversation":"general","user":"u4","role":"administrator"}"#, judged: ["user"]),
    ]
}
