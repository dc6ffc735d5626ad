import ParleyDomain

extension MessageStoreContract {
    // MARK: Promise 5: memberships

    static let memberships: [ContractCase<StoreUnderTest>] = [
        ContractCase("the maker is owner with slot 1, the others members in order") { subject in
            let room = try Room.make(subject, members: 3)
            let rows = try (1...3).map(room.membership)
            try expectEqual(rows.map(\.slot), [1, 2, 3], "slots")
            try expectEqual(rows.map(\.role), [.owner, .member, .member], "roles")
            try expectEqual(rows.map(\.visibleFrom), [1, 1, 1], "visible from")
            let head = try room.head()
            try expectEqual([head.memberCount, head.lastSlot, head.memberCap], [3, 3, 500], "head")
            try expectEqual(head.title, "Title of room", "title")
            let entry = try need(subject.reader.entries(in: room.id, for: user(2), after: 0, limit: 1).entries.first, "entry")
            let new = NewConversation(kind: .group, title: "Title of room")
            try expectEqual(
                entry.content, ControlContent.bytes(for: .create(new, members: [user(2), user(3)]), slots: [2, 3]), "content")
            try expectEqual(try subject.store.memberships(of: user(2)).map(\.0), [rows[1]], "memberships of u2")
        },
        ContractCase("600 single adds on a cap of 500 give exactly 500 members") { subject in
            let room = try Room.make(subject, members: 1, cap: 500)
            try subject.addUsers((2...601).map(user))
            var added = 0
            for number in 2...601 {
                let outcome = try room.one(room.change("add\(number)", .add([user(number)])))
                if case .appended = outcome { added += 1 } else { try expectEqual(outcome, .refused(.groupFull)) }
            }
            try expectEqual(added, 499, "added")
            try expectEqual(room.head().memberCount, 500, "members")
            try expectEqual(room.head().lastSlot, 500, "last slot")
        },
        ContractCase("an add or creation beyond the cap adds nobody") { subject in
            let room = try Room.make(subject, members: 3, cap: 4)
            try subject.addUsers((4...9).map(user))
            try expectEqual(room.refusal(room.change("five", .add([user(4), user(5)]))), .groupFull)
            try expectEqual(room.head().memberCount, 3, "members")
            try room.make("four", .add([user(4), user(3), user(4)]))
            try expectEqual(room.head().memberCount, 4, "members")
            let other = Room(subject: subject, id: ConversationID(trusted: "other"))
            let new = NewConversation(kind: .group, title: "", memberCap: 2)
            let draft = other.draft("make", .created, at: 0, change: .create(new, members: [user(2), user(3)]))
            try expectEqual(other.refusal(draft), .groupFull)
            try expectEqual(try subject.store.heads(of: [other.id]), [], "heads")
        },
        ContractCase("a bulk add is one entry that names those it added, with their slots") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...5).map(user))
            let entry = try room.make("add", .add([user(4), user(2), user(5), user(4), user(3)]))
            try expectEqual(entry.kind, .added, "kind")
            try expectEqual(
                entry.content, ControlContent.bytes(for: .add([user(4), user(5), user(3)]), slots: [3, 4, 5]), "content")
            try expectEqual(room.head().sequence, 2, "sequence")
            try expectEqual(room.head().controlSequence, 2, "control sequence")
        },
        ContractCase("unknown users and users who are no members are named in the refusal") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers([user(3)])
            try expectEqual(room.refusal(room.change("a", .add([user(3), user(77)]))), .unknownUser(user(77)))
            try expectEqual(room.refusal(room.change("b", .end(user(3)))), .notMember(user(3)))
            try expectEqual(room.refusal(room.change("c", .setRole(user(77), .owner))), .notMember(user(77)))
            try expectEqual(room.head().sequence, 1, "sequence")
            try expectEqual(try subject.store.membership(of: user(3), in: room.id), nil, "membership")
        },
        ContractCase("a role changes with its entry") { subject in
            let room = try Room.make(subject)
            let entry = try room.make("role", .setRole(user(2), .administrator))
            try expectEqual(entry.content, ControlContent.bytes(for: .setRole(user(2), .administrator), slots: []), "content")
            try expectEqual(room.membership(2).role, .administrator, "role")
        },
        ContractCase("who leaves keeps slot and row, who returns gets his slot back") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers([user(4)])
            try room.make("role", .setRole(user(2), .administrator))
            let ended = try room.make("end", .end(user(2)))
            try expectEqual(ended.kind, .removed, "kind")
            var row = try room.membership(2)
            try expect(!row.active && row.slot == 2, "the row after leaving is \(row)")
            try expectEqual(room.head().memberCount, 2, "members")
            try expectEqual(try subject.store.memberships(of: user(2)).count, 0, "active memberships")
            try expectEqual(room.refusal(room.change("again", .end(user(2)))), .notMember(user(2)))

            let back = try room.make("back", .add([user(2), user(4)]))
            try expectEqual(back.content, ControlContent.bytes(for: .add([user(2), user(4)]), slots: [2, 4]), "content")
            row = try room.membership(2)
            try expect(row.active && row.slot == 2 && row.role == .member, "the row after the return is \(row)")
            try expectEqual([room.head().memberCount, room.head().lastSlot], [4, 4], "members and last slot")
        },
        ContractCase("where history is visible, who joins or returns sees all of it") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers([user(3)])
            try room.send("a")
            try room.make("join", .add([user(3)]))
            try room.make("leave", .end(user(3)))
            try room.send("b")
            try room.make("return", .add([user(3)]))
            try expectEqual(room.visible(to: 3), [1, 2, 3, 4, 5, 6], "visible")
            try expectEqual(room.membership(3).visibleFrom, 1, "visible from")
        },
        ContractCase("where history is hidden, a member sees exactly his intervals") { subject in
            let room = try Room.make(subject, members: 2, historyVisible: false)
            try subject.addUsers([user(3)])
            try room.send("a")  // 2
            try room.make("join", .add([user(3)]))  // 3
            try room.send("b")  // 4
            try room.make("leave", .end(user(3)))  // 5
            try room.send("c")  // 6
            try room.send("d")  // 7
            let back = try room.make("return", .add([user(3)]))  // 8
            try room.send("e")  // 9
            try expectEqual(room.visible(to: 3), [3, 4, 5, 8, 9], "visible")
            try expectEqual(room.visible(to: 1), [1, 2, 3, 4, 5, 6, 7, 8, 9], "visible to the owner")
            try expectEqual(room.membership(3).visibleFrom, back.sequence, "visible from")
            try expectEqual(room.membership(3).read, back.sequence - 1, "read")
            let page = try subject.reader.entries(in: room.id, for: user(3), before: .max, limit: 3)
            try expectEqual(page.entries.map(\.sequence), [9, 8, 5], "newest first")
            try expect(page.more, "there is more before")
            try expectEqual(
                subject.reader.entries(in: room.id, for: user(3), before: 5, limit: 3).entries.map(\.sequence), [4, 3], "before 5"
            )
            try expectEqual(room.summary(3).unread, 1, "unread")
        },
    ]

    // MARK: Positions

    static let positions: [ContractCase<StoreUnderTest>] = [
        ContractCase("positions move forward only, and never beyond the head") { subject in
            let room = try Room.make(subject)
            for index in 1...4 { try room.send("m\(index)") }
            func advance(_ read: Int64, _ delivered: Int64, _ number: Int = 2) throws -> [Int64] {
                try subject.store.advance([
                    PositionUpdate(conversation: room.id, user: user(number), read: read, delivered: delivered)
                ])
                let row = try room.membership(number)
                return [row.read, row.delivered]
            }
            try expectEqual(advance(2, 3), [2, 3], "moved")
            try expectEqual(advance(1, 2), [2, 3], "back")
            try expectEqual(advance(0, 4), [2, 4], "zero leaves as it is")
            try expectEqual(advance(6, 5), [2, 5], "beyond the head")
            try expectEqual(advance(5, 6), [5, 5], "up to the head")
            try expectEqual(advance(.max, .min), [5, 5], "out of range")
            try subject.addUsers([user(3)])
            try subject.store.advance([
                PositionUpdate(conversation: room.id, user: user(3), read: 1, delivered: 1),
                PositionUpdate(conversation: room.id, user: user(99), read: 1, delivered: 1),
                PositionUpdate(conversation: ConversationID(trusted: "none"), user: user(1), read: 1, delivered: 1),
                PositionUpdate(conversation: room.id, user: user(1), read: 1, delivered: 1),
            ])
            try expectEqual(try subject.store.membership(of: user(3), in: room.id), nil, "a stranger")
            try expectEqual(room.membership(1).read, 1, "the others of the call")
        },
        ContractCase("a former member's positions end where his membership ended") { subject in
            let room = try Room.make(subject)
            try room.send("a")
            let end = try room.make("end", .end(user(2)))
            try room.send("b")
            try subject.store.advance([PositionUpdate(conversation: room.id, user: user(2), read: 4, delivered: 4)])
            try expectEqual([room.membership(2).read, room.membership(2).delivered], [end.sequence, end.sequence], "positions")
        },
    ]
}
