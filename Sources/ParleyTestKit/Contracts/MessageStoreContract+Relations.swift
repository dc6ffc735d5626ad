import ParleyDomain

extension MessageStoreContract {
    // MARK: Promise 7: what entries do to messages

    static let relations: [ContractCase<StoreUnderTest>] = [
        ContractCase("an edit shows in pages as the newest content; the stored message never changes") { subject in
            var room = try Room.make(subject)
            let draft = try room.message("m")
            let message = try room.appended(draft)
            let edits = try [room.make("e1", .edit(target: 2)), room.make("e2", .edit(target: 2))]
            try expectEqual(edits.map(\.kind), [.edit, .edit], "kinds")
            try expectEqual(edits[1].content, Room.content("e2"), "content of the edit")
            try expectEqual([edits[1].relatesTo, edits[1].messageOrdinal, edits[1].senderOrdinal], [2, 1, 1], "about, ordinals")
            room.subject = try subject.reopen()
            try expectEqual(room.shown(2, to: 2).content, Room.content("e2"), "as it is shown")
            try expectEqual(room.state(of: 2, for: 2), MessageState(edited: 4), "state")
            try expectEqual([room.shown(3, to: 2).content, room.shown(4, to: 2).content], edits.map(\.content), "the edits")
            try expectEqual(room.one(draft), .duplicate(message), "the message again")
            try expectEqual(room.summary(2).preview?.content, Room.content("e2"), "preview")
            try expectEqual(room.summary(2).previewState, MessageState(edited: 4), "state of the preview")
            try expectEqual([room.summary(2).unread, room.head().controlSequence], [1, 1], "unread, control sequence")
            func revisions(after: Int64 = 0, limit: Int = 9) throws -> Page {
                try room.reader.revisions(of: 2, in: room.id, for: user(2), after: after, limit: limit)
            }
            let all = try revisions()
            try expectEqual(all.entries.map(\.sequence), [2, 3, 4], "revisions")
            let pages = try [
                revisions(limit: 2), revisions(after: 3, limit: 2), revisions(after: 2, limit: 1), revisions(after: 4),
            ]
            try expectEqual(pages.map { $0.entries.map(\.sequence) }, [[2, 3], [4], [3], []], "revisions in pages")
            try expectEqual([all.more] + pages.map(\.more), [false, true, false, true, false], "more")
            try expectEqual(all.entries.map(\.content), [message.content] + edits.map(\.content), "contents of the revisions")
        },
        ContractCase("an edit names only users there are, and mentions nobody anew") { subject in
            let room = try Room.make(subject)
            try room.send("m")
            var draft = try room.change("e", .edit(target: 2))
            draft.mentions = [user(2), user(99)]
            try expectEqual(room.refusal(draft), .unknownUser(user(99)))
            draft.mentions = [user(2)]
            try room.appended(draft)
            try expectEqual([room.summary(2).unread, room.summary(2).mentions], [1, 0], "unread, mentions")
        },
        ContractCase("a recalled message is never shown again, nor are its versions") { subject in
            var room = try Room.make(subject)
            let draft = try room.message("m")
            let message = try room.appended(draft)
            try room.make("e", .edit(target: 2))
            try room.make("p", .pin(target: 2, on: true))
            let recall = try room.make("r", .recall(target: 2))
            room.subject = try subject.reopen()
            try expectEqual(room.shown(4, to: 1).content, [], "the pin as it is shown")
            try expectEqual(recall.content, ControlContent.bytes(for: .recall(target: 2), slots: []), "content of the recall")
            try expectEqual([room.shown(2, to: 1).content, room.shown(3, to: 1).content], [[], []], "message and edit")
            try expectEqual(room.shown(5, to: 1).content, recall.content, "the recall as it is shown")
            let state = try room.state(of: 2, for: 2)
            try expectEqual(state.recalled, 5, "recalled")
            try expect(!state.pinned, "its pin is gone")
            try expectEqual(try room.reader.pins(in: room.id, for: user(2)).entries, [], "pins")
            try expectEqual(
                try room.reader.revisions(of: 2, in: room.id, for: user(2), after: 0, limit: 9).entries, [], "revisions")
            let preview = try need(room.summary(2).preview, "preview")
            try expectEqual([preview.sequence, room.summary(2).previewState?.recalled], [2, 5], "preview, recalled")
            try expectEqual(preview.content, [], "content of the preview")
            try expectEqual(room.one(draft), .duplicate(message), "the message again")
        },
        ContractCase("what was recalled can be recalled, edited, reacted to and pinned no more") { subject in
            let room = try Room.make(subject)
            try room.send("m")
            try room.make("x", .react(target: 2, emoji: "x", on: true))
            try room.make("r", .recall(target: 2))
            let changes: [Change] = [
                .recall(target: 2), .edit(target: 2), .react(target: 2, emoji: "y", on: true),
                .react(target: 2, emoji: "x", on: false), .pin(target: 2, on: true),
            ]
            for (index, change) in changes.enumerated() {
                try expectEqual(room.refusal("c\(index)", change), .recalled, "\(change)")
            }
            try expectEqual(room.head().sequence, 4, "sequence")
        },
        ContractCase("reactions are counted by emoji in the order of their first use, one of each user") { subject in
            var room = try Room.make(subject, members: 3)
            try room.send("m")
            let steps: [(Int, String, Bool)] = [
                (2, "👍", true), (1, "b", true), (3, "👍", true), (2, "b", true), (1, "b", false),
            ]
            for (index, step) in steps.enumerated() {
                let change = Change.react(target: 2, emoji: step.1, on: step.2)
                let entry = try room.make("r\(index)", change, by: step.0)
                try expectEqual(entry.content, ControlContent.bytes(for: change, slots: []), "content")
            }
            room.subject = try subject.reopen()
            func counts(_ number: Int) throws -> [ReactionCount] {
                let state = try room.state(of: 2, for: number)
                return state.reactions
            }
            try expectEqual(
                counts(1),
                [ReactionCount(emoji: "👍", count: 2, mine: false), ReactionCount(emoji: "b", count: 1, mine: false)], "for u1")
            try expectEqual(
                counts(2),
                [ReactionCount(emoji: "👍", count: 2, mine: true), ReactionCount(emoji: "b", count: 1, mine: true)], "for u2")
            try room.make("off", .react(target: 2, emoji: "b", on: false), by: 2)
            try expectEqual(counts(3).map(\.emoji), ["👍"], "an emoji that nobody uses any more")
            try expectEqual([room.head().sequence, room.summary(2).unread], [8, 1], "sequence, unread")

            func users(_ emoji: String, after: String = "", limit: Int = 10) throws -> [UserID] {
                try room.reader.reactions(to: 2, emoji: emoji, in: room.id, for: user(1), after: after, limit: limit).map(\.user)
            }
            try expectEqual(users("👍"), [user(2), user(3)], "who")
            try expectEqual([users("👍", limit: 1), users("👍", after: "u2")], [[user(2)], [user(3)]], "pages")
            try expectEqual(users("b"), [], "who, of none")
        },
        ContractCase("a reaction or pin that is so already is no entry, and leaves its client id free") { subject in
            var room = try Room.make(subject)
            try room.send("m")
            let on = try room.change("on", .react(target: 2, emoji: "x", on: true))
            let pin = try room.change("pin", .pin(target: 2, on: true))
            let entries = try [room.appended(on), room.appended(pin)]
            let again = try [
                room.change("on2", .react(target: 2, emoji: "x", on: true)), room.change("pin2", .pin(target: 2, on: true)),
                room.change("off2", .react(target: 2, emoji: "y", on: false)),
                room.change("off3", .react(target: 2, emoji: "x", on: false), by: 2),
            ]
            for draft in again { try expectEqual(room.one(draft), .unchanged, "\(draft.clientID)") }
            room.subject = try subject.reopen()
            try expectEqual(room.one(on), .duplicate(entries[0]), "the same again")
            let mine = [ReactionCount(emoji: "x", count: 1, mine: true)]
            try expectEqual(room.state(of: 2, for: 1), MessageState(pinned: true, reactions: mine), "state")
            try expectEqual(room.head().sequence, 4, "sequence")
            // In one batch: each draft finds what the one before it left.
            let off = try room.change("off", .react(target: 2, emoji: "x", on: false))
            let outcomes = try room.store.append([off, again[0], again[0], again[1]])
            guard case .appended = outcomes[0], case .appended(let second, _) = outcomes[1] else {
                throw ContractViolation(description: "\(outcomes)")
            }
            try expectEqual(Array(outcomes[2...]), [.duplicate(second), .unchanged], "in one batch")
            try expectEqual([second.clientID.rawValue, "\(room.head().sequence)"], ["on2", "6"], "the client id is used now")
        },
        ContractCase("a message takes so many different emoji, and no more") { subject in
            let room = try Room.make(subject)
            try room.send("m")
            for number in 1...Limits.emojiPerMessage {
                try room.make("r\(number)", .react(target: 2, emoji: "e\(number)", on: true))
            }
            guard case .tooMany = try room.refusal("more", .react(target: 2, emoji: "more", on: true), by: 2) else {
                throw ContractViolation(description: "one emoji more")
            }
            try room.make("the same", .react(target: 2, emoji: "e4", on: true), by: 2)
            try room.make("off", .react(target: 2, emoji: "e9", on: false))
            try room.make("more", .react(target: 2, emoji: "more", on: true), by: 2)
            for emoji in ["", String(repeating: "e", count: Limits.emojiBytes + 1)] {
                guard case .invalid = try room.refusal("bad", .react(target: 2, emoji: emoji, on: true)) else {
                    throw ContractViolation(description: "an emoji of \(emoji.utf8.count) bytes")
                }
            }
        },
        ContractCase("pins are listed newest pin first, each once") { subject in
            var room = try Room.make(subject)
            for name in ["a", "b", "c"] { try room.send(name) }
            for (index, step) in [(2, true), (4, true), (3, true), (4, false)].enumerated() {
                try room.make("p\(index)", .pin(target: Int64(step.0), on: step.1))
            }
            room.subject = try subject.reopen()
            func pinned() throws -> [Int64] { try room.reader.pins(in: room.id, for: user(2)).entries.map(\.sequence) }
            try expectEqual(pinned(), [3, 2], "pins")
            try expectEqual(try (2...4).map { try room.state(of: $0, for: 2).pinned }, [true, true, false], "pinned")
            try room.make("again", .pin(target: 4, on: true))
            try expectEqual(pinned(), [4, 3, 2], "pins")
            let page = try room.reader.pins(in: room.id, for: user(2))
            try expect(page.states[4]?.pinned == true && page.head == room.head().sequence && !page.more, "\(page)")
        },
        ContractCase("a conversation has so many pins, and no more") { subject in
            let room = try Room.make(subject)
            let count = Limits.pinsPerConversation + 1
            _ = try subject.store.append((1...count).map { room.draft("m\($0)", at: 1) })
            let pins = try (2...Int64(count)).map { try room.change("p\($0)", .pin(target: $0, on: true)) }
            try expect(subject.store.append(pins).allSatisfy { Self.sequence($0) > 0 }, "all pins are stored")
            let more = Change.pin(target: Int64(count) + 1, on: true)
            guard case .tooMany = try room.refusal("more", more) else { throw ContractViolation(description: "one pin more") }
            try expectEqual(room.one(room.change("again", .pin(target: 9, on: true))), .unchanged, "again, of all there may be")
            try room.make("recall", .recall(target: 9))
            try room.make("more", more)
            try expectEqual(
                subject.reader.pins(in: room.id, for: user(1)).entries.count, Limits.pinsPerConversation, "pins")
        },
        ContractCase("only a message that is there can be edited, recalled, reacted to or pinned") { subject in
            let room = try Room.make(subject)
            try room.send("m")
            try room.make("e", .edit(target: 2))
            for target in [1, 3, 9, 0, -1] as [Int64] {
                for change: Change in [
                    .edit(target: target), .recall(target: target), .react(target: target, emoji: "x", on: true),
                    .pin(target: target, on: true),
                ] {
                    guard case .invalid = try room.refusal("c", change) else { throw ContractViolation(description: "\(change)") }
                }
            }
            try expectEqual(room.head().sequence, 3, "sequence")
        },
        ContractCase("a target is told with what a decision needs, for who asks") { subject in
            let room = try Room.make(subject, members: 2, historyVisible: false)
            try subject.addUsers([user(3), user(4)])
            try room.appended(room.draft("m", from: 2, at: 1, time: Room.start + 7))
            var reply = try room.message("reply")
            reply.thread = 2
            try room.appended(reply)
            try room.make("add", .add([user(3)]))
            try room.make("r", .recall(target: 2))
            func target(_ sequence: Int64, _ number: Int) throws -> Target? {
                let query = TargetQuery(conversation: room.id, sequence: sequence, user: user(number))
                let found = try subject.store.targets([query])
                try expectEqual(found.count, 1, "answers")
                return found[0]
            }
            let message = Target(sender: user(2), kind: .message, time: Room.start + 7, recalled: true)
            try expectEqual(target(2, 1), message, "the message")
            var unseen = message
            unseen.visible = false
            for number in [3, 4] { try expectEqual(target(2, number), unseen, "the message for u\(number)") }
            try expectEqual(target(3, 1)?.thread, 2, "thread")
            try expectEqual([target(4, 3)?.kind, target(5, 3)?.kind], [.added, .recall], "kinds")
            try expectEqual(target(4, 3)?.visible, true, "what let him in")
            try expectEqual([target(6, 1), target(0, 1)], [nil, nil], "what is not there")
            let none = TargetQuery(conversation: ConversationID(trusted: "none"), sequence: 1, user: user(1))
            try expectEqual(subject.store.targets([none]), [nil], "elsewhere")
        },
        ContractCase("what was asked for tells a repeat where the content does not") { subject in
            let room = try Room.make(subject)
            var draft = try room.message("f", text: "as it was then")
            draft.asked = Array("room 1".utf8)
            let first = try room.appended(draft)
            draft.content = Room.content("as it is now")
            try expectEqual(room.one(draft), .duplicate(first), "the same asked for")
            draft.asked = Array("room 2".utf8)
            try expectEqual(room.refusal(draft), .conflict, "another asked for")
            draft.asked = []
            try expectEqual(room.refusal(draft), .conflict, "nothing asked for")
            var reply = try room.message("t")
            reply.thread = 2
            try room.appended(reply)
            reply.thread = 0
            try expectEqual(room.refusal(reply), .conflict, "in no thread")
        },
        ContractCase("a mention costs a row for each user named, whatever the members") { subject in
            guard let rowsWritten = subject.rowsWritten else { return }
            let small = try Room.make(subject, "small", members: 10)
            let large = try Room.make(subject, "large", members: 1_000, cap: 1_000)
            var rows: [Int64] = []
            for room in [small, large] {
                try room.send("first")
                var draft = try room.message("m")
                draft.mentions = [user(2), user(3)]
                draft.mentionsAll = true
                let before = rowsWritten()
                try room.appended(draft)
                rows.append(rowsWritten() - before)
            }
            try expectEqual(rows[0], rows[1], "rows at 10 and at 1,000 members:")
            try expect(rows[0] <= 5, "\(rows[0]) rows for a message with three mentions")
        },
        ContractCase("a mention of an unknown user refuses the message") { subject in
            let room = try Room.make(subject)
            var draft = try room.message("m")
            draft.mentions = [user(2), user(99)]
            try expectEqual(room.refusal(draft), .unknownUser(user(99)))
            draft.mentions = (1...Limits.mentionsPerMessage + 1).map(user)
            guard case .invalid = try room.refusal(draft) else { throw ContractViolation(description: "too many mentions") }
            try expectEqual(room.head().sequence, 1, "sequence")
        },
    ]
}
