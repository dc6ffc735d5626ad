import ParleyDomain

extension MessageStoreContract {
    // MARK: Roles, rules and the end of a group

    static let groups: [ContractCase<StoreUnderTest>] = [
        ContractCase("a transfer makes a member the owner and the owner an administrator") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers([user(4)])
            for wrong in [3, 4] {
                if wrong == 3 { try room.make("end", .end(user(3))) }
                try expectEqual(room.refusal("to \(wrong)", .transfer(user(wrong))), .notMember(user(wrong)), "to u\(wrong)")
            }
            let entry = try room.make("transfer", .transfer(user(2)))
            try expectEqual(entry.content, ControlContent.bytes(for: .transfer(user(2)), slots: []), "content")
            try expectEqual([room.membership(1).role, room.membership(2).role], [.administrator, .owner], "roles")
        },
        ContractCase("a transfer ends a mute of the one who becomes the owner") { subject in
            let room = try Room.make(subject, members: 3)
            for number in [2, 3] { try room.make("mute\(number)", .mute(user(number), until: .max)) }
            try room.make("transfer", .transfer(user(2)))
            try expectEqual([room.membership(2).mutedUntil, room.membership(3).mutedUntil], [0, .max], "muted until")
        },
        ContractCase("a mute stands in the row until it is taken away, also over leaving and coming back") { subject in
            let room = try Room.make(subject, members: 3)
            let entry = try room.make("mute", .mute(user(2), until: 5_000))
            try expectEqual(entry.content, ControlContent.bytes(for: .mute(user(2), until: 5_000), slots: []), "content")
            try expectEqual([room.membership(2).mutedUntil, room.membership(3).mutedUntil], [5_000, 0], "muted until")
            try room.make("end", .end(user(2)))
            try expectEqual(room.refusal("gone", .mute(user(2), until: 6_000)), .notMember(user(2)), "who left")
            try room.make("back", .add([user(2)]))
            try expectEqual(room.membership(2).mutedUntil, 5_000, "muted until, back")
            try room.make("unmute", .mute(user(2), until: 0))
            try expectEqual(room.membership(2).mutedUntil, 0, "no longer muted")
        },
        ContractCase("a group is made with its settings, and a change sets what it names") { subject in
            try subject.addUsers([user(1), user(2)])
            var room = Room(subject: subject, id: ConversationID(trusted: "room"))
            var rules = GroupRules()
            rules.joining = .approval
            rules.slowMilliseconds = 7
            let new = NewConversation(
                kind: .group, title: "T", memberCap: 9, historyVisible: false, description: "D", avatar: "A", rules: rules)
            try room.appended(room.draft("make", .created, at: 0, change: .create(new, members: [user(2)])))
            var head = try room.head()
            try expectEqual([head.title, head.description, head.avatar], ["T", "D", "A"], "texts")
            try expectEqual(head.rules, rules, "rules")
            try expect(!head.historyVisible && head.memberCap == 9 && !head.dissolved, "\(head)")

            var first = SettingsChange()
            first.description = ""
            first.rules.send = .administrators
            first.rules.slowMilliseconds = 0
            let entry = try room.make("first", .settings(first))
            try expectEqual(entry.content, ControlContent.bytes(for: .settings(first), slots: []), "content")
            head.description = ""
            head.rules.send = .administrators
            head.rules.slowMilliseconds = 0
            try expectEqual(Self.settings(room.head()), Self.settings(head), "after the first change")

            var second = SettingsChange()
            (second.title, second.avatar, second.memberCap, second.historyVisible) = ("U", "B", 2, true)
            second.rules.invite = .members
            second.rules.mentionAll = .members
            second.rules.joining = .closed
            second.rules.recallMilliseconds = 3
            second.rules.receipts = false
            try room.make("second", .settings(second))
            head.apply(second)
            room.subject = try subject.reopen()
            try expectEqual(Self.settings(room.head()), Self.settings(head), "after the second change and a restart")
            var third = SettingsChange()
            third.memberCap = 1
            guard case .invalid = try room.refusal("third", .settings(third)) else {
                throw ContractViolation(description: "a cap below the members")
            }
        },
        ContractCase("history turned visible or hidden concerns those who come later") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...6).map(user))
            try room.send("a")
            try room.make("add3", .add([user(3)]))
            var hide = SettingsChange()
            hide.historyVisible = false
            try room.make("hide", .settings(hide))
            let fourth = try room.make("add4", .add([user(4)]))
            var show = SettingsChange()
            show.historyVisible = true
            try room.make("show", .settings(show))
            try room.make("add5", .add([user(5)]))
            let all = Array(1...(try room.head().sequence))
            try expectEqual([room.visible(to: 1), room.visible(to: 3), room.visible(to: 5)], [all, all, all], "who sees all")
            try expectEqual(room.visible(to: 4), all.filter { $0 >= fourth.sequence }, "who came while it was hidden")
            try expectEqual([room.membership(3).visibleFrom, room.membership(4).visibleFrom], [1, fourth.sequence], "from")
        },
        ContractCase("a dissolved group can be left and read") { subject in
            let room = try Room.make(subject, members: 3)
            try room.send("a")
            let entry = try room.make("end", .dissolve)
            try expectEqual(entry.content, ControlContent.bytes(for: .dissolve, slots: []), "content")
            try expect(try room.head().dissolved, "the group is dissolved")
            try room.make("leave", .end(user(2)), by: 2)
            try room.make("owner leaves", .end(user(1)))
            try expectEqual(room.visible(to: 3), [1, 2, 3, 4, 5], "visible")
            try expectEqual(room.head().memberCount, 1, "members")
            try expect(try room.summary(3).head.dissolved, "the list tells")
        },
        ContractCase("where slow mode is on, the row says when its member wrote last") { subject in
            var room = try Room.make(subject, members: 3)
            try room.appended(room.draft("a", from: 2, at: 1, time: Room.start + 50))
            try expectEqual(room.membership(2).lastSent, 0, "slow mode is off")
            var slow = SettingsChange()
            slow.rules.slowMilliseconds = 1_000
            try room.make("slow", .settings(slow))
            try expectEqual([room.membership(2).lastSent, room.membership(3).lastSent], [Room.start + 50, 0], "it is on")
            try room.appended(room.draft("b", from: 2, at: 3, time: Room.start + 70))
            try room.appended(room.change("react", .react(target: 2, emoji: "x", on: true), by: 2, time: Room.start + 90))
            room.subject = try subject.reopen()
            let rows = try room.store.memberships(of: user(2)).map(\.0.lastSent)
            try expectEqual([room.membership(2).lastSent] + rows, [Room.start + 70, Room.start + 70], "after a restart")
        },
        ContractCase("every change again is the first entry, and another under its client id a conflict") { subject in
            var room = try Room.make(subject, members: 5)
            try subject.addUsers((6...9).map(user))
            try room.send("m")
            var drafts: [(Draft, Entry)] = []
            for (index, (change, sender)) in Self.everyChange.enumerated() {
                let draft = try room.change("k\(index)", change, by: sender)
                let entry = try room.appended(draft)
                drafts.append((draft, entry))
                try expectEqual(room.one(draft), .duplicate(entry), "\(change) again")
                var fresh = try room.change("k\(index)", change, by: sender)
                fresh.time += 1_000
                try expectEqual(room.one(fresh), .duplicate(entry), "\(change) again, decided anew")
                try expectEqual(room.refusal(room.message("k\(index)", from: sender)), .conflict, "a message by that id")
                let other = try room.change("k\(index)", Self.another(change), by: sender)
                try expectEqual(room.refusal(other), .conflict, "another one than \(change)")
            }
            let head = try room.head()
            room.subject = try subject.reopen()
            for (draft, entry) in drafts { try expectEqual(room.one(draft), .duplicate(entry), "after a restart") }
            try expectEqual(room.head(), head, "head")
        },
        ContractCase("a change of a group that a direct conversation cannot have is invalid") { subject in
            let room = try Room.make(subject, kind: .direct)
            try subject.addUsers([user(3)])
            var title = SettingsChange()
            title.title = "T"
            let changes: [Change] = [
                .invite([user(3)]), .ban(user(2)), .unban(user(2)), .decline(user(2)), .transfer(user(2)),
                .mute(user(2), until: 9), .settings(title), .dissolve, .makeLink(NewLink(id: "l")), .revokeLink("l"),
                .join(link: nil), .request(link: "l"),
            ]
            for change in changes {
                guard case .invalid = try room.refusal("c", change) else { throw ContractViolation(description: "\(change)") }
            }
            // What is about a message is the same everywhere.
            let message = try room.send("m")
            try room.make("pin", .pin(target: message.sequence, on: true), by: 2)
            try expect(room.state(of: message.sequence, for: 1).pinned, "pinned")
        },
    ]

    /// Each change once, in an order in which all can be made in a group of five with a message at 2; u6 to u9 are outside.
    static let everyChange: [(Change, sender: Int)] = {
        var title = SettingsChange()
        title.title = "T"
        return [
            (.edit(target: 2), 1), (.react(target: 2, emoji: "x", on: true), 2), (.pin(target: 2, on: true), 1),
            (.recall(target: 2), 1), (.add([user(6), user(2)]), 1), (.end(user(5)), 1), (.end(user(4)), 4), (.ban(user(6)), 1),
            (.unban(user(6)), 1), (.invite([user(7), user(8)]), 1), (.join(link: nil), 7), (.decline(user(8)), 8),
            (.makeLink(NewLink(id: "door")), 1), (.join(link: "door"), 8), (.request(link: "door"), 9), (.revokeLink("door"), 1),
            (.mute(user(3), until: 9), 1), (.setRole(user(3), .administrator), 1), (.settings(title), 1), (.transfer(user(2)), 1),
            (.dissolve, 2),
        ]
    }()

    /// A change of the same kind that asks for something else; where there is none, of another kind.
    private static func another(_ change: Change) -> Change {
        var avatar = SettingsChange()
        avatar.avatar = "A"
        return switch change {
        case .edit(let target): .recall(target: target)
        case .react(let target, _, _): .react(target: target, emoji: "y", on: true)
        case .pin(let target, _): .pin(target: target, on: false)
        case .recall: .recall(target: 1)
        case .add: .add([user(6)])
        case .end: .end(user(3))
        case .ban: .ban(user(3))
        case .unban: .unban(user(3))
        case .invite: .invite([user(7)])
        case .join(.some): .join(link: nil)
        case .join(nil): .join(link: "door")
        case .decline: .decline(user(3))
        case .makeLink: .makeLink(NewLink(id: "door", uses: 1))
        case .request: .request(link: "other")
        case .revokeLink: .revokeLink("other")
        case .mute(let user, _): .mute(user, until: 10)
        case .setRole(let user, _): .setRole(user, .member)
        case .settings: .settings(avatar)
        case .transfer: .transfer(user(3))
        case .dissolve, .create: .add([user(9)])
        }
    }

    /// Of a head, what a change can set.
    private static func settings(_ head: ConversationHead) -> SettingsChange {
        var all = SettingsChange()
        (all.title, all.description, all.avatar) = (head.title, head.description, head.avatar)
        (all.memberCap, all.historyVisible) = (head.memberCap, head.historyVisible)
        all.rules.send = head.rules.send
        all.rules.invite = head.rules.invite
        all.rules.mentionAll = head.rules.mentionAll
        all.rules.joining = head.rules.joining
        all.rules.slowMilliseconds = head.rules.slowMilliseconds
        all.rules.recallMilliseconds = head.rules.recallMilliseconds
        all.rules.receipts = head.rules.receipts
        return all
    }
}
