import ParleyDomain

extension MessageReaderContract {
    // MARK: Lists of members

    static let memberLists: [ContractCase<StoreUnderTest>] = [
        ContractCase("who has never been a member stands in no list of members") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers((4...6).map(user))
            try room.make("invite", .invite([user(4)]))
            try room.make("ban5", .ban(user(5)))
            try room.make("ban3", .ban(user(3)))
            for slot in [0, -1, Int32.min] {
                let found = try subject.reader.members(of: room.id, for: user(2), afterSlot: slot, limit: 9)
                try expectEqual(found.map(\.profile.user), [user(1), user(2), user(3)], "after slot \(slot)")
                try expectEqual(found.map(\.membership.active), [true, true, false], "active")
            }
            let changed = try subject.reader.members(of: room.id, for: user(2), changedAfter: 0, limit: 9)
            try expectEqual(Set(changed.members.map(\.profile.user)), [user(1), user(2), user(3)], "changed")
        },
        ContractCase("a list of members is kept up by version: what changed comes once, the rest not at all") { subject in
            var room = try Room.make(subject, members: 5)
            try subject.addUsers((6...60).map(user))
            var known = Self.list(in: try subject.reader.members(of: room.id, for: user(1), afterSlot: 0, limit: 99))
            var version = try subject.reader.members(of: room.id, for: user(1), changedAfter: 0, limit: 99).stamp
            func sync(_ limit: Int, _ wanted: [Int], _ what: String) throws {
                var told: [UserID] = []
                var more = true
                while more {
                    let page = try room.reader.members(of: room.id, for: user(1), changedAfter: version, limit: limit)
                    try expect(page.members.count <= limit, "\(what): a page of \(page.members.count)")
                    try expect(page.stamp > version || page.members.isEmpty, "\(what): the version does not rise")
                    told += page.members.map(\.profile.user)
                    known.merge(Self.list(in: page.members)) { $1 }
                    (version, more) = (page.stamp, page.more)
                }
                try expectEqual(told.sorted(), wanted.map(user).sorted(), what)
                let all = try room.reader.members(of: room.id, for: user(1), afterSlot: 0, limit: 99)
                try expectEqual(known, Self.list(in: all), "\(what): the list")
            }
            try sync(9, [], "nothing")
            try room.send("m", from: 2)
            try room.store.advance([PositionUpdate(conversation: room.id, user: user(2), read: 2, delivered: 2)])
            try sync(9, [], "a message and a position")
            try room.make("add", .add((6...40).map(user)))
            try sync(7, Array(6...40), "a bulk add, in pages")
            try room.make("role", .setRole(user(3), .administrator))
            try room.make("end", .end(user(4)))
            try room.make("mute", .mute(user(5), until: 9))
            try room.make("role again", .setRole(user(3), .member))
            room.subject = try subject.reopen()
            try sync(2, [3, 4, 5], "updates and a removal")
            try room.make("ban", .ban(user(6)))
            try room.make("back", .add([user(4), user(41)]))
            try room.make("transfer", .transfer(user(2)))
            try sync(1, [1, 2, 4, 6, 41], "a ban, a return, a transfer")
            try sync(9, [], "nothing again")
        },
        ContractCase("administrators see who is invited, who has asked and who is banned") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers((4...9).map(user))
            try room.make("link", .makeLink(NewLink(id: "door")))
            try room.make("invite", .invite([user(6), user(4), user(5)]))
            try room.make("ask", .request(link: "door"), by: 7)
            try room.make("ban", .ban(user(3)))
            func names(_ state: MemberState, after: String = "", limit: Int = 9, by number: Int = 1) throws -> [UserID] {
                let found = try subject.reader.members(of: room.id, for: user(number), in: state, after: after, limit: limit)
                try expect(found.allSatisfy { $0.membership.state == state }, "\(found)")
                return found.map(\.profile.user)
            }
            try expectEqual(names(.invited), [user(4), user(5), user(6)], "invited")
            try expectEqual(
                [names(.invited, limit: 2), names(.invited, after: "u5")], [[user(4), user(5)], [user(6)]], "pages")
            try expectEqual([names(.requested), names(.banned)], [[user(7)], [user(3)]], "requested, banned")
            try expectEqual(failure(ReadFailure.self) { _ = try names(.invited, by: 2) }, .forbidden, "a member")
        },
        ContractCase("members are found by their slots, in the order asked for") { subject in
            let room = try Room.make(subject, members: 4)
            try subject.addUsers([user(5)])
            try room.make("invite", .invite([user(5)]))
            try room.make("end", .end(user(3)))
            let found = try subject.reader.members(of: room.id, for: user(2), slots: [4, 0, 3, 99, -1, 1])
            try expectEqual(found.map(\.profile.user), [user(4), user(3), user(1)], "users")
            try expectEqual(found.map(\.profile.name), ["name of u4", "name of u3", "name of u1"], "names")
            try expectEqual(found.map(\.membership.slot), [4, 3, 1], "slots")
        },
    ]

    private static func list(in members: [MemberProfile]) -> [UserID: String] {
        Dictionary(
            members.map { member in
                let row = member.membership
                return (row.user, "\(row.slot) \(row.role) \(row.state) \(row.mutedUntil)")
            }, uniquingKeysWith: { $1 })
    }

    // MARK: The conversation list of who is outside, and whom to wake

    static let records: [ContractCase<StoreUnderTest>] = [
        ContractCase("who is invited, or has asked to join, has it in his list with the title and no more") { subject in
            var room = try Room.make(subject, members: 2)
            try subject.addUsers([user(3), user(4)])
            try room.send("secret")
            try room.make("link", .makeLink(NewLink(id: "door")))
            let entries = try [room.make("invite", .invite([user(3)])), room.make("ask", .request(link: "door"), by: 4)]
            try room.send("secret too")
            room.subject = try subject.reopen()
            for (number, state) in [(3, MemberState.invited), (4, .requested)] {
                let summary = try room.summary(number)
                try expectEqual([summary.membership.state], [state], "state")
                try expectEqual(summary.head.title, "Title of room", "title")
                try expectEqual(summary.preview, nil, "preview")
                try expectEqual([summary.unread, summary.mentions, Int64(summary.head.memberCount)], [0, 0, 0], "counts")
                try expectEqual([summary.head.sequence, summary.head.messages], [0, 0], "head")
                try expectEqual(try room.reader.changes(for: user(number), after: summary.stamp, limit: 9).count, 0, "told once")
            }
            try room.make("decline", .decline(user(3)), by: 3)
            try expectEqual(try room.reader.changes(for: user(3), after: 0, limit: 9).count, 0, "declined, from the start")
            let told = try room.reader.changes(for: user(3), after: entries[0].stamp, limit: 9)
            try expectEqual(told.map(\.membership.state), [.left], "declined")
            try room.make("let in", .add([user(4)]))
            try expectEqual(room.summary(4).unread, 2, "unread of who was let in")
        },
        ContractCase("a change of the group is told to its members' lists, not a reader's position to others") { subject in
            let room = try Room.make(subject, members: 2)
            let stamp = try room.summary(2).stamp
            try subject.store.advance([PositionUpdate(conversation: room.id, user: user(1), read: 1, delivered: 1)])
            try expectEqual(try subject.reader.changes(for: user(2), after: stamp, limit: 9).count, 0, "another's position")
            var title = SettingsChange()
            title.title = "New"
            try room.make("title", .settings(title))
            try expectEqual(
                try subject.reader.changes(for: user(2), after: stamp, limit: 9).map(\.head.title), ["New"], "the new title")
        },
        ContractCase("whom a message wakes follows from membership and level, and his badge from all conversations") { subject in
            var room = try Room.make(subject, members: 6, historyVisible: false)
            let other = try Room.make(subject, "other", members: 6)
            try subject.addUsers([user(7)])
            try room.make("end", .end(user(6)))
            let levels: [(Room, Int, NotifyLevel)] = [
                (room, 3, .mentions), (room, 4, .none), (other, 2, .mentions), (other, 3, .none),
            ]
            for (where_, number, level) in levels {
                try expectEqual(where_.note(.notify(where_.id, user(number), level)), .done, "level")
            }
            for name in ["a", "b"] { try other.send(name) }
            var mention = try other.message("c")
            mention.mentions = [user(2), user(3)]
            try other.appended(mention)
            let plain = try room.send("plain")
            var named = try room.message("named", from: 5)
            named.mentions = [user(3), user(4)]
            let naming = try room.appended(named)
            try room.make("add", .add([user(7)]))
            room.subject = try subject.reopen()
            func woken(_ messages: ClosedRange<Int64>, after: Int32 = 0, limit: Int = 9) throws -> [Recipient] {
                try room.reader.recipients(of: room.id, messages: messages, afterSlot: after, limit: limit)
            }
            func recipient(_ number: Int, _ sequence: Int64, mentioned: Bool = false, badge: Int64) -> Recipient {
                Recipient(user: user(number), slot: Int32(number), sequence: sequence, mentioned: mentioned, badge: badge)
            }
            // u2 has 2 unread here and 1 that names him there; u3 1 that names him here; u4 3 there; u5 1 here and 3 there.
            let (one, two) = (plain.sequence, naming.sequence)
            try expectEqual(
                woken(one...one), [recipient(2, one, badge: 3), recipient(5, one, badge: 4)], "by the plain message")
            let first = recipient(1, two, badge: 1)
            let second = recipient(2, two, badge: 3)
            let third = recipient(3, two, mentioned: true, badge: 1)
            try expectEqual(woken(two...two), [first, second, third], "by the one that names two")
            try expectEqual(
                [woken(two...two, limit: 1), woken(two...two, after: 1, limit: 1)], [[first], [second]], "pages")
            // Followed at once by one that names nobody, and by one that is taken back: the third member is woken all the same.
            let later = try room.send("plain again").sequence
            let recalled = try room.send("a slip").sequence
            try room.make("recall", .recall(target: recalled))
            let together = try woken(one...recalled)
            try expectEqual(together.map(\.user), [user(2), user(3), user(5), user(7)], "by all of them")
            try expectEqual(together.map(\.mentioned), [false, true, false, false], "who is named")
            try expectEqual(together.map(\.sequence), [later, later, later, later], "the newest that stands")
            try expectEqual(woken(recalled...recalled), [], "by what was taken back")
        },
        ContractCase("a badge ends at 100") { subject in
            let room = try Room.make(subject)
            let other = try Room.make(subject, "other")
            for room in [room, other] { _ = try subject.store.append((0..<70).map { room.draft("m\($0)", at: 1) }) }
            let found = try subject.reader.recipients(of: room.id, messages: 71...71, afterSlot: 0, limit: 9)
            try expectEqual(found, [Recipient(user: user(2), slot: 2, sequence: 71, mentioned: false, badge: 100)], "badge")
        },
    ]
}
