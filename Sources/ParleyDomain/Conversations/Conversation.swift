/// What the sequencer knows of one conversation: its head, and the places of those users that matter now.
///
/// Decides what a command means (`Conversation+Decide.swift`). It never waits, logs, or looks at a clock.
package struct Conversation: Sendable {
    package private(set) var head: ConversationHead
    /// The places known so far: of users who are connected, who ask, or whom a command names. A user who is looked up and
    /// has none stands here with nil.
    private var places: [UserID: Place?]
    /// False after a batch whose outcome is unknown: only the store knows where the log stands.
    package private(set) var headIsCurrent = true
    /// The newest messages of connected senders.
    var followed = FollowedMessages()

    package init(head: ConversationHead) {
        self.head = head
        self.places = [:]
    }

    /// Whether this user's place was looked up.
    package func knows(_ user: UserID) -> Bool { self.places[user] != nil }

    package mutating func learn(_ user: UserID, _ membership: Membership?) {
        let lastSent = self.place(of: user)?.lastSent ?? 0
        self.places[user] = .some(
            membership.map { membership in
                var place = Place(membership)
                place.lastSent = max(place.lastSent, lastSent)
                return place
            })
    }

    /// Forgets a user who disconnected: his place is looked up again when it matters.
    package mutating func forget(_ user: UserID) { self.places[user] = nil }

    /// Users whose places are known.
    var placeCount: Int { self.places.count }
    /// Forgets everybody else.
    mutating func forgetAll(but online: Set<UserID>) { self.places = self.places.filter { online.contains($0.key) } }

    package func place(of user: UserID) -> Place? { self.places[user] ?? nil }

    /// Where the log stands, and the user's place; nil where either is to be looked up.
    package func standing(of user: UserID) -> (head: Int64, place: Place?)? {
        guard self.headIsCurrent, let place = self.places[user] else { return nil }
        return (self.head.sequence, place)
    }

    /// The role of an active member; nil for everybody else.
    package func role(of user: UserID) -> Role? {
        guard let place = self.place(of: user), place.isActive else { return nil }
        return place.role
    }

    /// The users whose places a command rests on.
    package static func users(named command: Command, by user: UserID) -> [UserID] {
        switch command.action {
        case .remove(let other), .setRole(let other, _), .ban(let other), .unban(let other), .mute(let other, _),
            .transfer(let other), .decline(.some(let other)):
            [user, other]
        default: [user]
        }
    }

    /// Moves on by an entry that is durable. Only what is durable changes a conversation.
    ///
    /// - Parameter joined: Who became a member by it, as the store says.
    package mutating func apply(_ entry: Entry, _ change: Change?, joined: [Joiner] = []) {
        self.head.sequence = entry.sequence
        self.head.messages = entry.messageOrdinal
        self.head.time = entry.time
        self.head.stamp = entry.stamp
        guard entry.kind.changesRights, let change else {
            if entry.kind == .message { self.update(entry.sender) { $0.lastSent = entry.time } }
            return
        }
        self.head.controlSequence = entry.sequence
        switch change {
        case .create, .add, .join:
            // A former member may have come back, with a mute that he had: he is looked up when it matters.
            for joiner in joined { self.places[joiner.user] = nil }
            if case .create = change {} else { self.head.memberCount += Int32(clamping: joined.count) }
            for joiner in joined { self.head.lastSlot = max(self.head.lastSlot, joiner.slot) }
        case .request: self.places[entry.sender] = nil
        case .end(let user):
            self.update(user) { $0.state = .left }
            self.head.memberCount -= 1
        case .ban(let user):
            if self.role(of: user) != nil { self.head.memberCount -= 1 }
            self.places[user] = nil
        case .unban(let user), .decline(let user): self.update(user) { $0.state = .left }
        case .invite(let users):
            for user in users where self.role(of: user) == nil { self.places[user] = nil }
        case .setRole(let user, let role): self.update(user) { $0.role = role }
        case .transfer(let user):
            self.update(user) { ($0.role, $0.mutedUntil) = (.owner, 0) }
            self.update(entry.sender) { $0.role = .administrator }
        case .mute(let user, let until): self.update(user) { $0.mutedUntil = until }
        case .settings(let change): self.head.apply(change)
        case .dissolve: self.head.dissolved = true
        case .makeLink, .revokeLink, .edit, .recall, .react, .pin: break
        }
    }

    private mutating func update(_ user: UserID, _ body: (inout Place) -> Void) {
        guard var place = self.place(of: user) else { return }
        body(&place)
        self.places[user] = .some(place)
    }

    /// A batch may be stored or not: where the log stands, and what it did to these users, only the store knows.
    package mutating func doubt(_ users: some Sequence<UserID>) {
        self.headIsCurrent = false
        for user in users { self.places[user] = nil }
    }

    /// Receipts up to here are frozen (R52).
    package mutating func froze(upTo sequence: Int64) {
        self.head.frozenTo = max(self.head.frozenTo, sequence)
        self.followed.drop { followed, _ in followed <= sequence }
    }

    /// Takes the store's word for where the conversation stands.
    package mutating func refresh(_ head: ConversationHead) {
        self.head = head
        self.headIsCurrent = true
    }
}
