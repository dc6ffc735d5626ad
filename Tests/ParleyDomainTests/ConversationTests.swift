import ParleyDomain
import ParleyTestKit
import Testing

/// What a command leads to: the table of rights, and what is decided by times and targets.
@Suite struct ConversationTests {
    private static let client: ClientID = "k"

    private static func outcome(_ decision: Conversation.Decision) -> String {
        switch decision {
        case .append(let draft): "+\(draft.kind.name)"
        case .exists: "exists"
        case .refuse(let refusal), .refuseUnlessStored(let refusal): refusal.code.name
        }
    }

    private static func refusal(_ decision: Conversation.Decision) -> Refusal? {
        switch decision {
        case .refuse(let refusal), .refuseUnlessStored(let refusal): refusal
        case .append, .exists: nil
        }
    }

    private static func command(_ action: Command.Action) -> Command { Command(DecisionTable.id, Self.client, action) }

    // MARK: The table

    private func check(_ world: String, _ table: String) throws {
        for cell in DecisionTable.cells(table) {
            let action = try #require(DecisionTable.action(cell.action), "\(cell.action) has no meaning")
            let conversation = DecisionTable.conversation(world, for: cell.actor)
            let decision = conversation.decide(
                Self.command(action), by: UserID(trusted: cell.actor), target: DecisionTable.target(cell), at: DecisionTable.now)
            #expect(Self.outcome(decision) == cell.outcome, "\(cell) in \(world)")
            if case .append(let draft) = decision {
                #expect(draft.decidedAt == 3 && draft.sender.rawValue == cell.actor && draft.clientID == Self.client, "\(cell)")
                #expect(draft.relatesTo == Self.command(action).target, "\(cell)")
                #expect(draft.kind == .message || draft.change != nil, "\(cell)")
            }
        }
    }

    @Test func rightsFollowTheRole() throws { try self.check("group", DecisionTable.group) }
    @Test func rulesOfAGroupMoveTheRights() throws { try self.check("restricted", DecisionTable.restricted) }
    @Test func closedGroupLetsNobodyInByALink() throws { try self.check("closed", DecisionTable.closed) }
    @Test func dissolvedGroupIsReadAndLeft() throws { try self.check("dissolved", DecisionTable.dissolved) }
    @Test func directConversationHasTwoMembersForEver() throws {
        try self.check("direct", DecisionTable.direct)
        let new = NewConversation(kind: .direct, title: "")
        let again = DecisionTable.conversation("direct", for: "member").decide(
            Self.command(.create(new, members: ["m"])), by: "member", at: 1)
        #expect(Self.outcome(again) == "exists")
    }

    /// Every action stands in the table of a group for every kind of user.
    @Test func tableIsWhole() {
        let cells = DecisionTable.cells(DecisionTable.group)
        #expect(cells.count == 45 * 9)
        let direct = DecisionTable.cells(DecisionTable.direct)
        #expect(direct.count == 27 * 4)
        #expect(cells.allSatisfy { DecisionTable.action($0.action) != nil })
    }

    /// A refusal tells nobody outside whether there is such a conversation (R10), and a repeat of what was stored is always answered.
    @Test func refusalsOfOutsidersAreLookedUp() throws {
        for world in ["group", "restricted", "dissolved", "direct"] {
            let conversation = DecisionTable.conversation(world, for: "outsider")
            for cell in DecisionTable.cells(DecisionTable.group) where cell.actor == "outsider" && cell.action != "join_by_link" {
                let action = try #require(DecisionTable.action(cell.action))
                let decision = conversation.decide(Self.command(action), by: "outsider", target: nil, at: DecisionTable.now)
                guard case .refuseUnlessStored(let refusal) = decision else { Issue.record("\(cell) in \(world)"); continue }
                guard case .refuse(let unknown) = Conversation.decideUnknown(Self.command(action), by: "outsider", at: 1) else {
                    Issue.record("\(cell)"); continue
                }
                #expect(refusal == unknown, "\(cell) in \(world)")
            }
        }
    }

    // MARK: Targets

    @Test(
        arguments: [
            (nil, "no_message"), (Target(sender: "member", kind: .message, time: 0, visible: false), "no_message"),
            (Target(sender: "member", kind: .edit, time: 0), "no_message"),
            (Target(sender: "member", kind: .message, time: 0, recalled: true), "recalled"),
        ] as [(Target?, String)])
    func whatIsNoMessageForTheUserCannotBeChanged(target: Target?, name: String) {
        let conversation = DecisionTable.conversation("group", for: "member")
        let content = Array("{}".utf8)
        let actions: [Command.Action] = [
            .edit(target: 5, NewMessage(content: content)), .recall(target: 5), .react(target: 5, emoji: "x", on: false),
            .pin(target: 5, on: false),
        ]
        for action in actions {
            for user in ["owner", "member"] as [UserID] {
                let decision = conversation.decide(Self.command(action), by: user, target: target, at: 1)
                #expect(Self.outcome(decision) == name, "\(action) by \(user)")
                #expect(Self.refusal(decision)?.field == "target")
            }
        }
    }

    @Test(
        arguments: [
            (nil, "no_message"), (Target(sender: "m", kind: .message, time: 0, visible: false), "no_message"),
            (Target(sender: "m", kind: .added, time: 0), "no_message"),
            (Target(sender: "m", kind: .message, time: 0, thread: 3), "out_of_range"),
            (Target(sender: "m", kind: .message, time: 0), "+message"),
            (Target(sender: "m", kind: .message, time: 0, recalled: true), "+message"),
        ] as [(Target?, String)])
    func threadsHangOnMessagesThatStandInNone(target: Target?, outcome: String) {
        let conversation = DecisionTable.conversation("group", for: "member")
        let message = NewMessage(content: [], thread: 5)
        let decision = conversation.decide(Self.command(.send(message)), by: "member", target: target, at: 1)
        #expect(Self.outcome(decision) == outcome)
        if case .append(let draft) = decision { #expect(draft.thread == 5 && draft.relatesTo == 0) }
    }

    @Test func quoteOfWhatOneMayNotSeeIsRefused() {
        var conversation = DecisionTable.conversation("group", for: "late")
        var late = Membership(conversation: DecisionTable.id, user: "late", slot: 9, role: .member)
        late.visibleFrom = 6
        conversation.learn("late", late)
        let seen = Target(sender: "m", kind: .message, time: 0)
        var unseen = seen
        unseen.visible = false
        func quote(_ sequence: Int64, _ quoted: Target?) -> String {
            let message = NewMessage(content: [], relatesTo: sequence)
            return Self.outcome(conversation.decide(Self.command(.send(message)), by: "late", quoted: quoted, at: 1))
        }
        #expect(quote(6, nil) == "+message")
        #expect(quote(5, nil) == "no_message")
        #expect(quote(5, unseen) == "no_message")
        #expect(quote(5, seen) == "+message")
    }

    // MARK: Times

    @Test func recallEndsWithItsWindow() {
        var conversation = DecisionTable.conversation("group", for: "member")
        func recall(_ age: Int64, by user: UserID = "member") -> String {
            let target = Target(sender: user, kind: .message, time: 1_000)
            return Self.outcome(conversation.decide(Self.command(.recall(target: 5)), by: user, target: target, at: 1_000 + age))
        }
        #expect(recall(120_000) == "+recall")
        #expect(recall(120_001) == "too_late")
        var never = SettingsChange()
        never.rules.recallMilliseconds = 0
        conversation.apply(Self.entry(.changed), .settings(never))
        #expect(recall(1) == "too_late")
        #expect(recall(1_000_000, by: "owner") == "+recall")
    }

    @Test func muteEndsAtItsTime() {
        let conversation = DecisionTable.conversation("group", for: "muted")
        let send = Self.command(.send(NewMessage(content: [])))
        let before = conversation.decide(send, by: "muted", at: DecisionTable.now)
        #expect(Self.refusal(before)?.retryMilliseconds == 1)
        #expect(Self.outcome(conversation.decide(send, by: "muted", at: DecisionTable.now + 1)) == "+message")
    }

    /// Nobody may unmute an owner, so nothing leaves him muted: neither a mute from before he became one nor one that is stored.
    @Test func ownerIsNeverMuted() {
        let send = Self.command(.send(NewMessage(content: [])))
        var group = DecisionTable.conversation("group", for: "muted")
        group.apply(Self.entry(.transferred), .transfer("muted"))
        #expect(Self.outcome(group.decide(send, by: "muted", at: DecisionTable.now)) == "+message")
        group.apply(Self.entry(.transferred, by: "muted"), .transfer("m"))
        #expect(Self.outcome(group.decide(send, by: "muted", at: DecisionTable.now)) == "+message", "he is muted again")
        var row = Membership(conversation: DecisionTable.id, user: "owner", slot: 1, role: .owner)
        row.mutedUntil = .max
        group.learn("owner", row)
        #expect(Self.outcome(group.decide(send, by: "owner", at: DecisionTable.now)) == "+message")
    }

    @Test func slowModeSpacesTheMessagesOfAMember() {
        var conversation = DecisionTable.conversation("group", for: "member")
        var slow = SettingsChange()
        slow.rules.slowMilliseconds = 1_000
        conversation.apply(Self.entry(.changed), .settings(slow))
        let send = Self.command(.send(NewMessage(content: [])))
        #expect(Self.outcome(conversation.decide(send, by: "member", at: 5_000)) == "+message")
        for user in ["member", "owner"] as [UserID] { conversation.apply(Self.entry(.message, by: user, at: 5_000), nil) }
        let soon = conversation.decide(send, by: "member", at: 5_400)
        #expect(Self.refusal(soon)?.code == .rateLimited && Self.refusal(soon)?.retryMilliseconds == 600)
        #expect(Self.outcome(conversation.decide(send, by: "member", at: 6_000)) == "+message")
        #expect(Self.outcome(conversation.decide(send, by: "owner", at: 5_400)) == "+message")
        #expect(Self.outcome(conversation.decide(send, by: "m", at: 5_400)) == "+message")
        // Known from the store after a restart.
        var row = Membership(conversation: DecisionTable.id, user: "m", slot: 4, role: .member)
        row.lastSent = 5_300
        conversation.learn("m", row)
        #expect(Self.refusal(conversation.decide(send, by: "m", at: 5_400))?.retryMilliseconds == 900)
    }

    // MARK: Beginnings and ends

    @Test func lastOwnerMayLeave() {
        var alone = Conversation(
            head: ConversationHead(
                conversation: DecisionTable.id, kind: .group, title: "G", sequence: 7, controlSequence: 3, memberCount: 1))
        alone.learn("owner", DecisionTable.place("owner", in: .group))
        #expect(Self.outcome(alone.decide(Self.command(.leave), by: "owner", at: 1)) == "+left")
    }

    /// A group that the last member left has nobody who could give it an owner: nobody comes in, by whatever way.
    @Test func groupEndsWithItsLastMember() {
        var group = Conversation(
            head: ConversationHead(
                conversation: DecisionTable.id, kind: .group, title: "G", sequence: 7, controlSequence: 3, memberCount: 1))
        for name in ["owner", "i", "requested", "x"] { group.learn(UserID(trusted: name), DecisionTable.place(name, in: .group)) }
        #expect(Self.outcome(group.decide(Self.command(.join(link: nil)), by: "i", at: 1)) == "+joined")
        group.apply(Self.entry(.left), .end("owner"))
        for (user, link) in [("i", nil), ("i", "l"), ("x", "l"), ("requested", "l"), ("owner", "l")] as [(UserID, String?)] {
            #expect(Self.outcome(group.decide(Self.command(.join(link: link)), by: user, at: 1)) == "dissolved", "\(user)")
        }
        #expect(Self.outcome(group.decide(Self.command(.decline(nil)), by: "i", at: 1)) == "+declined")
    }

    @Test func creationIsDecidedWithoutAConversation() {
        func decide(_ members: [UserID], cap: Int32 = 500) -> String {
            let new = NewConversation(kind: .group, title: "G", memberCap: cap)
            return Self.outcome(Conversation.decideUnknown(Self.command(.create(new, members: members)), by: "ann", at: 1))
        }
        #expect(decide(["bob"]) == "+created")
        #expect(decide(["ann"]) == "out_of_range")
        #expect(decide(["b", "c"], cap: 2) == "group_full")
        #expect(decide(["b"], cap: 2) == "+created")
    }

    private static func entry(_ kind: EntryKind, by user: UserID = "owner", at time: Int64 = 1) -> Entry {
        Entry(
            conversation: DecisionTable.id, sequence: 8, id: 1, stamp: 1, kind: kind, sender: user, clientID: client, time: time,
            messageOrdinal: 2, senderOrdinal: 1, content: [])
    }

    /// What each durable change leaves of places and head: who could write before or can now.
    @Test func onlyWhatIsDurableChangesRights() {
        let send = Self.command(.send(NewMessage(content: [])))
        func after(_ kind: EntryKind, _ change: Change, by user: UserID = "owner", of other: UserID = "m") -> (
            String, Conversation
        ) {
            var group = DecisionTable.conversation("group", for: "member")
            #expect(Self.outcome(group.decide(send, by: "m", at: 5)) == "+message")
            group.apply(Self.entry(kind, by: user), change)
            #expect(group.head.controlSequence == 8 && group.head.sequence == 8)
            guard group.knows(other) else { return ("looked up", group) }
            return (Self.outcome(group.decide(send, by: other, at: 5)), group)
        }
        #expect(after(.removed, .end("m")).0 == "not_member")
        #expect(after(.removed, .end("m")).1.head.memberCount == 3)
        #expect(after(.banned, .ban("m")).0 == "looked up")
        #expect(after(.banned, .ban("m")).1.head.memberCount == 3)
        #expect(after(.banned, .ban("x")).1.head.memberCount == 4)
        #expect(after(.muted, .mute("m", until: 6)).0 == "muted")
        #expect(after(.muted, .mute("m", until: 5)).0 == "+message")
        #expect(after(.dissolved, .dissolve).0 == "dissolved")
        #expect(after(.transferred, .transfer("m")).1.role(of: "m") == .owner)
        #expect(after(.transferred, .transfer("m")).1.role(of: "owner") == .administrator)
        #expect(after(.role, .setRole("m", .administrator)).1.role(of: "m") == .administrator)
        #expect(after(.unbanned, .unban("b")).1.place(of: "b")?.state == .left)
        #expect(after(.declined, .decline("i")).1.place(of: "i")?.state == .left)
        #expect(after(.invited, .invite(["x"]), of: "x").0 == "looked up")
        #expect(after(.invited, .invite(["m"])).0 == "+message")
        #expect(after(.requested, .request(link: "l"), by: "x", of: "x").0 == "looked up")
        #expect(after(.link, .makeLink(NewLink(id: "l"))).0 == "+message")
    }

    @Test func whatIsDoneToMessagesChangesNoRights() {
        var group = DecisionTable.conversation("group", for: "member")
        for (kind, change) in [
            (EntryKind.edit, Change.edit(target: 5)), (.recall, .recall(target: 5)), (.pin, .pin(target: 5, on: true)),
        ] {
            group.apply(Self.entry(kind), change)
            #expect(group.head.controlSequence == 3)
        }
    }
}
