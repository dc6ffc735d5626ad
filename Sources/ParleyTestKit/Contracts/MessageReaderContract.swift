import ParleyDomain

/// The promises of `MessageReader`. Cases start from an empty store.
package enum MessageReaderContract {
    package static let cases: [ContractCase<StoreUnderTest>] =
        rights + paging + lists + folded + hidden + memberLists + records + numbers

    private static let rights: [ContractCase<StoreUnderTest>] = [
        ContractCase("strangers, former members and readers of nothing get the same answer") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers([user(4)])
            try room.make("end", .end(user(3)))
            let none = ConversationID(trusted: "none")
            for (conversation, number) in [(room.id, 3), (room.id, 4), (room.id, 99), (none, 1)] {
                let calls: [() throws -> Void] = [
                    { _ = try subject.reader.entries(in: conversation, for: user(number), after: 0, limit: 5) },
                    { _ = try subject.reader.entries(in: conversation, for: user(number), before: .max, limit: 5) },
                    { _ = try subject.reader.members(of: conversation, for: user(number), afterSlot: 0, limit: 5) },
                ]
                for call in calls { try expectEqual(failure(ReadFailure.self, call), .notMember, "u\(number)") }
            }
        },
        ContractCase("members are listed by slot, left ones too") { subject in
            let room = try Room.make(subject, members: 5)
            try room.make("end", .end(user(3)))
            let first = try subject.reader.members(of: room.id, for: user(1), afterSlot: 0, limit: 2)
            try expectEqual(first.map(\.membership.slot), [1, 2], "first page")
            let rest = try subject.reader.members(of: room.id, for: user(1), afterSlot: 2, limit: 10)
            try expectEqual(rest.map(\.profile.user), [user(3), user(4), user(5)], "rest")
            try expectEqual(rest.map(\.membership.active), [false, true, true], "active")
            try expectEqual(rest.map(\.profile.name), ["name of u3", "name of u4", "name of u5"], "names")
        },
        ContractCase("profiles are found, unknown ones left out") { subject in
            try subject.addUsers([user(1), user(2)])
            let found = try subject.reader.profiles(of: [user(2), user(9), user(1)])
            try expectEqual(found.map(\.name), ["name of u2", "name of u1"], "names")
        },
    ]

    private static let paging: [ContractCase<StoreUnderTest>] = [
        ContractCase("pages go both ways without holes or repeats") { subject in
            let room = try Room.make(subject)
            _ = try subject.store.append((1...24).map { room.draft("m\($0)", at: 1) })
            for size in [1, 4, 5, 24, 25, 26] {
                try expectEqual(room.visible(to: 2, page: size), Array(1...25), "forward in pages of \(size)")
                var back: [Int64] = []
                var more = true
                while more {
                    let page = try subject.reader.entries(in: room.id, for: user(2), before: back.last ?? .max, limit: size)
                    back += page.entries.map(\.sequence)
                    more = page.more
                    try expectEqual(page.head, 25, "head")
                }
                try expectEqual(back, Array((1...25).reversed()), "backward in pages of \(size)")
            }
            for (after, wanted) in [(Int64.min, 3), (-1, 3), (24, 1), (25, 0), (1_000, 0), (.max, 0)] {
                let page = try subject.reader.entries(in: room.id, for: user(2), after: after, limit: 3)
                try expectEqual(page.entries.count, wanted, "entries after \(after)")
                try expectEqual(page.more, after < 22, "more after \(after)")
            }
            for (before, wanted) in [(Int64.min, 0), (0, 0), (1, 0), (2, 1), (26, 3), (1_000, 3)] {
                let page = try subject.reader.entries(in: room.id, for: user(2), before: before, limit: 3)
                try expectEqual(page.entries.count, wanted, "entries before \(before)")
            }
        },
        ContractCase("a page ends at the largest number of entries, or when its bytes are full") { subject in
            let room = try Room.make(subject)
            _ = try subject.store.append((1...220).map { room.draft("m\($0)", at: 1) })
            var page = try subject.reader.entries(in: room.id, for: user(1), after: 0, limit: 10_000)
            try expectEqual(page.entries.count, Limits.pageEntriesMax, "entries")
            try expect(page.more, "there is more")

            let large = (1...8).map { index in
                var draft = room.draft("large\(index)", at: 1)
                draft.content = [UInt8](repeating: UInt8(ascii: " "), count: 90_000)
                return draft
            }
            _ = try subject.store.append(large)
            page = try subject.reader.entries(in: room.id, for: user(1), after: 221, limit: 100)
            try expectEqual(page.entries.map(\.sequence), [222, 223, 224], "bytes")
            try expect(page.more, "there is more")
            page = try subject.reader.entries(in: room.id, for: user(1), before: .max, limit: 100)
            try expectEqual(page.entries.map(\.sequence), [229, 228, 227], "bytes, backward")
        },
    ]

    private static let lists: [ContractCase<StoreUnderTest>] = [
        ContractCase("changes come by stamp, in pages, each conversation where its newest change is") { subject in
            let rooms = try (1...5).map { try Room.make(subject, "room\($0)") }
            try rooms[0].send("a")
            try rooms[3].send("a")
            try subject.store.advance([PositionUpdate(conversation: rooms[1].id, user: user(2), read: 1, delivered: 1)])
            var found: [ConversationID] = []
            var stamp: Int64 = 0
            while true {
                let page = try subject.reader.changes(for: user(2), after: stamp, limit: 2)
                guard let last = page.last else { break }
                try expectEqual(page.map(\.stamp), page.map(\.stamp).sorted(), "stamps")
                found += page.map(\.head.conversation)
                stamp = last.stamp
            }
            try expectEqual(found, [2, 4, 0, 3, 1].map { rooms[$0].id }, "order")
            try expectEqual(
                try subject.reader.changes(for: user(1), after: 0, limit: 100).last?.head.conversation, rooms[3].id, "u1")
            try rooms[2].send("b")
            let fresh = try subject.reader.changes(for: user(2), after: stamp, limit: 100)
            try expectEqual(fresh.map(\.head.conversation), [rooms[2].id], "after the last stamp")
            try expectEqual(fresh.first?.preview?.clientID, ClientID(trusted: "b"), "preview")
            try expectEqual(try subject.reader.changes(for: user(9), after: 0, limit: 5).count, 0, "a stranger's changes")
        },
        ContractCase("unread is the messages of others after the read position") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers([user(4)])
            // Senders of the entries from sequence 2 on; 0 is an entry that changes a role.
            let senders = [1, 2, 2, 0, 1, 3, 2, 0, 0, 1, 2]
            for (index, sender) in senders.enumerated() {
                if sender == 0 {
                    try room.make("m\(index)", .setRole(user(3), index.isMultiple(of: 2) ? .member : .administrator))
                } else {
                    try room.send("m\(index)", from: sender)
                }
            }
            for read in Int64(0)...12 {
                if read > 0 {
                    let all = (1...3).map { PositionUpdate(conversation: room.id, user: user($0), read: read, delivered: 0) }
                    try subject.store.advance(all)
                }
                for number in 1...3 {
                    let wanted = senders.enumerated().count {
                        Int64($0.offset) + 2 > read && $0.element != 0 && $0.element != number
                    }
                    try expectEqual(room.summary(number).unread, Int64(wanted), "unread of u\(number), read \(read)")
                }
            }
        },
        ContractCase("who joins has nothing unread from before his visible start") { subject in
            for (visible, wanted) in [(true, Int64(3)), (false, 1)] {
                let room = try Room.make(subject, visible ? "visible" : "hidden", members: 2, historyVisible: visible)
                try subject.addUsers([user(3)])
                try room.send("a")
                try room.send("b")
                let entry = try room.make("join", .add([user(3)]))
                try expectEqual(room.membership(3).read, visible ? 0 : entry.sequence - 1, "read")
                try room.send("c")
                try expectEqual(room.summary(3).unread, wanted, "unread")
            }
        },
        ContractCase("the preview is the newest message that the member may see") { subject in
            let room = try Room.make(subject, members: 2, historyVisible: false)
            try subject.addUsers([user(3)])
            try expectEqual(room.summary(1).preview, nil, "no message yet")
            try room.make("join", .add([user(3)]))
            let seen = try room.send("a")
            try room.make("leave", .end(user(3)))
            let unseen = try room.send("b")
            try room.make("return", .add([user(3)]))
            try expectEqual(room.summary(3).preview, seen, "preview of who returned")
            try expectEqual(room.summary(1).preview, unseen, "preview of who stayed")
        },
        ContractCase("a direct conversation names the other one") { subject in
            let room = try Room.make(subject, kind: .direct)
            try expectEqual(room.summary(1).peer, user(2), "peer of u1")
            try expectEqual(room.summary(2).peer, user(1), "peer of u2")
            let group = try Room.make(subject, "group")
            try expectEqual(group.summary(1).peer, nil, "peer in a group")
        },
        ContractCase("an ended membership is told of after a stamp, and shows nothing of what came later") { subject in
            let room = try Room.make(subject, members: 3)
            let message = try room.send("a")
            let end = try room.make("end", .end(user(3)))
            try room.send("b")
            try expectEqual(try subject.reader.changes(for: user(3), after: 0, limit: 5).count, 0, "from the start")
            let found = try subject.reader.changes(for: user(3), after: message.stamp, limit: 5)
            let summary = try need(found.first, "summary")
            try expect(!summary.membership.active, "the membership is over")
            try expectEqual([summary.head.sequence, summary.head.messages, summary.stamp], [end.sequence, 1, end.stamp], "head")
            try expectEqual(summary.preview, nil, "preview")
            try expectEqual(summary.unread, 0, "unread")
            try expectEqual(try subject.reader.changes(for: user(3), after: end.stamp, limit: 5).count, 0, "told once")
        },
    ]
}
