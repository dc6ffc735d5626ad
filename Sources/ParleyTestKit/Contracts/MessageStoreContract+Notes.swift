import ParleyDomain

extension MessageStoreContract {
    // MARK: Notes

    static let notes: [ContractCase<StoreUnderTest>] = [
        ContractCase("who is blocked adds and invites nobody who blocked him, and nobody is told") { subject in
            var room = try Room.make(subject, members: 2)
            try subject.addUsers((3...5).map(user))
            try expectEqual(room.note(.block(user(1), by: user(3), on: true)), .done)
            try expectEqual(room.note(.block(user(1), by: user(3), on: true)), .done, "again")
            room.subject = try subject.reopen()
            let added = try room.change("add", .add([user(3), user(4)]))
            try expectEqual(room.joiners(added).map(\.user), [user(4)], "added")
            try expectEqual(
                room.page(for: 1).entries.last?.content, ControlContent.bytes(for: .add([user(4)]), slots: [3]), "content")
            let invited = try room.make("invite", .invite([user(3), user(5)]))
            try expectEqual(invited.content, ControlContent.bytes(for: .invite([user(5)]), slots: []), "invited")
            try expectEqual(try room.store.membership(of: user(3), in: room.id), nil, "the one who blocked")
            let other = Room(subject: room.subject, id: ConversationID(trusted: "other"))
            let new = NewConversation(kind: .group, title: "")
            let made = other.draft("make", .created, at: 0, change: .create(new, members: [user(3), user(4)]))
            try expectEqual(other.joiners(made).map(\.user), [user(1), user(4)], "a new group")

            try expectEqual(try room.reader.blocks(of: user(3)).map(\.user), [user(1)], "blocks")
            try expectEqual(room.note(.block(user(1), by: user(3), on: false)), .done)
            try expectEqual(try room.reader.blocks(of: user(3)), [], "blocks after")
            try expectEqual(room.joiners(room.change("again", .add([user(3)]))).map(\.user), [user(3)], "added after")
        },
        ContractCase("a block shows to both in their direct conversation, and in no group") { subject in
            let room = try Room.make(subject, kind: .direct)
            let group = try Room.make(subject, "group")
            let stamp = try [room.summary(1), room.summary(2), group.summary(1), group.summary(2)].map(\.stamp).max() ?? 0
            for (blocker, other) in [(1, 2), (2, 1)] {
                try expectEqual(room.note(.block(user(other), by: user(blocker), on: true)), .done)
                try expectEqual([room.membership(1).blocked, room.membership(2).blocked], [true, true], "by u\(blocker)")
                try expectEqual(try subject.store.memberships(of: user(other)).map(\.0.blocked), [true, false], "memberships")
                let told = try subject.reader.changes(for: user(other), after: stamp, limit: 9)
                try expectEqual(told.map(\.head.conversation), [room.id], "what u\(other) is told of")
                try expectEqual(told.map(\.membership.blocked), [true], "blocked")
                try expect(!group.membership(other).blocked, "the group")
                try expectEqual(room.note(.block(user(other), by: user(blocker), on: false)), .done)
                try expectEqual([room.membership(1).blocked, room.membership(2).blocked], [false, false], "no longer")
            }
        },
        ContractCase("no direct conversation is made of two of whom one has blocked the other") { subject in
            try subject.addUsers((1...3).map(user))
            let room = Room(subject: subject, id: ConversationID(trusted: "room"))
            let draft = room.draft(
                "make", .created, at: 0, change: .create(NewConversation(kind: .direct, title: ""), members: [user(2)]))
            for (blocker, other) in [(1, 2), (2, 1)] {
                try expectEqual(room.note(.block(user(other), by: user(blocker), on: true)), .done)
                try expectEqual(room.refusal(draft), .blocked, "blocked by u\(blocker)")
                try expectEqual(room.note(.block(user(other), by: user(blocker), on: false)), .done)
            }
            try expectEqual(room.note(.block(user(3), by: user(1), on: true)), .done)
            let entry = try room.appended(draft)
            try expectEqual(room.note(.block(user(1), by: user(2), on: true)), .done)
            try expectEqual(room.one(draft), .duplicate(entry), "made before, and asked for again")
        },
        ContractCase("a user blocks so many others, known ones, and no more") { subject in
            let count = Limits.blocksPerUser
            try subject.addUsers((1...count + 2).map(user))
            let outcomes = try subject.store.note((2...count + 2).map { .block(user($0), by: user(1), on: true) })
            try expectEqual(outcomes.count { $0 == .done }, count, "blocked")
            try expectEqual(outcomes.last, .refused(.tooMany), "the last")
            let others = try subject.store.note([
                .block(user(9_999), by: user(2), on: true), .block(user(3), by: user(1), on: false),
                .block(user(count + 2), by: user(1), on: true),
            ])
            try expectEqual(others, [.refused(.unknownUser(user(9_999))), .done, .done], "others")
        },
        ContractCase("a message is reported once by each who may see it, and administrators read it") { subject in
            var room = try Room.make(subject, members: 4, historyVisible: false)
            try subject.addUsers([user(5), user(6)])
            try room.send("m")
            try room.make("add", .add([user(5)]))
            try room.send("n")
            func report(_ sequence: Int64, _ number: Int, _ reason: String, _ time: Int64) -> Note {
                .report(room.id, sequence: sequence, by: user(number), reason: reason, time: time)
            }
            let outcomes = try subject.store.note([
                report(2, 2, "a", 5), report(2, 2, "b", 6), report(2, 3, "c", 7), report(4, 2, "d", 8), report(3, 2, "e", 9),
                report(99, 2, "f", 9), report(2, 5, "g", 9), report(2, 6, "h", 9),
            ])
            try expectEqual(
                outcomes,
                [.done, .done, .done, .done] + [.noMessage, .noMessage, .noMessage, .notMember].map { .refused($0) }, "outcomes")
            room.subject = try subject.reopen()
            func reports(_ number: Int = 1, before: Int64 = .max, limit: Int = 10) throws -> [Report] {
                try room.reader.reports(of: room.id, for: user(number), before: before, limit: limit)
            }
            let all = try reports()
            try expectEqual(all.map(\.reason), ["d", "c", "a"], "reasons, the newest first; the first of two by one")
            try expectEqual(all.map(\.sequence), [4, 2, 2], "messages")
            try expectEqual(all.map(\.user), [user(2), user(3), user(2)], "reporters")
            try expectEqual(all.map(\.time), [8, 7, 5], "times")
            try expect(all[0].number > all[1].number && all[1].number > all[2].number && all[2].number > 0, "numbers")
            try expectEqual(try reports(limit: 1), [all[0]], "the newest")
            try expectEqual(try reports(before: all[0].number, limit: 1), [all[1]], "the next page")
            try expectEqual(try reports(before: all[1].number), [all[2]], "the rest")
            try expectEqual(try reports(before: all[2].number), [], "behind the end")
            for (number, wanted) in [(2, ReadFailure.forbidden), (6, .notMember)] {
                let found = try failure(ReadFailure.self) {
                    _ = try reports(number)
                }
                try expectEqual(found, wanted, "u\(number)")
            }
        },
        ContractCase("administrators take the reports of a message that they may see off the list") { subject in
            var room = try Room.make(subject, members: 3, historyVisible: false)
            try subject.addUsers([user(4), user(5)])
            try room.send("m")
            try room.send("n")
            try room.make("add", .add([user(4)]))
            for number in [3, 4] { try room.make("role\(number)", .setRole(user(number), .administrator)) }
            for (sequence, number) in [(2, 1), (2, 2), (3, 2)] as [(Int64, Int)] {
                let report = Note.report(room.id, sequence: sequence, by: user(number), reason: "r", time: 5)
                try expectEqual(room.note(report), .done)
            }
            func resolve(_ sequence: Int64, by number: Int) throws -> NoteOutcome {
                try room.note(.resolve(room.id, sequence: sequence, by: user(number)))
            }
            func left() throws -> [Int64] {
                try room.reader.reports(of: room.id, for: user(1), before: .max, limit: 9).map(\.sequence)
            }
            try expectEqual(resolve(2, by: 2), .refused(.forbidden), "a member")
            try expectEqual(resolve(2, by: 5), .refused(.notMember), "a stranger")
            try expectEqual(resolve(2, by: 4), .refused(.noMessage), "an administrator who may not see it")
            for sequence in [1, 99] as [Int64] { try expectEqual(resolve(sequence, by: 3), .refused(.noMessage), "\(sequence)") }
            try expectEqual(left(), [3, 2, 2], "nothing is gone")
            try expectEqual([resolve(2, by: 3), resolve(2, by: 1)], [.done, .done], "once and again")
            room.subject = try subject.reopen()
            try expectEqual(left(), [3], "what is left")
            try expectEqual(room.note(.report(room.id, sequence: 2, by: user(2), reason: "again", time: 6)), .done)
            try expectEqual(left(), [2, 3], "reported again")
        },
        ContractCase("a level of notices is a member's own, and his devices are told") { subject in
            var room = try Room.make(subject, members: 2)
            try subject.addUsers([user(3)])
            let stamp = try max(room.summary(1).stamp, room.summary(2).stamp)
            try expectEqual(room.note(.notify(room.id, user(2), .mentions)), .done)
            try expectEqual(room.note(.notify(room.id, user(3), .none)), .refused(.notMember))
            room.subject = try subject.reopen()
            try expectEqual([room.membership(1).notify, room.membership(2).notify], [.all, .mentions], "levels")
            let told = try room.reader.changes(for: user(2), after: stamp, limit: 9)
            try expectEqual(told.map(\.membership.notify), [.mentions], "what the other devices are told")
            try expectEqual(try room.reader.changes(for: user(1), after: stamp, limit: 9).count, 0, "the others")
            let newest = try need(told.first, "change").stamp
            try expectEqual(room.note(.notify(room.id, user(2), .mentions)), .done, "again")
            try expectEqual(try room.reader.changes(for: user(2), after: newest, limit: 9).count, 0, "the same again")
        },
        ContractCase("private data is kept for the account and for each conversation") { subject in
            var room = try Room.make(subject, members: 2)
            let other = try Room.make(subject, "other", members: 2)
            try subject.addUsers([user(3)])
            let outcomes = try subject.store.note([
                .data(user(1), nil, [1]), .data(user(1), room.id, [2]), .data(user(1), room.id, [3]),
                .data(user(2), room.id, [4]),
                .data(user(3), room.id, [5]),
            ])
            try expectEqual(outcomes, [.done, .done, .done, .done, .refused(.notMember)], "outcomes")
            room.subject = try subject.reopen()
            let reader = room.reader
            try expectEqual(try reader.data(of: user(1), in: nil), [1], "of the account")
            try expectEqual(try reader.data(of: user(2), in: nil), nil, "of another account")
            try expectEqual(try [1, 2].map { try reader.data(of: user($0), in: room.id) }, [[3], [4]], "of the conversation")
            try expectEqual(try reader.data(of: user(1), in: other.id), nil, "of another conversation")
            let stranger = try failure(ReadFailure.self) { _ = try reader.data(of: user(3), in: room.id) }
            try expectEqual(stranger, .notMember, "a stranger")
        },
        ContractCase("who was seen is told to those who share a conversation, if he lets it be told") { subject in
            var room = try Room.make(subject, members: 4)
            try subject.addUsers([user(5), user(6)])
            try room.make("end", .end(user(4)))
            try expectEqual(
                subject.store.note([
                    .seen(user(2), at: 50), .seen(user(2), at: 60), .seen(user(3), at: 70), .seen(user(4), at: 80),
                    .seen(user(5), at: 90), .preferences(user(3), receipts: nil, presence: false),
                ]), [.done, .done, .done, .done, .done, .done], "outcomes")
            room.subject = try subject.reopen()
            let asked = (1...6).map(user) + [user(99)]
            try expectEqual(
                try room.reader.seen(asked, for: user(2)), [Seen(user: user(1), time: 0), Seen(user: user(2), time: 60)], "seen")
            try expectEqual(try room.reader.seen([user(2)], for: user(5)), [], "for a stranger")
            try expectEqual(try room.reader.seen([user(2)], for: user(4)), [], "for a former member")
            try expectEqual(subject.reader.preferences(of: user(3)), Preferences(receipts: true, presence: false), "kept")
            try expectEqual(subject.reader.preferences(of: user(2)), Preferences(), "unless set")
            try expectEqual(room.note(.preferences(user(3), receipts: nil, presence: true)), .done)
            try expectEqual(try room.reader.seen([user(3)], for: user(2)), [Seen(user: user(3), time: 70)], "seen again")
        },
    ]
}
