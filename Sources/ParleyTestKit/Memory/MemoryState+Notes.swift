import ParleyDomain

/// Notes and receipts.
extension MemoryState {
    mutating func note(_ note: Note) -> NoteOutcome {
        switch note {
        case .block(let other, let user, let on): return self.block(other, by: user, on)
        case .report(let id, let sequence, let user, let reason, let time):
            guard let conversation = self.conversations[id], let member = conversation.active(user) else {
                return .refused(.notMember)
            }
            guard conversation.message(sequence) != nil, member.sees(sequence) else { return .refused(.noMessage) }
            if !conversation.reports.contains(where: { $0.sequence == sequence && $0.user == user }) {
                let number = Int64(self.all.reduce(1) { $0 + $1.reports.count })
                let report = Report(number: number, sequence: sequence, user: user, reason: reason, time: time)
                self.conversations[id]?.reports.append(report)
            }
            return .done
        case .resolve(let id, let sequence, let user):
            guard let conversation = self.conversations[id], let member = conversation.active(user) else {
                return .refused(.notMember)
            }
            guard member.row.role >= .administrator else { return .refused(.forbidden) }
            guard conversation.message(sequence) != nil, member.sees(sequence) else { return .refused(.noMessage) }
            self.conversations[id]?.reports.removeAll { $0.sequence == sequence }
            return .done
        case .notify(let id, let user, let level):
            guard let member = self.conversations[id]?.active(user) else { return .refused(.notMember) }
            guard member.row.notify != level else { return .done }
            self.conversations[id]?.members[user]?.row.notify = level
            let stamp = self.nextStamp()
            self.conversations[id]?.members[user]?.stamp = stamp
            return .done
        case .preferences(let user, let receipts, let presence): return self.prefer(user, receipts: receipts, presence: presence)
        case .data(let user, let id, let data):
            guard let id else {
                guard self.users[user] != nil else { return .refused(.unknownUser(user)) }
                self.users[user]?.data = data
                return .done
            }
            guard self.conversations[id]?.active(user) != nil else { return .refused(.notMember) }
            self.conversations[id]?.members[user]?.data = data
            return .done
        case .seen(let user, let time):
            guard self.users[user] != nil else { return .refused(.unknownUser(user)) }
            self.users[user]?.seen = time
            return .done
        }
    }

    private mutating func block(_ other: UserID, by user: UserID, _ on: Bool) -> NoteOutcome {
        for named in [user, other] where self.users[named] == nil { return .refused(.unknownUser(named)) }
        guard self.has(user, blocked: other) != on else { return .done }
        if on {
            guard self.users[user]?.blocked.count ?? 0 < Limits.blocksPerUser else { return .refused(.tooMany) }
            self.users[user]?.blocked.append(other)
        } else {
            self.users[user]?.blocked.removeAll { $0 == other }
        }
        // Both see it in what they have together.
        for conversation in self.all where conversation.head.kind == .direct {
            guard conversation.members[user] != nil, conversation.members[other] != nil else { continue }
            for one in [user, other] {
                let stamp = self.nextStamp()
                self.conversations[conversation.head.conversation]?.members[one]?.stamp = stamp
            }
        }
        return .done
    }

    private mutating func prefer(_ user: UserID, receipts: Bool?, presence: Bool?) -> NoteOutcome {
        guard let known = self.users[user] else { return .refused(.unknownUser(user)) }
        if let presence { self.users[user]?.presence = presence }
        guard let receipts, receipts != known.receipts else { return .done }
        self.users[user]?.receipts = receipts
        var turns: [ReceiptsTurn] = []
        for conversation in self.all {
            guard var member = conversation.members[user], member.row.slot > 0 else { continue }
            let id = conversation.head.conversation
            let head = conversation.head.sequence
            if !receipts {
                member.exclusions.append(Interval(from: head + 1))
            } else if let last = member.exclusions.popLast(), last.from <= head {
                member.exclusions.append(Interval(from: last.from, to: head))
            }
            self.conversations[id]?.members[user] = member
            turns.append(ReceiptsTurn(conversation: id, slot: member.row.slot, head: head, on: receipts))
        }
        return .receipts(turns)
    }

    // MARK: Receipts

    func receiptRows(of id: ConversationID, afterSlot slot: Int32, limit: Int) -> [ReceiptRow] {
        let members = self.conversations[id].map { Array($0.members.values) } ?? []
        let wanted = members.filter { $0.row.slot > max(0, slot) }.sorted { $0.row.slot < $1.row.slot }
        return wanted.prefix(max(0, limit)).map {
            ReceiptRow(
                slot: $0.row.slot, read: $0.row.read, delivered: $0.row.delivered, intervals: $0.intervals,
                exclusions: $0.exclusions)
        }
    }

    /// The messages of a conversation that are still there, oldest first.
    func sent(in id: ConversationID, where isWanted: (Entry) -> Bool) -> [SentMessage] {
        guard let conversation = self.conversations[id] else { return [] }
        return conversation.entries.compactMap { entry in
            guard entry.kind == .message, conversation.recalls[entry.sequence] == nil, isWanted(entry) else { return nil }
            return SentMessage(
                sequence: entry.sequence, sender: entry.sender, senderSlot: conversation.members[entry.sender]?.row.slot ?? 0)
        }
    }

    func newestMessages(of user: UserID, in id: ConversationID, limit: Int) -> [SentMessage] {
        Array(self.sent(in: id) { $0.sender == user }.reversed().prefix(max(0, limit)))
    }

    func unfrozenMessages(before time: Int64, limit: Int) -> [(ConversationID, [SentMessage])] {
        var left = limit
        var found: [(ConversationID, [SentMessage])] = []
        for conversation in self.all where left > 0 {
            let id = conversation.head.conversation
            let old = self.sent(in: id) { $0.sequence > conversation.head.frozenTo && $0.time < time }.prefix(left)
            guard !old.isEmpty else { continue }
            found.append((id, Array(old)))
            left -= old.count
        }
        return found
    }

    mutating func freeze(_ receipts: [MessageReceipts], in id: ConversationID, upTo sequence: Int64) {
        guard let conversation = self.conversations[id] else { return }
        for receipt in receipts where conversation.frozen[receipt.sequence] == nil {
            self.conversations[id]?.frozen[receipt.sequence] = receipt.counts
        }
        self.conversations[id]?.head.frozenTo = max(conversation.head.frozenTo, sequence)
    }

    func frozenReceipts(in id: ConversationID, sequences: [Int64]) -> [MessageReceipts] {
        Set(sequences).sorted().compactMap { sequence in
            self.conversations[id]?.frozen[sequence].map { MessageReceipts(sequence: sequence, counts: $0) }
        }
    }
}
