import ParleyDomain

extension MessageStoreContract {
    // MARK: Ways in and out of a group

    static let entering: [ContractCase<StoreUnderTest>] = [
        ContractCase("who becomes a member is told with his slot and the first sequence he may see") { subject in
            try subject.addUsers((1...5).map(user))
            let room = Room(subject: subject, id: ConversationID(trusted: "room"))
            let new = NewConversation(kind: .group, title: "", historyVisible: false)
            let made = try room.joiners(room.draft("make", .created, at: 0, change: .create(new, members: [user(2), user(3)])))
            try expectEqual(made, (1...3).map { Joiner(user: user($0), slot: Int32($0), visibleFrom: 1) }, "by the creation")
            let added = try room.joiners(room.change("add", .add([user(4), user(2), user(5)])))
            try expectEqual(
                added, [Joiner(user: user(4), slot: 4, visibleFrom: 2), Joiner(user: user(5), slot: 5, visibleFrom: 2)],
                "by the add")
            try room.make("end", .end(user(2)))
            try expectEqual(
                room.joiners(room.change("back", .add([user(2)]))), [Joiner(user: user(2), slot: 2, visibleFrom: 4)], "back")
        },
        ContractCase("a slot is its user's for ever, whoever comes and goes") { subject in
            let room = try Room.make(subject, members: 4)
            try subject.addUsers((5...8).map(user))
            for number in [2, 4] { try room.make("end\(number)", .end(user(number))) }
            try expectEqual(room.joiners(room.change("a", .add([user(5), user(4)]))).map(\.slot), [5, 4], "new and old")
            try room.make("end5", .end(user(5)))
            try expectEqual(
                room.joiners(room.change("b", .add([user(6), user(2), user(5)]))).map(\.slot), [6, 2, 5], "new and old again")
            try expectEqual(try (1...6).map { try room.membership($0).slot }, [1, 2, 3, 4, 5, 6], "slots")
            try expectEqual([room.head().lastSlot, room.head().memberCount], [6, 6], "head")
        },
        ContractCase("a group fills up within one batch and never beyond") { subject in
            let room = try Room.make(subject, members: 2, cap: 5)
            try subject.addUsers((3...12).map(user))
            try room.make("link", .makeLink(NewLink(id: "door")))
            // Each knows all that the batch does before it.
            let drafts = (3...12).map { number in
                number.isMultiple(of: 2)
                    ? room.draft("k\(number)", .added, at: 1_000, change: .add([user(number)]))
                    : room.draft("k\(number)", .joined, from: number, at: 1_000, change: .join(link: "door"))
            }
            let outcomes = try subject.store.append(drafts)
            try expectEqual(outcomes.map(Self.sequence), [3, 4, 5, 0, 0, 0, 0, 0, 0, 0], "sequences")
            try expect(outcomes.dropFirst(3).allSatisfy { $0 == .refused(.groupFull) }, "\(outcomes)")
            try expectEqual(room.head().memberCount, 5, "members")
        },
        ContractCase("an invitation gives the right to join and nothing else") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...6).map(user))
            try room.make("ban", .ban(user(5)))
            let entry = try room.make("invite", .invite([user(3), user(2), user(5), user(4)]))
            try expectEqual(entry.content, ControlContent.bytes(for: .invite([user(3), user(4)]), slots: []), "content")
            try expectEqual([room.membership(3).state, room.membership(5).state], [.invited, .banned], "states")
            try expectEqual([room.membership(3).slot, room.head().memberCount, room.head().lastSlot], [0, 2, 2], "slot, head")
            try expectEqual(try subject.store.memberships(of: user(3)).count, 0, "memberships of the invited")
            try expectEqual(room.refusal("unknown", .invite([user(99)])), .unknownUser(user(99)))

            let joined = try room.joiners(room.change("join", .join(link: nil), by: 3))
            try expectEqual(joined, [Joiner(user: user(3), slot: 3, visibleFrom: 1)], "joined")
            let told = try need(room.page(for: 3).entries.last, "entry")
            try expectEqual(told.content, ControlContent.joined(user(3), slot: 3), "content of the join")
            try expectEqual(room.membership(3).state, .active, "state")
            try expectEqual(room.refusal("again", .join(link: nil), by: 3), .notMember(user(3)), "a member")
            try expectEqual(room.refusal("never", .join(link: nil), by: 6), .notMember(user(6)), "not invited")
            try expectEqual(room.refusal("banned", .join(link: nil), by: 5), .banned(user(5)), "banned")
            // Who is invited can be added as well.
            try expectEqual(room.joiners(room.change("add", .add([user(4)]))).map(\.slot), [4], "added")
        },
        ContractCase("an add or an invitation that concerns nobody is no entry") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers((4...6).map(user))
            try room.make("ban", .ban(user(4)))
            try expectEqual(room.note(.block(user(1), by: user(5), on: true)), .done)
            let head = try room.head().sequence
            try expectEqual(room.refusal("members", .add([user(2), user(3)])), .nobody, "members are added")
            try expectEqual(room.refusal("blocked", .add([user(5)])), .nobody, "who has blocked the sender is added")
            try expectEqual(room.refusal("invite", .invite([user(2), user(4), user(5)])), .nobody, "are invited")
            try expectEqual(room.head().sequence, head, "sequence")
            try room.make("one of them", .add([user(2), user(6)]))
        },
        ContractCase("an invitation and a wish to join can come to nothing") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...5).map(user))
            try room.make("link", .makeLink(NewLink(id: "door")))
            try room.make("invite", .invite([user(3)]))
            let asked = try room.make("ask", .request(link: "door"), by: 4)
            try expectEqual(asked.content, ControlContent.requested(user(4)), "content")
            try expectEqual([room.membership(4).state, room.membership(3).state], [.requested, .invited], "states")
            try expectEqual(room.membership(4).slot, 0, "slot of who asks")
            try expectEqual(room.refusal("twice", .request(link: "door"), by: 4), .notMember(user(4)), "asks twice")
            try expectEqual(room.refusal("member", .request(link: "door"), by: 2), .notMember(user(2)), "a member asks")
            try room.make("decline3", .decline(user(3)), by: 3)
            let declined = try room.make("decline4", .decline(user(4)))
            try expectEqual(declined.content, ControlContent.bytes(for: .decline(user(4)), slots: []), "content of the decline")
            try expectEqual([room.membership(3).state, room.membership(4).state], [.left, .left], "states after")
            try expectEqual(room.refusal("join", .join(link: nil), by: 3), .notMember(user(3)), "joins after all")
            for number in [2, 3, 5] {
                try expectEqual(room.refusal("d\(number)", .decline(user(number))), .notMember(user(number)), "decline")
            }
            // Who asked is let in by an add, of an administrator.
            try room.make("ask again", .request(link: "door"), by: 4)
            try expectEqual(room.refusal("invite who asked", .invite([user(4)]), by: 2), .nobody, "who asked is invited")
            try expectEqual(room.refusal("by u2", .add([user(5), user(4)]), by: 2), .requested(user(4)), "let in by a member")
            try expectEqual(room.membership(4).state, .requested, "state then")
            try expect(try subject.store.membership(of: user(5), in: room.id) == nil, "u5 has a place all the same")
            try expectEqual(room.joiners(room.change("let in", .add([user(4)]))).map(\.slot), [3], "slot")
        },
        ContractCase("a ban ends a membership and keeps out by every way") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers([user(4)])
            try room.make("link", .makeLink(NewLink(id: "door")))
            let ban = try room.make("ban", .ban(user(2)))
            try expectEqual(ban.content, ControlContent.bytes(for: .ban(user(2)), slots: [2]), "content")
            try expectEqual([room.membership(2).slot, room.head().memberCount], [2, 2], "slot, members")
            try expectEqual(room.membership(2).state, .banned, "state")
            try expectEqual(
                failure(ReadFailure.self) { _ = try room.page(for: 2) }, .notMember, "what the banned one reads")
            try expectEqual(room.refusal("add", .add([user(4), user(2)])), .banned(user(2)), "added")
            try expectEqual(room.refusal("join", .join(link: "door"), by: 2), .banned(user(2)), "joins by a link")
            try expectEqual(room.refusal("ask", .request(link: "door"), by: 2), .banned(user(2)), "asks by a link")
            try expectEqual(room.refusal("again", .ban(user(2))), .notMember(user(2)), "banned twice")
            try expectEqual(room.refusal("end", .end(user(2))), .notMember(user(2)), "removed")
            try expectEqual(room.refusal("unban", .unban(user(3))), .notMember(user(3)), "unban of a member")

            try room.make("unban2", .unban(user(2)))
            try expectEqual(room.membership(2).state, .left, "state after")
            try expectEqual(room.joiners(room.change("back", .join(link: "door"), by: 2)).map(\.slot), [2], "slot after")
        },
        ContractCase("who was never a member can be banned too, without a slot") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...4).map(user))
            try room.make("invite", .invite([user(4)]))
            for number in [3, 4] {
                let entry = try room.make("ban\(number)", .ban(user(number)))
                try expectEqual(entry.content, ControlContent.bytes(for: .ban(user(number)), slots: []), "content")
                try expectEqual(room.membership(number).state, .banned, "state of u\(number)")
                try expectEqual(room.membership(number).slot, 0, "slot of u\(number)")
            }
            try expectEqual([room.head().memberCount, room.head().lastSlot], [2, 2], "head")
            try expectEqual(room.refusal("unknown", .ban(user(99))), .unknownUser(user(99)))
            try expectEqual(room.refusal("join", .join(link: nil), by: 4), .banned(user(4)), "the invitation is gone")
            try expectEqual(try subject.store.receiptRows(of: room.id, afterSlot: 0, limit: 9).map(\.slot), [1, 2], "rows")
        },
    ]

    /// Who invites, and makes links.
    private static func inviting(_ invite: Allowance) -> SettingsChange {
        var change = SettingsChange()
        change.rules.invite = invite
        return change
    }

    /// The sequence of what was stored; 0 for what was not.
    static func sequence(_ outcome: AppendOutcome) -> Int64 {
        if case .appended(let entry, _) = outcome { entry.sequence } else { 0 }
    }

    // MARK: Links

    static let links: [ContractCase<StoreUnderTest>] = [
        ContractCase("a link lets in as often as it may be used, and until it expires") { subject in
            let room = try Room.make(subject, members: 2)
            try subject.addUsers((3...9).map(user))
            let twice = try room.make("twice", .makeLink(NewLink(id: "twice", uses: 2)))
            try expectEqual(
                twice.content, ControlContent.bytes(for: .makeLink(NewLink(id: "twice")), slots: []), "content")
            try room.make("short", .makeLink(NewLink(id: "short", expires: Room.start + 10)))
            for number in [3, 4] {
                try expectEqual(
                    room.joiners(room.change("j\(number)", .join(link: "twice"), by: number)).map(\.slot), [Int32(number)], "slot"
                )
            }
            try expectEqual(room.refusal("j5", .join(link: "twice"), by: 5), .badLink, "used up")
            try expectEqual(try subject.reader.link("twice", for: user(5), at: Room.start), nil, "preview of a used up one")
            let late = try room.change("late", .join(link: "short"), by: 5, time: Room.start + 11)
            try expectEqual(room.refusal(late), .badLink, "expired")
            try room.appended(room.change("in time", .join(link: "short"), by: 5, time: Room.start + 9))
            try expectEqual(room.refusal("unknown", .join(link: "none"), by: 6), .badLink, "unknown")
            try expectEqual(room.refusal("ask", .request(link: "twice"), by: 6), .badLink, "asks by a used up one")
            try expectEqual(room.head().memberCount, 5, "members")
        },
        ContractCase("a link is one conversation's") { subject in
            let room = try Room.make(subject)
            let other = try Room.make(subject, "other")
            try subject.addUsers([user(3)])
            try room.make("link", .makeLink(NewLink(id: "door")))
            try expectEqual(other.refusal("join", .join(link: "door"), by: 3), .badLink, "join")
            try expectEqual(other.refusal("ask", .request(link: "door"), by: 3), .badLink, "request")
            try expectEqual(other.refusal("revoke", .revokeLink("door")), .badLink, "revoke")
            try room.make("join", .join(link: "door"), by: 3)
            try expectEqual(try subject.reader.links(of: room.id, for: user(1), at: Room.start).map(\.used), [1], "used")
        },
        ContractCase("a link is revoked by who made it and by administrators, once") { subject in
            let room = try Room.make(subject, members: 4)
            try subject.addUsers([user(5)])
            try room.make("role", .setRole(user(3), .administrator))
            try room.make("rule", .settings(Self.inviting(.members)))
            for name in ["a", "b", "c"] { try room.make("make \(name)", .makeLink(NewLink(id: name)), by: 2) }
            try expectEqual(room.refusal("other", .revokeLink("a"), by: 4), .badLink, "another member")
            let entry = try room.make("maker", .revokeLink("a"), by: 2)
            try expectEqual(entry.content, ControlContent.bytes(for: .revokeLink("a"), slots: []), "content")
            try room.make("administrator", .revokeLink("b"), by: 3)
            try room.make("owner", .revokeLink("c"))
            for name in ["a", "b", "c", "none"] {
                try expectEqual(room.refusal("again \(name)", .revokeLink(name)), .badLink, name)
                try expectEqual(room.refusal("join \(name)", .join(link: name), by: 5), .badLink, name)
            }
            try expectEqual(try subject.reader.links(of: room.id, for: user(1), at: Room.start), [], "links")
        },
        ContractCase("a link ends with the right of who made it") { subject in
            var room = try Room.make(subject, members: 4)
            try subject.addUsers([user(5), user(6)])
            func usable() throws -> [Bool] {
                room.subject = try room.subject.reopen()
                let listed = try room.reader.links(of: room.id, for: user(1), at: Room.start).map(\.link.id)
                return try ["by2", "by3"].map { name in
                    let preview = try room.reader.link(name, for: user(6), at: Room.start)
                    try expectEqual(preview != nil, listed.contains(name), "preview and list of \(name)")
                    return preview != nil
                }
            }
            func joins(_ client: String, _ link: String) throws -> AppendRefusal {
                try room.refusal(client, .join(link: link), by: 6)
            }
            try room.make("rule", .settings(Self.inviting(.members)))
            try room.make("role", .setRole(user(3), .administrator))
            for number in [2, 3] { try room.make("by\(number)", .makeLink(NewLink(id: "by\(number)")), by: number) }
            try expectEqual(usable(), [true, true], "both may")
            try room.make("administrators", .settings(Self.inviting(.administrators)))
            try expectEqual(usable(), [false, true], "administrators may")
            try expectEqual(joins("j1", "by2"), .badLink, "a member's link, where administrators invite")
            try expectEqual(room.refusal("ask", .request(link: "by2"), by: 6), .badLink, "asks by it")
            try room.make("no role", .setRole(user(3), .member))
            try expectEqual(usable(), [false, false], "who was an administrator")
            try room.make("members", .settings(Self.inviting(.members)))
            try expectEqual(usable(), [true, true], "both may again")
            try room.make("ban2", .ban(user(2)))
            try room.make("leave3", .end(user(3)), by: 3)
            try expectEqual(usable(), [false, false], "gone")
            for name in ["by2", "by3"] { try expectEqual(joins("gone \(name)", name), .badLink, "\(name), whose maker is gone") }
        },
        ContractCase("a wish to join spends no use of a link") { subject in
            let room = try Room.make(subject)
            try subject.addUsers([user(3), user(4)])
            try room.make("link", .makeLink(NewLink(id: "door", uses: 1)))
            for number in 1...3 {
                try room.make("ask\(number)", .request(link: "door"), by: 3)
                try room.make("decline\(number)", .decline(user(3)), by: number.isMultiple(of: 2) ? 1 : 3)
            }
            try expectEqual(try subject.reader.links(of: room.id, for: user(1), at: Room.start).map(\.used), [0], "used")
            try room.make("join", .join(link: "door"), by: 4)
            try expectEqual(room.refusal("ask", .request(link: "door"), by: 3), .badLink, "asks by a used up one")
        },
        ContractCase("a conversation has so many links that can be used, and no more") { subject in
            var room = try Room.make(subject)
            for number in 1...Limits.linksPerConversation { try room.make("l\(number)", .makeLink(NewLink(id: "l\(number)"))) }
            guard case .tooMany = try room.refusal("more", .makeLink(NewLink(id: "more"))) else {
                throw ContractViolation(description: "one link more")
            }
            try room.make("revoke", .revokeLink("l7"))
            room.subject = try subject.reopen()
            try room.make("more", .makeLink(NewLink(id: "more")))
            let links = try room.reader.links(of: room.id, for: user(1), at: Room.start)
            try expectEqual(links.count, Limits.linksPerConversation, "links")
        },
        ContractCase("administrators see all links, others their own, and only those that can be used") { subject in
            let room = try Room.make(subject, members: 3)
            try subject.addUsers([user(4), user(5)])
            try room.make("rule", .settings(Self.inviting(.members)))
            try room.make("a", .makeLink(NewLink(id: "a", expires: Room.start + 10, uses: 3)), by: 2)
            try room.make("b", .makeLink(NewLink(id: "b")))
            try room.make("join", .join(link: "a"), by: 4)
            func names(_ number: Int, at now: Int64 = Room.start) throws -> [String] {
                try subject.reader.links(of: room.id, for: user(number), at: now).map(\.link.id).sorted()
            }
            try expectEqual([names(1), names(2), names(3)], [["a", "b"], ["a"], []], "links")
            try expectEqual([names(1, at: Room.start + 11), names(2, at: Room.start + 11)], [["b"], []], "links later")
            let own = try need(subject.reader.links(of: room.id, for: user(2), at: Room.start).first, "link")
            let made = NewLink(id: "a", expires: Room.start + 10, uses: 3)
            try expectEqual(own, InviteLink(conversation: room.id, link: made, user: user(2), used: 1), "link")
            let stranger = try failure(ReadFailure.self) {
                _ = try subject.reader.links(of: room.id, for: user(5), at: Room.start)
            }
            try expectEqual(stranger, .notMember, "a stranger")
            // What who has a link learns before he joins.
            let preview = try need(subject.reader.link("b", for: user(5), at: Room.start), "preview")
            try expectEqual([preview.head.title, preview.head.conversation.rawValue], ["Title of room", "room"], "preview")
            try expectEqual([preview.head.memberCount], [4], "members in the preview")
            try expectEqual(preview.membership, nil, "who never had to do with it")
            let known = try need(subject.reader.link("b", for: user(4), at: Room.start), "preview")
            try expectEqual(known.membership?.state, .active, "a member")
            try expectEqual(try subject.reader.link("a", for: user(5), at: Room.start + 11), nil, "expired")
            try expectEqual(try subject.reader.link("none", for: user(5), at: Room.start), nil, "unknown")
        },
    ]
}
