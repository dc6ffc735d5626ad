import ParleyDomain

/// The promises of `MessageStore`, one case each at least. Cases start from an empty store.
package enum MessageStoreContract {
    package static let cases: [ContractCase<StoreUnderTest>] =
        numbering + repeats + failures + memberships + positions + entering + groups + links + relations + notes + receipts

    // MARK: Promises 1, 2 and 6

    private static let numbering: [ContractCase<StoreUnderTest>] = [
        ContractCase("sequences and ordinals are dense, refused drafts leave no hole") { subject in
            let room = try Room.make(subject)
            let outcomes = try subject.store.append([
                room.draft("a", from: 1, at: 1), room.draft("b", from: 2, at: 1), room.draft("a", from: 1, text: "other", at: 1),
                room.draft("c", from: 1, at: 0), room.draft("d", from: 9, at: 1), room.draft("e", from: 1, at: 1),
            ])
            try expectEqual(outcomes[2], .refused(.conflict))
            try expectEqual(outcomes[3], .refused(.stale))
            try expectEqual(outcomes[4], .refused(.unknownUser(user(9))))
            let page = try subject.reader.entries(in: room.id, for: user(1), after: 0, limit: 10)
            try expectEqual(page.entries.map(\.sequence), [1, 2, 3, 4], "sequences")
            try expectEqual(page.entries.map(\.messageOrdinal), [0, 1, 2, 3], "message ordinals")
            try expectEqual(page.entries.map(\.senderOrdinal), [0, 1, 1, 2], "sender ordinals")
            let stored = outcomes.compactMap { if case .appended(let entry, _) = $0 { entry } else { nil } }
            try expectEqual(Array(page.entries.dropFirst()), stored, "what is read is what was answered:")
            let head = try room.head()
            try expectEqual(
                [head.sequence, head.messages, head.controlSequence, head.stamp], [4, 3, 1, stored[2].stamp], "head")
        },
        ContractCase("all that was answered is there after the store is opened again, and numbering goes on") { subject in
            var room = try Room.make(subject)
            var entries = try [room.send("a"), room.send("b", from: 2)]
            try subject.store.advance([PositionUpdate(conversation: room.id, user: user(2), read: 2, delivered: 3)])
            let (head, member) = try (room.head(), room.membership(2))
            let epoch = subject.store.epoch
            room.subject = try subject.reopen()
            try expectEqual(room.store.epoch, epoch, "epoch")
            try expectEqual(room.head(), head, "head")
            try expectEqual(room.membership(2), member, "membership")
            entries.append(try room.send("c"))
            let page = try room.reader.entries(in: room.id, for: user(1), after: 1, limit: 10)
            try expectEqual(page.entries, entries, "entries")
            try expectEqual(entries[2].sequence, 4, "next sequence")
            try expectEqual([entries[2].messageOrdinal, entries[2].senderOrdinal], [3, 2], "ordinals")
            try expect(entries[2].id > entries[1].id, "ids rise over a restart")
        },
        ContractCase("ids and stamps rise when the clock goes back, also over a restart") { subject in
            var room = try Room.make(subject)
            var last = try room.send("first").id
            for (index, time) in [Room.start + 60_000, Room.start, Room.start - 86_400_000, 0].enumerated() {
                if index == 2 { room.subject = try room.subject.reopen() }
                let entry = try room.appended(room.draft("c\(index)", at: 1, time: time))
                try expect(entry.id > last && entry.stamp >= entry.id, "id \(entry.id) does not rise above \(last)")
                try expectEqual(entry.time, time, "time")
                last = entry.stamp
            }
            try room.store.advance([PositionUpdate(conversation: room.id, user: user(2), read: 3, delivered: 0)])
            let stamp = try room.summary(2).stamp
            try expect(stamp > last, "a moved position bears a newer stamp")
            room.subject = try room.subject.reopen()
            try expect(try room.appended(room.draft("end", at: 1, time: 0)).stamp > stamp, "a stamp is used twice")
        },
        ContractCase("conversations of one batch are numbered apart") { subject in
            let rooms = try (1...3).map { try Room.make(subject, "room\($0)") }
            let drafts = (0..<9).map { rooms[$0 % 3].draft("m\($0)", at: 1) }
            let outcomes = try subject.store.append(drafts)
            let sequences = outcomes.compactMap { if case .appended(let entry, _) = $0 { entry.sequence } else { nil } }
            try expectEqual(sequences, [2, 2, 2, 3, 3, 3, 4, 4, 4], "sequences")
        },
        ContractCase("rows written for a message do not grow with the members") { subject in
            guard let rowsWritten = subject.rowsWritten else { return }
            let small = try Room.make(subject, "small", members: 10)
            let large = try Room.make(subject, "large", members: 10_000, cap: 10_000)
            var rows: [Int64] = []
            for room in [small, large] {
                // The first message of all may find something to note for the conversation.
                try room.send("first")
                let before = rowsWritten()
                try room.send("one")
                rows.append(rowsWritten() - before)
            }
            try expectEqual(rows[0], rows[1], "rows at 10 and at 10,000 members:")
            try expect(rows[0] <= 2, "\(rows[0]) rows for a message")
        },
        ContractCase("a store that holds nothing answers with nothing") { subject in
            try expectEqual(try subject.store.append([]), [], "outcomes of no drafts")
            try expectEqual(try subject.store.heads(of: [ConversationID(trusted: "none")]), [], "heads")
            try expectEqual(try subject.store.memberships(of: user(1)).count, 0, "memberships")
            try subject.addUsers([user(1)])
            let room = Room(subject: subject, id: ConversationID(trusted: "none"))
            try expectEqual(room.refusal(room.draft("a", at: 0)), .unknownConversation)
            try expectEqual(
                room.refusal(room.draft("b", .left, at: 0, change: .end(user(1)))), .unknownConversation)
        },
    ]

    // MARK: Promise 3

    private static let repeats: [ContractCase<StoreUnderTest>] = [
        ContractCase("the same message again is the first entry: in the batch, later, after a restart") { subject in
            var room = try Room.make(subject)
            let draft = room.draft("a", at: 1)
            let outcomes = try subject.store.append([draft, room.draft("b", at: 1), draft])
            guard case .appended(let first, _) = outcomes[0] else { throw ContractViolation(description: "not appended") }
            try expectEqual(outcomes[2], .duplicate(first), "in the same batch")
            var later = draft
            later.time += 5_000
            try expectEqual(room.one(later), .duplicate(first), "in a later batch")
            room.subject = try subject.reopen()
            try expectEqual(room.one(later), .duplicate(first), "after a restart")
            try expectEqual(room.head().sequence, 3, "sequence")
            try expectEqual(room.send("c").sequence, 4, "the next sequence")
        },
        ContractCase("the same message again is the first entry although the rules have changed since") { subject in
            let room = try Room.make(subject, members: 3)
            let draft = room.draft("a", from: 2, at: 1)
            let first = try room.appended(draft)
            try room.make("remove", .end(user(2)))
            try expectEqual(room.one(draft), .duplicate(first))
        },
        ContractCase("other content, kind or relation under a used client id is a conflict") { subject in
            let room = try Room.make(subject)
            try room.send("a")
            try expectEqual(room.refusal(room.draft("a", text: "other", at: 1)), .conflict, "content")
            try expectEqual(room.refusal(room.draft("a", at: 1, relatesTo: 1)), .conflict, "relation")
            try expectEqual(room.refusal(room.draft("a", .added, at: 1, change: .add([user(2)]))), .conflict, "kind")
            try expectEqual(room.refusal(room.draft("make", at: 1)), .conflict, "a message under the id of the creation")
        },
        ContractCase("client ids are each sender's own, in each conversation its own") { subject in
            let room = try Room.make(subject)
            let other = try Room.make(subject, "other")
            let entries = try [room.send("a"), room.send("a", from: 2), other.send("a")]
            try expectEqual(Set(entries.map(\.id)).count, 3, "entries")
        },
        ContractCase("an entry is found by its sender and client id, and by no other sender's") { subject in
            let room = try Room.make(subject)
            let draft = room.draft("a", from: 1, at: 1)
            let entry = try room.appended(draft)
            try expectEqual(room.store.entry(in: room.id, from: user(1), clientID: draft.clientID), entry, "the entry")
            try expectEqual(room.store.entry(in: room.id, from: user(2), clientID: draft.clientID), nil, "another sender's")
            let unknown = ConversationID(trusted: "unknown")
            try expectEqual(
                room.store.entry(in: unknown, from: user(1), clientID: draft.clientID), nil, "in another conversation")
        },
        ContractCase("the same creation again is a duplicate, another one a conflict") { subject in
            let room = try Room.make(subject, members: 3)
            let new = NewConversation(kind: .group, title: "Title of room")
            let same = room.draft("make", .created, at: 0, change: .create(new, members: [user(2), user(3)]))
            guard case .duplicate(let entry) = try room.one(same) else { throw ContractViolation(description: "not a duplicate") }
            try expectEqual(entry.sequence, 1, "sequence")
            var larger = new
            larger.memberCap = 501
            for (client, change) in [
                ("make", Change.create(larger, members: [user(2), user(3)])),
                ("make", .create(new, members: [user(2)])),
                ("other", .create(new, members: [user(2), user(3)])),
            ] {
                try expectEqual(room.refusal(room.draft(client, .created, at: 0, change: change)), .conflict, client)
            }
        },
        ContractCase("the same bulk add again is a duplicate, although all are members now") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...5).map(user))
            let add = try room.change("add", .add([user(2), user(3), user(4)]))
            let first = try room.appended(add)
            try expectEqual(room.one(add), .duplicate(first), "again")
            var fresh = add
            fresh.decidedAt = first.sequence
            try expectEqual(room.one(fresh), .duplicate(first), "again, decided anew")
            fresh.change = .add([user(5)])
            try expectEqual(room.refusal(fresh), .conflict, "others")
        },
    ]

    // MARK: Promises 4 and 5

    private static let failures: [ContractCase<StoreUnderTest>] = [
        ContractCase("a decision on older rules is stale, also when an earlier draft of the batch made it old") { subject in
            let room = try Room.make(subject, members: 3)
            let outcomes = try subject.store.append([
                room.draft("a", from: 2, at: 1),
                room.draft("remove", .removed, at: 1, change: .end(user(2))),
                room.draft("b", from: 2, at: 1),
                room.draft("role", .role, at: 1, change: .setRole(user(3), .administrator)),
            ])
            try expectEqual(outcomes.map(isAppended), [true, true, false, false], "appended")
            try expectEqual(outcomes[2], .refused(.stale))
            try expectEqual(outcomes[3], .refused(.stale))
            try expectEqual(room.head().sequence, 3, "sequence")
            try expectEqual(room.membership(3).role, .member, "role")
        },
        ContractCase("a draft that is at fault itself is invalid") { subject in
            let room = try Room.make(subject)
            var long = room.draft("long", at: 1)
            long.content = [UInt8](repeating: 32, count: Limits.contentBytes + 1)
            for draft in [
                long, room.draft("kind", .removed, at: 1), room.draft("change", .message, at: 1, change: .end(user(2))),
                room.draft("before", at: 1, time: -1), room.draft("relation", at: 1, relatesTo: -1),
                room.draft("future", at: 1, relatesTo: 99),
            ] {
                guard case .invalid = try room.refusal(draft) else {
                    throw ContractViolation(description: "\(draft.clientID) is valid")
                }
            }
            try expectEqual(room.head().sequence, 1, "sequence")
        },
        ContractCase("a direct conversation has two members for ever") { subject in
            let room = try Room.make(subject, kind: .direct)
            try subject.addUsers([user(3)])
            try expectEqual([room.membership(1).role, room.membership(2).role], [.member, .member], "roles")
            for change: Change in [.add([user(3)]), .end(user(2)), .setRole(user(2), .owner)] {
                guard case .invalid = try room.refusal(room.change("c", change)) else {
                    throw ContractViolation(description: "\(change)")
                }
            }
            let third = Room(subject: subject, id: ConversationID(trusted: "third"))
            let new = NewConversation(kind: .direct, title: "")
            for others in [[], [user(1)], [user(2), user(3)]] {
                let draft = third.draft("make", .created, at: 0, change: .create(new, members: others))
                guard case .invalid = try third.refusal(draft) else { throw ContractViolation(description: "\(others)") }
            }
        },
    ]

    private static func isAppended(_ outcome: AppendOutcome) -> Bool {
        if case .appended = outcome { true } else { false }
    }
}
