import ParleyDomain
import Testing

/// Who may do what, as a table: each command by each kind of user.
@Suite struct ConversationTests {
    enum Actor: String, CaseIterable, Sendable { case owner, administrator, member, outsider }

    private static let id = ConversationID(trusted: "g")
    private static let client = ClientID(trusted: "k")

    private static func user(_ actor: Actor) -> UserID { UserID(trusted: actor.rawValue) }

    private static func group(members: Int32 = 4) -> Conversation {
        var conversation = Conversation(
            head: ConversationHead(
                conversation: id, kind: .group, title: "G", sequence: 7, controlSequence: 3, memberCount: members))
        for actor in Actor.allCases {
            let role: Role? =
                switch actor {
                case .owner: .owner;
                case .administrator: .administrator;
                case .member: .member;
                case .outsider: nil
                }
            conversation.learn(
                user(actor), role.map { Membership(conversation: id, user: user(actor), slot: 1, role: $0) })
        }
        conversation.learn(
            UserID(trusted: "other"), Membership(conversation: id, user: UserID(trusted: "other"), slot: 9, role: .member))
        return conversation
    }

    private static func outcome(_ command: Command, by actor: Actor, in conversation: Conversation = group()) -> String {
        switch conversation.decide(command, by: user(actor), at: 1) {
        case .append(let draft): "append \(draft.kind.name) at \(draft.decidedAt)"
        case .exists: "exists"
        case .refuse(let refusal), .refuseUnlessStored(let refusal): refusal.code.name
        }
    }

    static let table: [(String, Command, [Actor: String])] = [
        (
            "send", .send(id, client, content: [], relatesTo: 0),
            [
                .owner: "append message at 3", .administrator: "append message at 3", .member: "append message at 3",
                .outsider: "not_member",
            ]
        ),
        (
            "reply to what is not there yet", .send(id, client, content: [], relatesTo: 8),
            [.owner: "out_of_range", .administrator: "out_of_range", .member: "out_of_range", .outsider: "not_member"]
        ),
        (
            "add", .add(id, client, users: [UserID(trusted: "new")]),
            [.owner: "append added at 3", .administrator: "append added at 3", .member: "forbidden", .outsider: "not_member"]
        ),
        (
            "remove a member", .remove(id, client, user: UserID(trusted: "other")),
            [.owner: "append removed at 3", .administrator: "append removed at 3", .member: "forbidden", .outsider: "not_member"]
        ),
        (
            "remove the owner", .remove(id, client, user: UserID(trusted: "owner")),
            [.owner: "out_of_range", .administrator: "forbidden", .member: "forbidden", .outsider: "not_member"]
        ),
        (
            "remove who is no member", .remove(id, client, user: UserID(trusted: "outsider")),
            [.owner: "unknown_user", .administrator: "unknown_user", .member: "forbidden", .outsider: "not_member"]
        ),
        (
            "leave", .leave(id, client),
            [.owner: "forbidden", .administrator: "append left at 3", .member: "append left at 3", .outsider: "not_member"]
        ),
        (
            "make an administrator", .setRole(id, client, user: UserID(trusted: "other"), .administrator),
            [.owner: "append role at 3", .administrator: "forbidden", .member: "forbidden", .outsider: "not_member"]
        ),
        (
            "make an owner", .setRole(id, client, user: UserID(trusted: "other"), .owner),
            [.owner: "out_of_range", .administrator: "forbidden", .member: "forbidden", .outsider: "not_member"]
        ),
        (
            "give an outsider a role", .setRole(id, client, user: UserID(trusted: "outsider"), .member),
            [.owner: "unknown_user", .administrator: "forbidden", .member: "forbidden", .outsider: "not_member"]
        ),
    ]

    @Test(arguments: table.indices) func rightsFollowTheRole(row: Int) {
        let (name, command, expected) = Self.table[row]
        for actor in Actor.allCases { #expect(Self.outcome(command, by: actor) == expected[actor], "\(name) by \(actor)") }
    }

    @Test func lastOwnerMayLeave() {
        #expect(Self.outcome(.leave(Self.id, Self.client), by: .owner, in: Self.group(members: 1)) == "append left at 3")
    }

    @Test func directConversationHasTwoMembersForEver() {
        var direct = Conversation(
            head: ConversationHead(
                conversation: Self.id, kind: .direct, title: "", sequence: 1, controlSequence: 1, memberCount: 2))
        direct.learn(Self.user(.member), Membership(conversation: Self.id, user: Self.user(.member), slot: 1, role: .member))
        #expect(Self.outcome(.add(Self.id, Self.client, users: [UserID(trusted: "x")]), by: .member, in: direct) == "forbidden")
        #expect(Self.outcome(.leave(Self.id, Self.client), by: .member, in: direct) == "forbidden")
        let again = Command.create(
            Self.id, Self.client, NewConversation(kind: .direct, title: ""), members: [UserID(trusted: "x")])
        #expect(Self.outcome(again, by: .member, in: direct) == "exists")
    }

    @Test func creationIsDecidedWithoutAConversation() {
        func decide(_ members: [String], cap: Int32 = 500) -> String {
            let command = Command.create(
                Self.id, Self.client, NewConversation(kind: .group, title: "G", memberCap: cap),
                members: members.map { UserID(trusted: $0) })
            return switch Conversation.decideUnknown(command, by: UserID(trusted: "ann"), at: 1) {
            case .append(let draft): "append \(draft.kind.name)"
            case .exists: "exists"
            case .refuse(let refusal), .refuseUnlessStored(let refusal): refusal.code.name
            }
        }
        #expect(decide(["bob"]) == "append created")
        #expect(decide(["ann"]) == "out_of_range")
        #expect(decide(["b", "c"], cap: 2) == "group_full")
        #expect(decide(["b"], cap: 2) == "append created")
    }

    @Test func onlyWhatIsDurableChangesRights() {
        var group = Self.group()
        let entry = Entry(
            conversation: Self.id, sequence: 8, id: 1, stamp: 1, kind: .removed, sender: Self.user(.owner), clientID: Self.client,
            time: 1,
            messageOrdinal: 2, senderOrdinal: 1, content: [])
        #expect(group.role(of: Self.user(.member)) == .member)
        group.apply(entry, .end(Self.user(.member)))
        #expect(group.role(of: Self.user(.member)) == nil)
        #expect(group.head.controlSequence == 8)
        #expect(group.head.memberCount == 3)
        #expect(Self.outcome(.send(Self.id, Self.client, content: [], relatesTo: 0), by: .member, in: group) == "not_member")
    }
}
