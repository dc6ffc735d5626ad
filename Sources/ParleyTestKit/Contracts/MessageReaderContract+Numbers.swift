import ParleyDomain

/// The numbers of users and conversations: given once, kept for ever.
extension MessageReaderContract {
    static let numbers: [ContractCase<StoreUnderTest>] = [
        ContractCase("every user and conversation has one number, and it stays") { subject in
            var room = try Room.make(subject, members: 3)
            let direct = try Room.make(subject, "direct", kind: .direct)
            let users = (1...3).map(user)
            let before = try room.reader.numbered(users)
            let rooms = try room.reader.numbered([direct.id, room.id], for: user(1))
            try room.make("end", .end(user(3)))
            try room.subject.addUsers([user(4)])
            room.subject = try subject.reopen()
            let later = try Room.make(room.subject, "later")

            try expectEqual(before.map(\.profile.name), ["name of u1", "name of u2", "name of u3"], "names")
            try expectEqual(
                try room.reader.numbered([user(9)] + users), before, "the same after a new start, unknown ones left out")
            try expectEqual(try room.reader.numbered([direct.id, room.id], for: user(1)), rooms, "conversations too")
            let all = try room.reader.numbered(users + [user(4)]).map(\.number)
            let places = try room.reader.numbered([room.id, direct.id, later.id], for: user(1)).map(\.number)
            for numbers in [all, places] {
                try expectEqual(Set(numbers).count, numbers.count, "each its own")
                try expect(numbers.allSatisfy { $0 >= 1 && $0 < 1 << 53 }, "from 1 to 2^53-1")
            }
            for known in before { try expectEqual(try room.reader.user(numbered: known.number), known, "by its number") }
        },
        ContractCase("the number of a foreign conversation is answered like one that nobody has") { subject in
            let room = try Room.make(subject, members: 3)
            try room.make("end", .end(user(3)))
            try subject.addUsers([user(4)])
            let known = try need(try room.reader.numbered([room.id], for: user(1)).first, "u1 is a member")
            let wanted = NumberedConversation(
                conversation: room.id, number: known.number, kind: .group, title: "Title of room")
            try expectEqual(known, wanted, "as a member sees it")
            try expectEqual(try room.reader.conversation(numbered: known.number, for: user(2)), wanted, "by its number")
            for number in [3, 4, 9] {
                try expectEqual(try room.reader.conversation(numbered: known.number, for: user(number)), nil, "u\(number)")
                try expectEqual(try room.reader.numbered([room.id], for: user(number)), [], "u\(number), by id")
            }
            for number in [Int64.min, -1, 0, known.number + 1, .max] {
                try expectEqual(try room.reader.conversation(numbered: number, for: user(1)), nil, "\(number)")
            }
            try expectEqual(try room.reader.numbered([ConversationID(trusted: "none")], for: user(1)), [], "no such id")
            for number in [Int64.min, 0, 9_999, .max] {
                try expectEqual(try room.reader.user(numbered: number), nil, "user \(number)")
            }
        },
        ContractCase("a direct conversation is told with the other one") { subject in
            let room = try Room.make(subject, kind: .direct)
            try expectEqual(try room.reader.numbered([room.id], for: user(1)).map(\.peer), [user(2)], "for u1")
            try expectEqual(try room.reader.numbered([room.id], for: user(2)).map(\.peer), [user(1)], "for u2")
        },
    ]
}
