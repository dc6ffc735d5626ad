import NIOCore
import ParleyDomain

/// The sessions of the compatibility profile on one loop, and whom of them the going of a user concerns.
struct CompatSessions {
    private var sessions: [UInt64: (session: CompatSession, joined: Set<ConversationID>)] = [:]
    /// The sessions that have joined a conversation: the other direction of the above.
    private var joined: [ConversationID: Set<UInt64>] = [:]
    /// Users whose last connection closed since the last sweep, where somebody here is told.
    private var gone: [UserID: Gone] = [:]

    struct Gone: Sendable {
        var conversations: [ConversationID]
        /// The name of the connection that was the last.
        var connection: String
    }

    /// Users told of in one sweep; the others have the next.
    private static let goneAtOnce = 1_000

    mutating func add(_ session: CompatSession) { self.sessions[session.id] = (session, []) }
    func session(_ id: UInt64) -> CompatSession? { self.sessions[id]?.session }

    mutating func remove(_ session: CompatSession) {
        guard let (_, joined) = self.sessions.removeValue(forKey: session.id) else { return }
        for conversation in joined { self.leave(conversation, session) }
    }

    mutating func join(_ conversation: ConversationID, _ session: CompatSession) {
        // What a session that has ended had still to do.
        guard self.sessions[session.id]?.joined.insert(conversation) != nil else { return }
        self.joined[conversation, default: []].insert(session.id)
    }

    mutating func part(_ conversation: ConversationID, _ session: CompatSession) {
        self.sessions[session.id]?.joined.remove(conversation)
        self.leave(conversation, session)
    }

    private mutating func leave(_ conversation: ConversationID, _ session: CompatSession) {
        self.joined[conversation]?.remove(session.id)
        if self.joined[conversation]?.isEmpty == true { self.joined[conversation] = nil }
    }

    /// Noted only where a session here has joined one of the user's conversations.
    mutating func went(_ user: UserID, _ conversations: Set<ConversationID>, connection: String) {
        // Either may be large: the loop's sessions have joined many, or the user is in many.
        let told =
            conversations.count < self.joined.count
            ? conversations.filter { self.joined[$0] != nil } : conversations.intersection(self.joined.keys)
        if !told.isEmpty { self.gone[user] = Gone(conversations: told.sorted(), connection: connection) }
    }

    /// Who comes back within a second never went.
    mutating func came(_ user: UserID) { self.gone[user] = nil }

    mutating func takeGone() -> [UserID: Gone] {
        let users = self.gone.keys.prefix(Self.goneAtOnce)
        return Dictionary(
            uniqueKeysWithValues: users.compactMap { user in self.gone.removeValue(forKey: user).map { (user, $0) } })
    }

    func listeners(of conversations: [ConversationID]) -> [CompatSession] {
        conversations.reduce(into: Set<UInt64>()) { $0.formUnion(self.joined[$1] ?? []) }.sorted().compactMap {
            self.sessions[$0]?.session
        }
    }
}

extension LoopDelivery {
    /// Once a second: tells who has gone, if he lets himself be seen (B2).
    func tellGone() {
        let gone = self.compat.takeGone()
        guard !gone.isEmpty else { return }
        let (engine, loop) = (self.engine, self.index)
        engine.readers.perform { reader throws(ReadFailure) in
            var seen: [NumberedUser] = []
            for user in try reader.numbered(gone.keys.sorted()) where try reader.preferences(of: user.profile.user).presence {
                seen.append(user)
            }
            engine.outbox.onLoop(loop) { [seen] delivery in
                for user in seen {
                    guard let gone = gone[user.profile.user] else { continue }
                    for session in delivery.compat.listeners(of: gone.conversations) {
                        session.left(user, from: gone.conversations, connection: gone.connection)
                    }
                }
            }
        } refused: { _ in
            // Too much to do: lost, as presence may be.
        }
    }
}
