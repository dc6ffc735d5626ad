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

    /// Whoever watches this user, and whomever he watches, may have lost the right to: asked of the store anew.
    func checkWatches(of user: UserID) {
        let watching = (self.signals.watchers[user] ?? []).compactMap { self.connections[$0] }
        let own = (self.users[user] ?? []).filter { !$0.watched.isEmpty }
        for connection in watching + own where connection.user != nil {
            // Of one who watches, this user alone is in doubt.
            self.check(connection.user == user ? connection.watched : [user], watchedBy: connection)
        }
    }

    private func check(_ users: [UserID], watchedBy connection: Connection) {
        guard let watcher = connection.user else { return }
        let origin = RequestOrigin(loop: self.index, connection: connection.id, request: 0)
        let engine = self.engine
        engine.readers.perform { reader throws(ReadFailure) in
            let seen = Set(try reader.seen(users, for: watcher).map(\.user))
            let lost = users.filter { !seen.contains($0) }
            if !lost.isEmpty { engine.hand([.unwatch(origin, lost)], to: origin.loop) }
        } refused: { _ in
            // What cannot be asked is not told.
            engine.hand([.unwatch(origin, users)], to: origin.loop)
        }
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
            room.forEachLive { connection in
                // Nobody is told of himself alone.
                if users.count == 1, let user = connection.user, users.contains(user) { return }
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
