import NIOCore
import ParleyDomain
import ParleyWire

/// Who types and who comes and goes, as one loop tells its connections: gathered for a second, in one frame for all of it, and lost where
/// a client does not read (B2).
struct Signals {
    /// By conversation: who typed since the last sweep. A person shows as typing for as long as clients think fit.
    var typing: [ConversationID: Set<UserID>] = [:]
    /// Who came (true) or went since the last sweep, among those who are watched.
    var moved: [UserID: Bool] = [:]
    /// Which connections watch whom.
    var watchers: [UserID: Set<UInt64>] = [:]

    /// Names in one typing frame.
    static let typistsShown = 5

    mutating func watch(_ users: [UserID], by connection: UInt64) {
        for user in users { self.watchers[user, default: []].insert(connection) }
    }

    mutating func forget(_ connection: UInt64, watching users: [UserID]) {
        for user in users {
            self.watchers[user]?.remove(connection)
            if self.watchers[user]?.isEmpty == true { self.watchers[user] = nil }
        }
    }
}

extension LoopDelivery {
    func typing(_ user: UserID, in conversation: ConversationID) {
        guard let room = self.rooms[conversation], room.liveCount <= Limits.typingConnections else { return }
        guard (self.signals.typing[conversation]?.count ?? 0) < Signals.typistsShown else { return }
        self.signals.typing[conversation, default: []].insert(user)
    }

    func presence(_ user: UserID, online: Bool) {
        if online { self.compat.came(user) }
        guard self.signals.watchers[user] != nil else { return }
        self.signals.moved[user] = online
    }

    /// Nobody watches this user any more: he does not let himself be seen.
    func hidden(_ user: UserID) {
        guard self.signals.watchers[user] != nil else { return }
        self.signals.moved[user] = false
        self.tellPresence()
        self.signals.watchers[user] = nil
    }

    /// This connection hears of these users from now on, in the place of those it watched before.
    func watch(_ users: [UserID], by connection: Connection) {
        self.signals.forget(connection.id, watching: connection.watched)
        connection.watched = users
        self.signals.watch(users, by: connection.id)
    }

    /// Once a second.
    func tellSignals() {
        self.tellTyping()
        self.tellPresence()
    }

    private func tellTyping() {
        for (conversation, users) in self.signals.typing {
            guard let room = self.rooms[conversation] else { continue }
            var frame = ByteBuffer()
            self.encoder.typing(conversation, users.sorted(), into: &frame)
            for connection in room.members {
                // Nobody is told of himself alone.
                if users.count == 1, let user = connection.user, users.contains(user) { continue }
                connection.enqueue(frame)
            }
        }
        self.signals.typing.removeAll(keepingCapacity: true)
    }

    private func tellPresence() {
        guard !self.signals.moved.isEmpty else { return }
        var lines: [UInt64: [PresenceLine]] = [:]
        let now = self.engine.clock.wall()
        for (user, online) in self.signals.moved {
            for id in self.signals.watchers[user] ?? [] {
                lines[id, default: []].append(PresenceLine(user: user, online: online, seen: online ? 0 : now))
            }
        }
        self.signals.moved.removeAll(keepingCapacity: true)
        for (id, users) in lines {
            var frame = ByteBuffer()
            self.encoder.presence(users, into: &frame)
            self.connections[id]?.enqueue(frame)
        }
    }
}
