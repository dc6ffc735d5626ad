import ParleyDomain
import ParleyWire

/// What each line of `docs/golden/client.txt` asks for.
enum GoldenRequests {
    private static let general = ConversationID(trusted: "general")
    private static let ben = UserID(trusted: "u2")
    private static let dan = UserID(trusted: "u4")

    static let all: [String: ClientFrame] = basics.merging(messages) { $1 }.merging(groups) { $1 }.merging(questions) { $1 }
        .merging(settings) { $1 }

    private static func key(_ text: String) -> ClientID { ClientID(trusted: text) }
    private static func users(_ names: String...) -> [UserID] { names.map { UserID(trusted: $0) } }

    private static func send(
        _ clientID: String, _ content: String, replyTo: Int64 = 0, thread: Int64 = 0, mentions: [UserID] = [], all: Bool = false
    ) -> ClientFrame {
        let message = NewMessage(
            content: Array(content.utf8), relatesTo: replyTo, thread: thread, mentions: mentions, mentionsAll: all)
        return .command(Command(self.general, self.key(clientID), .send(message)))
    }

    private static func command(_ clientID: String, _ action: Command.Action) -> ClientFrame {
        .command(Command(self.general, self.key(clientID), action))
    }

    private static let basics: [String: ClientFrame] = [
        "auth-token": .auth(.token("pa1.x.y")),
        "auth-ticket": .auth(.ticket("pt1.abc")),
        "history-after": .history(general, .after(41), limit: 50),
        "history-before": .history(general, .before(41), limit: 50),
        "history-newest": .history(general, .before(.max), limit: 50),
        "sync-first": .sync(SyncRequest(epoch: "", token: .start, positions: [:])),
        "sync": .sync(
            SyncRequest(
                epoch: "e7", token: SyncToken(stamps: [88_213]), positions: [general: 41, ConversationID(trusted: "team"): 7])),
        "read": .read(general, read: 43, delivered: 43),
        "delivered": .read(general, read: 0, delivered: 44),
        "ping": .ping,
    ]

    private static let messages: [String: ClientFrame] = [
        "send": send("01J-8", #"{"type":"text","text":"hello"}"#),
        "send-reply": send("01J-9", #"{"type":"text","text":"yes"}"#, replyTo: 40),
        "send-unknown-content": send("01J-10", #"{"type":"image","text":"a cat","media":"m1","size":[640,480]}"#),
        "send-escaped": send("01J-11", #"{"type":"text","text":"\ud83d\ude00 \u00e9 \"q\" \\ \n"}"#),
        "send-thread": send("01J-12", #"{"type":"text","text":"aside"}"#, replyTo: 13, thread: 12),
        "send-mentions": send(
            "01J-13", #"{"type":"text","text":"@Ben @all","mentions":["u2","u3"],"mention_all":true}"#,
            mentions: users("u2", "u3"), all: true),
        "edit": command("e1", .edit(target: 42, NewMessage(content: Array(#"{"type":"text","text":"hello!"}"#.utf8)))),
        "recall": command("e2", .recall(target: 42)),
        "react": command("e3", .react(target: 42, emoji: "👍", on: true)),
        "unreact": command("e4", .react(target: 42, emoji: "\u{2764}\u{FE0F}", on: false)),
        "pin": command("e5", .pin(target: 42, on: true)),
        "forward": .forward(general, key("e6"), from: ConversationID(trusted: "team"), sequence: 9),
    ]

    private static var newsRules: GroupRules {
        var rules = GroupRules()
        rules.send = .administrators
        rules.invite = .members
        rules.mentionAll = .members
        rules.joining = .approval
        rules.slowMilliseconds = 5_000
        rules.recallMilliseconds = 0
        rules.receipts = false
        return rules
    }

    private static var change: SettingsChange {
        var change = SettingsChange()
        change.title = "Everybody"
        change.description = ""
        change.avatar = ""
        change.memberCap = 1_000
        change.historyVisible = false
        change.rules.joining = .closed
        change.rules.slowMilliseconds = 0
        return change
    }

    private static var changeOfTitle: SettingsChange {
        var change = SettingsChange()
        change.title = "Everybody"
        return change
    }

    private static let groups: [String: ClientFrame] = [
        "create-group": .create(key("k1"), NewConversation(kind: .group, title: "General"), members: users("u2", "u3")),
        "create-group-all": .create(
            key("k1"), NewConversation(kind: .group, title: "General", memberCap: 10, historyVisible: false), members: [ben]),
        "create-group-rules": .create(
            key("k7"),
            NewConversation(
                kind: .group, title: "News", description: "What happened.\nEvery day.", avatar: "📰", rules: newsRules),
            members: [ben]),
        "create-direct": .create(key("k2"), NewConversation(kind: .direct, title: "", memberCap: 2), members: [ben]),
        "add": command("k3", .add([dan])),
        "remove": command("k4", .remove(dan)),
        "leave": command("k5", .leave),
        "role": command("k6", .setRole(dan, .administrator)),
        "change-title": command("k8", .change(changeOfTitle)),
        "change": command("k9", .change(change)),
        "invite": command("k10", .invite(users("u4", "u5"))),
        "join": command("k11", .join(link: nil)),
        "join-link": .join(key("k12"), link: "k7.x2"),
        "decline": command("k13", .decline(nil)),
        "decline-other": command("k14", .decline(dan)),
        "ban": command("k15", .ban(dan)),
        "unban": command("k16", .unban(dan)),
        "transfer": command("k17", .transfer(dan)),
        "mute": command("k18", .mute(dan, until: 1_767_229_200_000)),
        "unmute": command("k19", .mute(dan, until: 0)),
        "link": .link(general, key("k20"), expires: 0, uses: 0),
        "link-limited": .link(general, key("k21"), expires: 1_767_229_200_000, uses: 10),
        "unlink": command("k22", .revokeLink("k7")),
        "dissolve": command("k23", .dissolve),
    ]

    private static let questions: [String: ClientFrame] = [
        "thread": .query(.thread(general, root: 12, after: 0, limit: 50)),
        "revisions": .query(.revisions(general, sequence: 42, after: 0, limit: 50)),
        "reactions": .query(.reactions(general, sequence: 42, emoji: "👍", after: "u2", limit: 50)),
        "reactions-first": .query(.reactions(general, sequence: 42, emoji: "👍", after: "", limit: 50)),
        "pins": .query(.pins(general)),
        "mentions": .query(.mentions(general, after: 40, limit: 50)),
        "audit": .query(.audit(general, before: 500, limit: 50)),
        "audit-newest": .query(.audit(general, before: .max, limit: 50)),
        "links": .query(.links(general)),
        "link-info": .query(.linkInfo("k7.x2")),
        "members": .members(general, afterSlot: 0, limit: 100),
        "members-changed": .query(.memberChanges(general, after: SyncToken(stamps: [88_213]), limit: 100)),
        "members-banned": .query(.membersInState(general, .banned, after: "u4", limit: 100)),
        "members-requested": .query(.membersInState(general, .requested, after: "", limit: 50)),
        "users": .users(users("u1", "u9")),
        "receipts": .receipts(general, [40, 42]),
        "receipts-newest": .receipts(general, nil),
        "readers": .readers(general, sequence: 40, list: .unread, afterSlot: 3, limit: 100),
        "receipt-record": .receiptRecord(general, sequence: 40),
        "presence": .presence(.users(users("u2", "u3")), watch: true),
        "presence-conversation": .presence(.conversation(general), watch: false),
    ]

    private static let settings: [String: ClientFrame] = [
        "notify": .note(.notify(general, .mentions)),
        "preferences": .note(.preferences(receipts: false, presence: false)),
        "preferences-one": .note(.preferences(receipts: nil, presence: true)),
        "block": .note(.block(UserID(trusted: "u9"), on: true)),
        "blocks": .query(.blocks),
        "preferences-asked": .query(.preferences),
        "report": .note(.report(general, sequence: 40, reason: "spam")),
        "reports": .query(.reports(general, before: 18, limit: 50)),
        "resolve": .note(.resolve(general, sequence: 40)),
        "data": .note(.data(general, Array(#"{"color":"red"}"#.utf8))),
        "data-account": .note(.data(nil, Array("{}".utf8))),
        "data-question": .query(.data(general)),
        "data-account-question": .query(.data(nil)),
        "typing": .typing(general),
        "follow": .follow(general, push: false),
    ]
}
