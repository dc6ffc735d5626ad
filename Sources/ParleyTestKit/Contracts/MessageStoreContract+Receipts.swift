import ParleyDomain

extension MessageStoreContract {
    // MARK: What receipts are made from

    static let receipts: [ContractCase<StoreUnderTest>] = [
        ContractCase("rows for receipts are those of everybody who ever was a member, with his intervals") { subject in
            var room = try Room.make(subject, members: 3)
            try subject.addUsers((4...6).map(user))
            try room.send("a")  // 2
            try room.make("end", .end(user(2)))  // 3
            try room.make("add", .add([user(4), user(2)]))  // 4
            try room.make("ban", .ban(user(3)))  // 5
            try room.make("invite", .invite([user(5)]))  // 6
            try subject.store.advance([PositionUpdate(conversation: room.id, user: user(4), read: 5, delivered: 6)])
            room.subject = try subject.reopen()
            let rows = [
                ReceiptRow(slot: 1, read: 0, delivered: 0, intervals: [Interval(from: 1)]),
                ReceiptRow(slot: 2, read: 0, delivered: 0, intervals: [Interval(from: 1, to: 3), Interval(from: 4)]),
                ReceiptRow(slot: 3, read: 0, delivered: 0, intervals: [Interval(from: 1, to: 5)]),
                ReceiptRow(slot: 4, read: 5, delivered: 6, intervals: [Interval(from: 4)]),
            ]
            func page(_ slot: Int32, _ limit: Int) throws -> [ReceiptRow] {
                try room.store.receiptRows(of: room.id, afterSlot: slot, limit: limit)
            }
            try expectEqual(page(0, 10), rows, "rows")
            try expectEqual([page(0, 2), page(2, 1), page(4, 9)], [Array(rows[..<2]), [rows[2]], []], "pages")
            let none = ConversationID(trusted: "none")
            try expectEqual(try room.store.receiptRows(of: none, afterSlot: 0, limit: 9), [], "nowhere")
        },
        ContractCase("who has his receipts off is not counted in what is sent meanwhile") { subject in
            var room = try Room.make(subject, members: 3)
            let other = try Room.make(subject, "other", members: 2)
            try subject.addUsers([user(4)])
            try room.send("a")  // 2
            try expectEqual(
                Self.turns(room.note(.preferences(user(2), receipts: false, presence: nil))),
                [
                    ReceiptsTurn(conversation: other.id, slot: 2, head: 1, on: false),
                    ReceiptsTurn(conversation: room.id, slot: 2, head: 2, on: false),
                ], "off")
            try expectEqual(room.note(.preferences(user(2), receipts: false, presence: nil)), .done, "off again")
            try room.send("b")  // 3
            try room.make("end", .end(user(2)))  // 4
            try room.make("back", .add([user(2)]))  // 5
            try room.send("c")  // 6
            room.subject = try subject.reopen()
            try expectEqual(Self.counted(2, in: room), [1, 2], "off, over leaving and coming back")
            try expectEqual(
                Self.turns(room.note(.preferences(user(2), receipts: true, presence: nil))).filter { $0.conversation == room.id },
                [ReceiptsTurn(conversation: room.id, slot: 2, head: 6, on: true)], "on")
            try room.send("d")  // 7
            try expectEqual(Self.counted(2, in: room), [1, 2, 7], "on again")
            try expectEqual(Self.counted(3, in: room), [1, 2, 3, 4, 5, 6, 7], "another member")
            // Off and on with nothing between excludes nothing; who comes in with receipts off is not counted.
            try expectEqual(Self.turns(room.note(.preferences(user(3), receipts: false, presence: nil))).count, 1, "off")
            try expectEqual(Self.turns(room.note(.preferences(user(3), receipts: true, presence: nil))).count, 1, "on")
            try expectEqual(
                Self.turns(room.note(.preferences(user(4), receipts: false, presence: nil))), [], "in no conversation")
            try room.make("add", .add([user(4)]))  // 8
            try room.send("e")  // 9
            try expectEqual(Self.counted(3, in: room), Array(1...9), "off and on")
            try expectEqual(Self.counted(4, in: room), [], "who came in with receipts off")
            try expectEqual(room.note(.preferences(user(99), receipts: false, presence: nil)), .refused(.unknownUser(user(99))))
        },
        ContractCase("messages are found by sequence and by sender, recalled ones and other entries left out") { subject in
            var room = try Room.make(subject, members: 3)
            for (name, sender) in [("a", 2), ("b", 1), ("c", 2), ("d", 2)] { try room.send(name, from: sender) }  // 2 to 5
            try room.make("recall", .recall(target: 4))  // 6
            try room.make("end", .end(user(2)))  // 7
            room.subject = try subject.reopen()
            func sent(_ sequence: Int64, _ sender: Int) -> SentMessage {
                SentMessage(sequence: sequence, sender: user(sender), senderSlot: Int32(sender))
            }
            try expectEqual(
                try room.store.messages(in: room.id, sequences: [5, 3, 1, 4, 6, 99, 0, 2, 5]),
                [sent(2, 2), sent(3, 1), sent(5, 2)],
                "by sequence")
            try expectEqual(
                try room.store.newestMessages(of: user(2), in: room.id, limit: 9), [sent(5, 2), sent(2, 2)], "by sender")
            try expectEqual(try room.store.newestMessages(of: user(2), in: room.id, limit: 1), [sent(5, 2)], "the newest")
            try expectEqual(try room.store.newestMessages(of: user(3), in: room.id, limit: 9), [], "who sent none")
            try expectEqual(try room.store.messages(in: ConversationID(trusted: "none"), sequences: [1]), [], "nowhere")
        },
        ContractCase("frozen counts are kept for ever, and what is frozen is not found again") { subject in
            var rooms = try (1...2).map { try Room.make(subject, "room\($0)") }
            for room in rooms {
                for (index, time) in [10, 20, 30].enumerated() {
                    try room.appended(room.draft("m\(index)", from: 1 + index % 2, at: 1, time: Int64(time)))
                }
            }
            func old(_ limit: Int) throws -> [String] {
                try rooms[0].store.unfrozenMessages(before: 25, limit: limit).map { "\($0.0) \($0.1.map(\.sequence))" }.sorted()
            }
            try expectEqual(old(10), ["room1 [2, 3]", "room2 [2, 3]"], "old ones")
            let three = try rooms[0].store.unfrozenMessages(before: 25, limit: 3)
            try expectEqual(three.reduce(0) { $0 + $1.1.count }, 3, "at most three")
            let first = try need(rooms[0].store.unfrozenMessages(before: 25, limit: 1).first?.1.first, "message")
            try expectEqual([first.sequence, Int64(first.senderSlot)], [2, 1], "the oldest")
            let counts = [
                MessageReceipts(sequence: 2, counts: ReceiptCounts(total: 1, read: 1, delivered: 1)),
                MessageReceipts(sequence: 3, counts: ReceiptCounts(total: 1, read: 0, delivered: 1)),
            ]
            try rooms[0].store.freeze(counts, in: rooms[0].id, upTo: 3)
            rooms[0].subject = try subject.reopen()
            rooms[1].subject = rooms[0].subject
            try expectEqual(rooms[0].head().frozenTo, 3, "frozen to")
            try expectEqual(rooms[1].head().frozenTo, 0, "frozen to, elsewhere")
            try expectEqual(old(10), ["room2 [2, 3]"], "old ones left")
            try expectEqual(try rooms[0].store.frozenReceipts(in: rooms[0].id, sequences: [3, 4, 2, 1]), counts, "counts")
            try expectEqual(try rooms[0].store.frozenReceipts(in: rooms[1].id, sequences: [2, 3]), [], "counts elsewhere")
            try expectEqual(try rooms[0].store.unfrozenMessages(before: 0, limit: 10).count, 0, "nothing so old")
        },
    ]

    /// By conversation.
    private static func turns(_ outcome: NoteOutcome) throws -> [ReceiptsTurn] {
        guard case .receipts(let turns) = outcome else { throw ContractViolation(description: "no turn: \(outcome)") }
        return turns.sorted { $0.conversation < $1.conversation }
    }

    /// The sequences at which this user is counted as a member whose receipts are on.
    private static func counted(_ slot: Int32, in room: Room) throws -> [Int64] {
        let rows = try room.store.receiptRows(of: room.id, afterSlot: slot - 1, limit: 1)
        let row = try need(rows.first { $0.slot == slot }, "row of slot \(slot)")
        return try (1...room.head().sequence).filter { sequence in
            row.intervals.contains { $0.contains(sequence) } && !row.exclusions.contains { $0.contains(sequence) }
        }
    }
}
