import ParleyDomain

extension SimStore {
    /// Stores one draft, or says why not: the rules of the port, simple rather than fast.
    func append(_ draft: Draft) -> AppendOutcome {
        guard self.users.contains(draft.sender) else { return .refused(.unknownUser(draft.sender)) }
        if let outcome = self.earlier(draft) { return outcome }
        if case .create(let new, let members)? = draft.change { return self.create(draft, new, members) }
        guard let log = self.log(draft.conversation) else { return .refused(.unknownConversation) }
        guard draft.decidedAt >= log.head.controlSequence else { return .refused(.stale) }
        guard draft.relatesTo <= log.head.sequence else { return .refused(.invalid("relates to what is not there")) }
        switch draft.change {
        case nil: return .appended(self.store(draft, draft.content))
        case .create: return .refused(.conflict)
        case .add(let users): return self.add(draft, users, log)
        case .end(let user):
            guard log.members[user]?.row.active == true else { return .refused(.notMember(user)) }
            let entry = self.store(draft, ControlContent.bytes(for: .end(user), slots: []))
            self.change(draft.conversation, user) { member in
                member.row.active = false
                member.intervals[member.intervals.count - 1].to = entry.sequence
                member.stamp = entry.stamp
            }
            _ = self.mutate(draft.conversation) { $0.head.memberCount -= 1 }
            return .appended(entry)
        case .setRole(let user, let role):
            guard log.members[user]?.row.active == true else { return .refused(.notMember(user)) }
            let entry = self.store(draft, ControlContent.bytes(for: .setRole(user, role), slots: []))
            self.change(draft.conversation, user) { $0.row.role = role }
            return .appended(entry)
        }
    }

    /// What is stored under the client id; nil if nothing is.
    private func earlier(_ draft: Draft) -> AppendOutcome? {
        let key = SimLog.Key(sender: draft.sender, clientID: draft.clientID)
        guard let log = self.log(draft.conversation), let index = log.stored[key] else { return nil }
        let entry = log.entries[index]
        let same = draft.change == nil ? entry.content == draft.content : log.requests[index] == draft.change
        if entry.kind == draft.kind, entry.relatesTo == draft.relatesTo, same { return .duplicate(entry) }
        return .refused(.conflict)
    }

    private func create(_ draft: Draft, _ new: NewConversation, _ members: [UserID]) -> AppendOutcome {
        guard self.log(draft.conversation) == nil else { return .refused(.conflict) }
        guard members.count < Int(new.memberCap) else { return .refused(.groupFull) }
        if let unknown = members.first(where: { !self.users.contains($0) }) { return .refused(.unknownUser(unknown)) }
        self.make(
            SimLog(
                head: ConversationHead(
                    conversation: draft.conversation, kind: new.kind, title: new.title, memberCap: new.memberCap,
                    historyVisible: new.historyVisible)))
        let slots = members.indices.map { Int32($0 + 2) }
        let entry = self.store(draft, ControlContent.bytes(for: .create(new, members: members), slots: slots))
        self.join(draft.sender, role: new.kind == .group ? .owner : .member, at: entry)
        for user in members { self.join(user, role: .member, at: entry) }
        return .appended(entry)
    }

    private func add(_ draft: Draft, _ users: [UserID], _ log: SimLog) -> AppendOutcome {
        if let unknown = users.first(where: { !self.users.contains($0) }) { return .refused(.unknownUser(unknown)) }
        let joining = users.filter { log.members[$0]?.row.active != true }
        guard Int(log.head.memberCount) + joining.count <= Int(log.head.memberCap) else { return .refused(.groupFull) }
        var last = log.head.lastSlot
        let slots = joining.map { user -> Int32 in
            if let known = log.members[user] { return known.row.slot }
            last += 1
            return last
        }
        let entry = self.store(draft, ControlContent.bytes(for: .add(joining), slots: slots))
        for user in joining { self.join(user, role: .member, at: entry) }
        return .appended(entry)
    }

    private func store(_ draft: Draft, _ content: [UInt8]) -> Entry {
        self.stamp += 1
        let stamp = self.stamp
        let head = self.log(draft.conversation)?.head.sequence ?? 0
        let sequence = self.sequence(for: draft, after: head)
        let message: Int64 = draft.kind == .message ? 1 : 0
        var entry = Entry(
            conversation: draft.conversation, sequence: sequence, id: stamp, stamp: stamp, kind: draft.kind, sender: draft.sender,
            clientID: draft.clientID, time: draft.time, messageOrdinal: 0, senderOrdinal: 0, relatesTo: draft.relatesTo,
            content: content)
        _ = self.mutate(draft.conversation) { log in
            entry.messageOrdinal = log.head.messages + message
            entry.senderOrdinal = log.ownMessages(of: draft.sender, upTo: .max) + message
            log.stored[SimLog.Key(sender: draft.sender, clientID: draft.clientID)] = log.entries.count
            log.requests[log.entries.count] = draft.change
            log.entries.append(entry)
            log.head.sequence = entry.sequence
            log.head.messages = entry.messageOrdinal
            log.head.time = entry.time
            log.head.stamp = entry.stamp
            if draft.kind != .message { log.head.controlSequence = entry.sequence }
        }
        return entry
    }

    private func join(_ user: UserID, role: Role, at entry: Entry) {
        _ = self.mutate(entry.conversation) { log in
            let visibleFrom = entry.kind == .created || log.head.historyVisible ? 1 : entry.sequence
            var member: SimMember
            if let known = log.members[user] {
                member = known
            } else {
                log.head.lastSlot += 1
                log.order.append(user)
                let row = Membership(conversation: entry.conversation, user: user, slot: log.head.lastSlot, role: role)
                member = SimMember(row: row, intervals: [], stamp: 0)
            }
            member.row.active = true
            member.row.role = role
            member.row.visibleFrom = visibleFrom
            member.row.read = max(member.row.read, visibleFrom - 1)
            // What he may see for ever of this membership: with visible history also what was before.
            member.intervals.append(Interval(from: visibleFrom))
            member.stamp = entry.stamp
            log.members[user] = member
            log.head.memberCount += 1
        }
    }

    func advance(_ position: PositionUpdate) {
        guard let log = self.log(position.conversation), let known = log.members[position.user] else { return }
        let head = known.row.active ? log.head.sequence : known.intervals.last?.to ?? 0
        var member = known
        if position.read <= log.head.sequence { member.row.read = max(member.row.read, min(position.read, head)) }
        if position.delivered <= log.head.sequence {
            member.row.delivered = max(member.row.delivered, min(position.delivered, head))
        }
        guard member.row != known.row else { return }
        self.stamp += 1
        member.stamp = self.stamp
        self.change(position.conversation, position.user) { $0 = member }
    }

    private func change(_ conversation: ConversationID, _ user: UserID, _ body: (inout SimMember) -> Void) {
        _ = self.mutate(conversation) { log in
            guard var member = log.members[user] else { return }
            body(&member)
            log.members[user] = member
        }
    }
}
