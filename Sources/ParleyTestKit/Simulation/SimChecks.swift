import ParleyClient
import ParleyDomain
import ParleyWire

/// What must hold at the end of a run. The logs are replayed here anew: the store's own idea of who may see what is not trusted.
struct SimChecks {
    private let world: SimWorld

    init(_ world: SimWorld) { self.world = world }

    // MARK: Liveness

    /// What is not yet as it must become; nil if everybody has everything.
    func lag() -> String? {
        guard self.world.server != nil else { return "the server is down" }
        for client in self.world.clients {
            if client.isDown { return "client \(client.index) is down" }
            if !client.core.isOutboxEmpty { return "client \(client.index) has commands in its outbox" }
            if !client.core.isCaughtUp { return "client \(client.index) is not caught up" }
        }
        for client in self.world.clients {
            for log in self.world.store.logs {
                guard let member = log.members[client.user], member.row.active else { continue }
                let id = log.head.conversation
                if client.core.position(in: id) < log.head.sequence {
                    return "client \(client.index) has \(id) up to \(client.core.position(in: id)) of \(log.head.sequence)"
                }
                if member.row.read < client.core.readPosition(in: id) {
                    return
                        "\(client.user) has read \(id) up to \(client.core.readPosition(in: id)), the store knows \(member.row.read)"
                }
            }
        }
        return nil
    }

    // MARK: Safety

    func firstFailure() -> String? {
        for log in self.world.store.logs {
            if let failure = Self.dense(log) ?? self.once(log) { return failure }
            var replay = SimReplay(log.head.historyVisible)
            if let failure = replay.run(log) { return failure }
            for client in self.world.clients {
                if let failure = self.accepted(client, log, replay) { return failure }
            }
            for user in self.world.users {
                if let failure = self.unread(user, log) { return failure }
            }
        }
        for client in self.world.clients {
            if let failure = self.acked(client) { return failure }
        }
        return nil
    }

    private static func dense(_ log: MemoryConversation) -> String? {
        for (index, entry) in log.entries.enumerated() where entry.sequence != Int64(index) + 1 {
            return "\(log.head.conversation) has \(entry.sequence) at place \(index + 1)"
        }
        return log.head.sequence == Int64(log.entries.count)
            ? nil : "the head of \(log.head.conversation) is \(log.head.sequence)"
    }

    /// One entry per client id, and per message that was asked for: every message's text is another.
    private func once(_ log: MemoryConversation) -> String? {
        var names: Set<MemoryConversation.Key> = []
        var texts: Set<[UInt8]> = []
        for entry in log.entries {
            if !names.insert(MemoryConversation.Key(sender: entry.sender, clientID: entry.clientID)).inserted {
                return "\(entry.conversation) has two entries of \(entry.sender) by \(entry.clientID)"
            }
            if entry.kind == .message, !texts.insert(entry.content).inserted {
                return "\(entry.conversation) \(entry.sequence) stands there twice"
            }
        }
        return nil
    }

    /// Who is a member has exactly his entries; who was one has a beginning of them.
    private func accepted(_ client: SimClient, _ log: MemoryConversation, _ replay: SimReplay) -> String? {
        let accepted = client.accepted[log.head.conversation] ?? []
        let visible = log.entries.map(\.sequence).filter { replay.sees(client.user, $0) }
        let isMember = replay.roles[client.user] != nil
        let expected = isMember ? visible[...] : visible.prefix(accepted.count)
        if expected.elementsEqual(accepted) { return nil }
        return "client \(client.index) (\(client.user)\(isMember ? "" : ", no member any more")) accepted \(accepted) of "
            + "\(log.head.conversation), his are \(visible)"
    }

    private func unread(_ user: UserID, _ log: MemoryConversation) -> String? {
        guard let member = log.members[user], member.row.active else { return nil }
        let naive = log.entries.count { $0.kind == .message && $0.sender != user && $0.sequence > member.row.read }
        let summaries = try? self.world.store.changes(for: user, after: 0, limit: 1_000)
        let told = summaries?.first { $0.head.conversation == log.head.conversation }?.unread
        return told == Int64(naive)
            ? nil : "\(user) is told of \(told ?? -1) unread in \(log.head.conversation), there are \(naive)"
    }

    private func acked(_ client: SimClient) -> String? {
        for (clientID, receipt) in client.settled {
            guard let entry = self.world.store.entry(receipt.conversation, receipt.sequence), entry.sender == client.user,
                self.world.bug == .dedupeOff || entry.clientID == clientID, String(entry.id) == receipt.id,
                entry.time == receipt.time
            else { return "the ack of \(clientID) to client \(client.index) is not in the log: \(receipt)" }
            guard case .command(let command)? = client.asked[clientID], case .send(let message) = command.action else { continue }
            if entry.content != message.content || entry.relatesTo != message.relatesTo {
                return "the entry of \(clientID) has other content"
            }
        }
        return nil
    }
}

/// Reads a log from its beginning: who was a member when, in what role, and whether every entry was its sender's right.
struct SimReplay {
    private let historyVisible: Bool
    private(set) var roles: [UserID: Role] = [:]
    private var intervals: [UserID: [Interval]] = [:]

    init(_ historyVisible: Bool) { self.historyVisible = historyVisible }

    func sees(_ user: UserID, _ sequence: Int64) -> Bool { self.intervals[user]?.contains { $0.contains(sequence) } ?? false }

    /// Nil if every decision was right.
    mutating func run(_ log: MemoryConversation) -> String? {
        for (index, entry) in log.entries.enumerated() {
            let place = "\(entry.conversation) \(entry.sequence) (\(entry.kind) by \(entry.sender))"
            let role = self.roles[entry.sender]
            if entry.kind != .created, role == nil { return "\(place): not by a member" }
            switch (entry.kind, log.requests[index].change) {
            case (.message, nil): break
            case (.created, .create(let new, let members)):
                guard entry.sequence == 1 else { return "\(place): not the first" }
                self.join(entry.sender, new.kind == .group ? .owner : .member, entry.sequence)
                for user in members { self.join(user, .member, entry.sequence) }
            case (.added, .add(let users)):
                guard let role, role >= .administrator else { return "\(place): without the right" }
                for user in users where self.roles[user] == nil { self.join(user, .member, entry.sequence) }
            case (.removed, .end(let user)):
                guard let role, let other = self.roles[user], other < role, role >= .administrator else {
                    return "\(place): without the right"
                }
                self.end(user, entry.sequence)
            case (.left, .end(let user)):
                guard user == entry.sender, role != .owner || self.roles.count == 1 else { return "\(place): without the right" }
                self.end(user, entry.sequence)
            case (.role, .setRole(let user, let given)):
                guard role == .owner, given != .owner, user != entry.sender, self.roles[user] != nil else {
                    return "\(place): without the right"
                }
                self.roles[user] = given
            default: return "\(place): an entry that does not fit its change"
            }
            if self.roles.count > Int(log.head.memberCap) { return "\(place): more members than the cap" }
        }
        return self.roles.count == Int(log.head.memberCount)
            ? nil : "\(log.head.conversation): \(log.head.memberCount) is not its count of members"
    }

    private mutating func join(_ user: UserID, _ role: Role, _ sequence: Int64) {
        self.roles[user] = role
        self.intervals[user, default: []].append(Interval(from: self.historyVisible ? 1 : sequence))
    }

    private mutating func end(_ user: UserID, _ sequence: Int64) {
        self.roles[user] = nil
        guard let last = self.intervals[user]?.indices.last else { return }
        self.intervals[user]?[last].to = sequence
    }
}
