import ParleyDomain

extension MessageReaderContract {
    // MARK: Threads, mentions, audit

    static let folded: [ContractCase<StoreUnderTest>] = [
        ContractCase("a thread is its root and the messages in it, oldest first, in pages") { subject in
            var room = try Room.make(subject)
            try room.send("root")  // 2
            try room.send("beside")  // 3
            for index in 1...4 { try room.appended(Self.reply("r\(index)", to: 2, in: room)) }  // 4 to 7
            try room.make("e", .edit(target: 5))  // 8
            try room.appended(Self.reply("other", to: 3, in: room))  // 9
            room.subject = try subject.reopen()
            func thread(_ after: Int64, _ limit: Int) throws -> Page {
                try room.reader.thread(of: 2, in: room.id, for: user(2), after: after, limit: limit)
            }
            try expectEqual(thread(0, 50).entries.map(\.sequence), [2, 4, 5, 6, 7], "the thread")
            try expectEqual(thread(0, 50).entries.map(\.thread), [0, 2, 2, 2, 2], "threads")
            try expectEqual(thread(0, 50).entries[2].content, Room.content("e"), "as it is now")
            try expectEqual(thread(0, 50).states[2]?.replies, 4, "replies")
            try expectEqual(try [thread(0, 3), thread(5, 3)].map { $0.entries.map(\.sequence) }, [[2, 4, 5], [6, 7]], "pages")
            try expectEqual(try [thread(0, 3), thread(5, 3)].map(\.more), [true, false], "more")
            try expectEqual(thread(0, 50).head, 9, "head")
            try expectEqual(try [2, 3, 4].map { try room.state(of: $0, for: 1).replies }, [4, 1, 0], "replies in history")
            try expectEqual(try room.summary(2).unread, 7, "messages of a thread are unread like others")
            for sequence in [1, 8, 99, 0] as [Int64] {
                let found = try failure(ReadFailure.self) {
                    _ = try room.reader.thread(of: sequence, in: room.id, for: user(2), after: 0, limit: 9)
                }
                try expectEqual(found, .noMessage, "thread of \(sequence)")
            }
        },
        ContractCase("replies are counted up to a bound") { subject in
            let room = try Room.make(subject)
            try room.send("root")
            for part in 0..<11 {
                let drafts = try (0..<100).map { try Self.reply("r\(part)-\($0)", to: 2, in: room) }
                _ = try subject.store.append(drafts)
            }
            let first = try subject.reader.entries(in: room.id, for: user(1), after: 1, limit: 1)
            try expectEqual(first.states[2]?.replies, Int64(Limits.repliesShown), "replies")
        },
        ContractCase("a mention counts for whom it names, until it is read or recalled") { subject in
            var room = try Room.make(subject, members: 4)
            func mention(_ name: String, _ numbers: [Int], all: Bool = false, from sender: Int = 1) throws {
                var draft = try room.message(name, from: sender)
                draft.mentions = numbers.map(user)
                draft.mentionsAll = all
                try room.appended(draft)
            }
            try mention("a", [2, 3])  // 2
            try room.send("b")  // 3
            try mention("c", [], all: true)  // 4
            try mention("d", [2], all: true)  // 5
            try mention("e", [2, 4], from: 2)  // 6
            try mention("f", [2])  // 7
            try room.make("recall", .recall(target: 7))  // 8
            room.subject = try subject.reopen()
            try expectEqual(try (1...4).map { try room.summary($0).mentions }, [0, 3, 3, 3], "mentions")
            try expectEqual(try (1...4).map { try room.summary($0).unread }, [1, 4, 5, 5], "unread")
            func page(_ number: Int, _ after: Int64 = 0, _ limit: Int = 9) throws -> [Int64] {
                let page = try room.reader.mentions(of: user(number), in: room.id, after: after, limit: limit)
                try expectEqual(page.more, after == 0 && limit == 1, "more")
                return page.entries.map(\.sequence)
            }
            try expectEqual(try [page(1), page(2), page(3), page(4)], [[], [2, 4, 5], [2, 4, 5], [4, 5, 6]], "pages")
            try expectEqual(try [page(2, 0, 1), page(2, 2), page(2, 5)], [[2], [4, 5], []], "pages in parts")
            try room.store.advance([PositionUpdate(conversation: room.id, user: user(2), read: 4, delivered: 4)])
            try expectEqual([room.summary(2).mentions, room.summary(2).unread], [1, 1], "after reading")
            try expectEqual(page(2), [2, 4, 5], "what was read still mentions him")
        },
        ContractCase("mentions in the list are counted up to 100") { subject in
            let room = try Room.make(subject)
            let drafts = try (0..<120).map { index in
                var draft = try room.message("m\(index)")
                draft.mentionsAll = true
                return draft
            }
            _ = try subject.store.append(drafts)
            try expectEqual([room.summary(2).mentions, room.summary(2).unread], [100, 120], "mentions, unread")
        },
        ContractCase("recalled messages of others are not unread, whichever were read before") { subject in
            let room = try Room.make(subject, members: 3)
            for (index, sender) in [1, 2, 1, 3, 1, 2].enumerated() { try room.send("m\(index)", from: sender) }  // 2 to 7
            for target in [2, 4, 5, 7] as [Int64] { try room.make("r\(target)", .recall(target: target)) }  // 8 to 11
            for read in Int64(0)...7 {
                if read > 0 {
                    let all = (1...3).map { PositionUpdate(conversation: room.id, user: user($0), read: read, delivered: 0) }
                    try subject.store.advance(all)
                }
                // Left are 3 (of u2) and 6 (of u1).
                let wanted = [(3, 2), (6, 1)]
                for number in 1...3 {
                    let count = wanted.count { $0.0 > read && $0.1 != number }
                    try expectEqual(room.summary(number).unread, Int64(count), "unread of u\(number), read \(read)")
                }
            }
        },
        ContractCase("the audit is what changed rights, recalls and pins, newest first, for administrators") { subject in
            var room = try Room.make(subject, members: 3)
            try room.send("a")  // 2
            try room.make("role", .setRole(user(2), .administrator))  // 3
            try room.make("e", .edit(target: 2))  // 4
            try room.make("x", .react(target: 2, emoji: "x", on: true))  // 5
            try room.make("p", .pin(target: 2, on: true))  // 6
            try room.make("ban", .ban(user(3)))  // 7
            try room.make("r", .recall(target: 2))  // 8
            room.subject = try subject.reopen()
            func audit(_ number: Int, before: Int64 = .max, limit: Int = 9) throws -> Page {
                try room.reader.audit(room.id, for: user(number), before: before, limit: limit)
            }
            try expectEqual(
                try [audit(1), audit(2)].map { $0.entries.map(\.sequence) }, [[8, 7, 6, 3, 1], [8, 7, 6, 3, 1]], "all")
            try expectEqual(audit(1, limit: 2).entries.map(\.sequence), [8, 7], "first page")
            try expect(try audit(1, limit: 2).more && !audit(1).more, "more")
            try expectEqual(audit(1, before: 7, limit: 2).entries.map(\.sequence), [6, 3], "second page")
            try room.make("down", .setRole(user(2), .member))
            for (number, wanted) in [(2, ReadFailure.forbidden), (3, .notMember)] {
                try expectEqual(failure(ReadFailure.self) { _ = try audit(number) }, wanted, "u\(number)")
            }
        },
    ]

    private static func reply(_ client: String, to root: Int64, in room: Room) throws -> Draft {
        var draft = try room.message(client)
        draft.thread = root
        return draft
    }

    // MARK: Where history is hidden

    /// u3 is a member from 4 to 8 and again from 13 on; the messages are 2, 5, 9 and 14, each with an edit, a reaction, a pin ...
    private static func hiddenRoom(_ subject: StoreUnderTest) throws -> Room {
        let room = try Room.make(subject, members: 2, historyVisible: false)
        try subject.addUsers([user(3)])
        func send(_ name: String, thread: Int64 = 0) throws {
            var draft = try room.message(name)
            draft.thread = thread
            draft.mentions = [user(3)]
            try room.appended(draft)
        }
        try send("before")  // 2
        try room.make("pin2", .pin(target: 2, on: true))  // 3
        try room.make("add", .add([user(3)]))  // 4
        try send("within")  // 5
        try room.make("edit2", .edit(target: 2))  // 6
        try room.make("edit5", .edit(target: 5))  // 7
        try room.make("end", .end(user(3)))  // 8
        try send("away", thread: 5)  // 9
        try room.make("x9", .react(target: 9, emoji: "x", on: true))  // 10
        try room.make("pin9", .pin(target: 9, on: true))  // 11
        try room.make("edit9", .edit(target: 9))  // 12
        try room.make("back", .add([user(3)]))  // 13
        try send("after", thread: 5)  // 14
        try room.make("x5", .react(target: 5, emoji: "x", on: true))  // 15
        try room.make("x9b", .react(target: 9, emoji: "y", on: true))  // 16
        try room.make("pin5", .pin(target: 5, on: true))  // 17
        try room.make("pin9b", .pin(target: 9, on: false))  // 18
        try room.make("pin9c", .pin(target: 9, on: true))  // 19
        try room.make("edit9b", .edit(target: 9))  // 20
        try room.make("recall2", .recall(target: 2))  // 21
        return room
    }

    static let hidden: [ContractCase<StoreUnderTest>] = [
        ContractCase("where history is hidden, nothing shows what a member may not see") { subject in
            let room = try hiddenRoom(subject)
            let visible: [Int64] = [4, 5, 6, 7, 8] + Array(13...21)
            try expectEqual(room.visible(to: 3), visible, "history")
            let page = try room.page(for: 3)
            let withheld = page.entries.filter(\.content.isEmpty).map(\.sequence)
            try expectEqual(withheld, [6, 16, 18, 19, 20, 21], "withheld")
            let recalled = try room.page(for: 1).entries.filter(\.content.isEmpty).map(\.sequence)
            try expectEqual(recalled, [2, 3, 6], "withheld from u1, who sees all")
            let reader = subject.reader
            try expectEqual(try reader.pins(in: room.id, for: user(3)).entries.map(\.sequence), [5], "pins")
            try expectEqual(try reader.pins(in: room.id, for: user(1)).entries.map(\.sequence), [9, 5], "pins for u1")
            let mentions = try reader.mentions(of: user(3), in: room.id, after: 0, limit: 9)
            try expectEqual(mentions.entries.map(\.sequence), [5, 14], "mentions")
            let thread = try reader.thread(of: 5, in: room.id, for: user(3), after: 0, limit: 9)
            try expectEqual(thread.entries.map(\.sequence), [5, 14], "thread")
            try expectEqual([page.states[5]?.replies, try room.state(of: 5, for: 1).replies], [1, 2], "replies for u3 and u1")
            try expectEqual(
                try reader.revisions(of: 5, in: room.id, for: user(3), after: 0, limit: 9).entries.map(\.sequence), [5, 7],
                "revisions")
            try expectEqual(
                try reader.reactions(to: 5, emoji: "x", in: room.id, for: user(3), after: "", limit: 9).map(\.user), [user(1)],
                "reactions")
            try expectEqual(room.summary(3).preview?.sequence, 14, "preview")
            try expectEqual([room.summary(3).unread, room.summary(3).mentions], [1, 1], "unread, mentions")
        },
        ContractCase("where history is hidden, nothing shows what was done while a member was away") { subject in
            var room = try Room.make(subject, members: 2, historyVisible: false)
            try subject.addUsers([user(3)])
            try room.make("add", .add([user(3)]))  // 2
            var draft = try room.message("a")
            draft.mentions = [user(3)]
            try room.appended(draft)  // 3
            try room.send("b")  // 4
            try room.make("a1", .edit(target: 3))  // 5
            try room.make("x2", .react(target: 3, emoji: "x", on: true), by: 2)  // 6
            try room.make("y2", .react(target: 3, emoji: "y", on: true), by: 2)  // 7
            try room.make("pin4", .pin(target: 4, on: true))  // 8
            try room.make("end", .end(user(3)))  // 9
            for name in ["a2", "b2"] { try room.make(name, .edit(target: name == "a2" ? 3 : 4)) }  // 10, 11
            for emoji in ["x", "z"] { try room.make(emoji, .react(target: 3, emoji: emoji, on: true)) }  // 12, 13
            try room.make("y2off", .react(target: 3, emoji: "y", on: false), by: 2)  // 14
            try room.make("pin3", .pin(target: 3, on: true))  // 15
            try room.make("pin4off", .pin(target: 4, on: false))  // 16
            try room.make("back", .add([user(3)]))  // 17
            room.subject = try subject.reopen()
            let reader = room.reader
            let seen = MessageState(edited: 5, reactions: [ReactionCount(emoji: "x", count: 1, mine: false)])
            func check(_ page: Page, _ what: String) throws {
                try expectEqual(page.entries.first { $0.sequence == 3 }?.content, Room.content("a1"), "content in \(what)")
                try expectEqual(page.states[3], seen, "state in \(what)")
            }
            try check(room.page(for: 3), "history")
            try check(reader.entries(in: room.id, for: user(3), before: 4, limit: 1), "history backwards")
            try check(reader.thread(of: 3, in: room.id, for: user(3), after: 0, limit: 9), "the thread")
            try check(reader.mentions(of: user(3), in: room.id, after: 0, limit: 9), "mentions")
            try expectEqual(room.shown(4, to: 3).content, Room.content("b"), "content of the other")
            try expectEqual(room.state(of: 4, for: 3), MessageState(), "state of the other")
            try expectEqual(room.summary(3).preview?.content, Room.content("b"), "preview")
            try expectEqual(room.summary(3).previewState, nil, "state of the preview")
            try expectEqual(reader.pins(in: room.id, for: user(3)).entries, [], "pins")
            func users(_ emoji: String, after: String = "", limit: Int = 9) throws -> [UserID] {
                try reader.reactions(to: 3, emoji: emoji, in: room.id, for: user(3), after: after, limit: limit).map(\.user)
            }
            try expectEqual([users("x"), users("y"), users("z")], [[user(2)], [], []], "who reacted")
            let all = [ReactionCount(emoji: "x", count: 2, mine: true), ReactionCount(emoji: "z", count: 1, mine: true)]
            try expectEqual(
                room.state(of: 3, for: 1), MessageState(edited: 10, pinned: true, reactions: all), "for u1, who sees all")

            try room.make("a3", .edit(target: 3))  // 18
            try room.make("z2", .react(target: 3, emoji: "z", on: true), by: 2)  // 19
            try room.make("x3", .react(target: 3, emoji: "x", on: true), by: 3)  // 20
            try room.make("pin4again", .pin(target: 4, on: true))  // 21
            try expectEqual(room.shown(3, to: 3).content, Room.content("a3"), "what was done since he is back")
            let since = [ReactionCount(emoji: "x", count: 2, mine: true), ReactionCount(emoji: "z", count: 1, mine: false)]
            try expectEqual(room.state(of: 3, for: 3), MessageState(edited: 18, reactions: since), "state since he is back")
            try expectEqual(
                [users("x", limit: 1), users("x", after: "u2"), users("z")], [[user(2)], [user(3)], [user(2)]], "who")
            try expectEqual(reader.pins(in: room.id, for: user(3)).entries.map(\.sequence), [4], "pins since he is back")
        },
        ContractCase("what a member may not see is not there for him") { subject in
            let room = try hiddenRoom(subject)
            let reader = subject.reader
            for sequence in [2, 9, 99] as [Int64] {
                let calls: [() throws -> Void] = [
                    { _ = try reader.thread(of: sequence, in: room.id, for: user(3), after: 0, limit: 9) },
                    { _ = try reader.revisions(of: sequence, in: room.id, for: user(3), after: 0, limit: 9) },
                    { _ = try reader.reactions(to: sequence, emoji: "x", in: room.id, for: user(3), after: "", limit: 9) },
                ]
                for (index, call) in calls.enumerated() {
                    try expectEqual(failure(ReadFailure.self, call), .noMessage, "call \(index) for \(sequence)")
                }
            }
            let queries = [2, 5, 9, 14].map { TargetQuery(conversation: room.id, sequence: $0, user: user(3)) }
            try expectEqual(try subject.store.targets(queries).map { $0?.visible }, [false, true, false, true], "targets")
            try room.make("role", .setRole(user(3), .administrator))
            let audit = try reader.audit(room.id, for: user(3), before: .max, limit: 99)
            try expectEqual(audit.entries.map(\.sequence), [22, 21, 19, 18, 17, 13, 8, 4], "audit")
            for sequence in [2, 5, 9] as [Int64] {
                let report = Note.report(room.id, sequence: sequence, by: user(1), reason: "r", time: sequence)
                try expectEqual(room.note(report), .done, "report of \(sequence)")
            }
            try expectEqual(reader.reports(of: room.id, for: user(3), before: .max, limit: 1).map(\.sequence), [5], "reports")
            try expectEqual(
                reader.reports(of: room.id, for: user(1), before: .max, limit: 9).map(\.sequence), [9, 5, 2], "reports for u1")
        },
        ContractCase("strangers, former members and the invited are shown nothing of a conversation") { subject in
            let room = try Room.make(subject, members: 4)
            try subject.addUsers([user(5), user(6)])
            try room.send("m")
            try room.make("end", .end(user(3)))
            try room.make("ban", .ban(user(4)))
            try room.make("invite", .invite([user(5)]))
            let none = ConversationID(trusted: "none")
            for (id, number) in [(room.id, 3), (room.id, 4), (room.id, 5), (room.id, 6), (none, 1)] {
                for (index, call) in Self.calls(subject.reader, id, user(number)).enumerated() {
                    try expectEqual(failure(ReadFailure.self, call), .notMember, "call \(index) of u\(number)")
                }
            }
        },
    ]

    /// Every read of one conversation.
    private static func calls(_ reader: any MessageReader, _ id: ConversationID, _ user: UserID) -> [() throws -> Void] {
        [
            { _ = try reader.entries(in: id, for: user, after: 0, limit: 9) },
            { _ = try reader.entries(in: id, for: user, before: .max, limit: 9) },
            { _ = try reader.members(of: id, for: user, afterSlot: 0, limit: 9) },
            { _ = try reader.members(of: id, for: user, changedAfter: 0, limit: 9) },
            { _ = try reader.members(of: id, for: user, in: .banned, after: "", limit: 9) },
            { _ = try reader.members(of: id, for: user, slots: [1]) },
            { _ = try reader.thread(of: 2, in: id, for: user, after: 0, limit: 9) },
            { _ = try reader.revisions(of: 2, in: id, for: user, after: 0, limit: 9) },
            { _ = try reader.reactions(to: 2, emoji: "x", in: id, for: user, after: "", limit: 9) },
            { _ = try reader.pins(in: id, for: user) },
            { _ = try reader.mentions(of: user, in: id, after: 0, limit: 9) },
            { _ = try reader.audit(id, for: user, before: .max, limit: 9) },
            { _ = try reader.links(of: id, for: user, at: 0) },
            { _ = try reader.reports(of: id, for: user, before: .max, limit: 9) },
            { _ = try reader.data(of: user, in: id) },
        ]
    }
}
