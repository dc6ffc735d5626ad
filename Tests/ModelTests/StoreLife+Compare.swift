import ParleyDomain
import Testing

/// What people are told, beside what the model says.
extension StoreLife {
    /// Compares what one person and the sender of one message are told; or `all` of them.
    mutating func compare(_ dice: inout Dice, all: Bool, _ place: Comment) throws {
        // Who has read is told from memory, also what waits to be written; now and then a desk is opened for it.
        let groups = all ? Array(0..<3) : [dice.below(3)]
        for group in groups {
            let messages = self.world.groups[group].entries.filter {
                $0.kind == .message && !$0.isRecalled && self.world.groups[group].members[$0.sender]?.isIn == true
            }
            let asked = all || messages.isEmpty ? messages : [messages[dice.below(messages.count)]]
            for message in asked { try self.compareReceipts(of: message, group, place) }
        }
        for user in all ? Array(1...self.people) : [1 + dice.below(self.people)] {
            // Only what this one waits for is written: so it is before he is answered.
            try self.shell.settle(Self.user(user))
            try self.sync(user)
            self.compareList(of: user, place)
            for group in groups { try self.comparePages(of: user, group, &dice, place) }
        }
    }

    private func compareList(of user: Int, _ place: Comment) {
        let known = self.known[user] ?? [:]
        let list = self.world.list(of: user)
        #expect(Set(known.keys) == Set(list.map { Self.room($0) }), place)
        for group in list {
            let (line, model) = (known[Self.room(group)], self.world.groups[group])
            #expect(line?.unread == model.unread(of: user).map { Int64($0) }, place)
            #expect(line?.mentions == model.unreadMentions(of: user).map { Int64($0) }, place)
            #expect(line?.head == Int64(model.head), place)
        }
        let order = list.sorted { (known[Self.room($0)]?.spokenAt ?? 0, $1) > (known[Self.room($1)]?.spokenAt ?? 0, $0) }
        #expect(order == list, place)
    }

    /// What changed since his last sync, taken over as a client takes it.
    private mutating func sync(_ user: Int) throws {
        while true {
            let changes = try self.shell.reader.changes(for: Self.user(user), after: self.tokens[user] ?? 0, limit: 2)
            for summary in changes {
                let id = summary.head.conversation
                self.tokens[user] = summary.stamp
                guard summary.membership.active else {
                    self.known[user]?[id] = nil
                    continue
                }
                let time = summary.preview?.time ?? Int64(self.world.groups[Int(id.rawValue.dropFirst()) ?? 0].entries[0].time)
                self.known[user, default: [:]][id] = Line(
                    unread: summary.unread, mentions: summary.mentions, head: summary.head.sequence, spokenAt: time)
            }
            if changes.count < 2 { return }
        }
    }

    // MARK: Pages

    private func comparePages(of user: Int, _ group: Int, _ dice: inout Dice, _ place: Comment) throws {
        let (id, name, model) = (Self.room(group), Self.user(user), self.world.groups[group])
        let (edge, limit) = (dice.below(model.head + 2), 1 + dice.below(12))
        guard model.members[user]?.isIn == true else {
            #expect(throws: ReadFailure.notMember, place) {
                try self.shell.reader.entries(in: id, for: name, after: Int64(edge), limit: limit)
            }
            return
        }
        let visible = model.entries.filter { model.sees($0.sequence, user) }
        let later = visible.filter { $0.sequence > edge }
        let earlier = visible.filter { $0.sequence < edge }.reversed()
        let reader = self.shell.reader
        Self.compare(
            try reader.entries(in: id, for: name, after: Int64(edge), limit: limit), Array(later), limit, model, user, place)
        Self.compare(
            try reader.entries(in: id, for: name, before: Int64(edge), limit: limit), Array(earlier), limit, model, user, place)
        let pins = model.entries.filter {
            $0.kind == .message && model.sees($0.sequence, user) && model.shown($0, to: user).isPinned
        }
        #expect(Set(try reader.pins(in: id, for: name).entries.map { Int($0.sequence) }) == Set(pins.map(\.sequence)), place)
    }

    private static func compare(
        _ page: Page, _ wanted: [NaiveGroup.Entry], _ limit: Int, _ model: NaiveGroup, _ user: Int, _ place: Comment
    ) {
        #expect(page.entries.map { Int($0.sequence) } == wanted.prefix(limit).map(\.sequence), place)
        #expect(page.more == (wanted.count > limit), place)
        for (entry, wanted) in zip(page.entries, wanted) {
            if wanted.kind == .message {
                #expect(Self.shown(entry, page.states[entry.sequence], model, user) == model.shown(wanted, to: user), place)
            } else if wanted.target > 0 {
                let isRecalled = wanted.kind != .recall && model.entries[wanted.target - 1].isRecalled
                let isWithheld = isRecalled || !model.sees(wanted.target, user)
                #expect(entry.content.isEmpty == isWithheld, "\(place), entry \(wanted.sequence)")
            }
        }
    }

    /// As the page shows it. The names behind the numbers of reactions are asked for elsewhere: those of the model stand in where numbers
    /// and `mine` are the same.
    private static func shown(_ entry: Entry, _ state: MessageState?, _ model: NaiveGroup, _ user: Int) -> NaiveGroup.Shown {
        var shown = NaiveGroup.Shown()
        shown.isRecalled = (state?.recalled ?? 0) > 0
        shown.edited = Int(state?.edited ?? 0)
        shown.isPinned = state?.pinned == true
        let wanted = model.shown(model.entries[Int(entry.sequence) - 1], to: user)
        if entry.content == Self.content(wanted.text ?? "") { shown.text = wanted.text }
        if entry.content.isEmpty, wanted.text == nil { shown.text = nil }
        for reaction in state?.reactions ?? [] {
            let users = wanted.reactions[reaction.emoji] ?? []
            let isSame = Int64(users.count) == reaction.count && users.contains(user) == reaction.mine
            shown.reactions[reaction.emoji] = isSame ? users : []
        }
        return shown
    }

    // MARK: Receipts

    private func compareReceipts(of message: NaiveGroup.Entry, _ group: Int, _ place: Comment) throws {
        let model = self.world.groups[group]
        let sender = Self.user(message.sender)
        let asked = try self.shell.ask(.counts([Int64(message.sequence)]), in: Self.room(group), by: sender)
        let wanted = model.counts(of: message.sequence)
        guard case .receipts(_, _, let receipts)? = asked, let counts = receipts.first?.counts else {
            Issue.record("no counts: \(String(describing: asked))")
            return
        }
        #expect([counts.total, counts.read, counts.delivered] == [wanted.total, wanted.read, wanted.delivered], place)
        for (list, isWanted) in [(ReaderList.read, true), (.unread, false)] {
            let kind = ReceiptQuestion.Kind.readers(Int64(message.sequence), list, afterSlot: 0, limit: 100)
            guard case .readers(_, let page)? = try self.shell.ask(kind, in: Self.room(group), by: sender) else {
                Issue.record("no list")
                return
            }
            #expect(page.slots.map { Int($0) } == model.slots(of: message.sequence) { $0.read == isWanted }, place)
        }
    }
}
