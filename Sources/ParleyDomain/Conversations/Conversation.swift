/// What the sequencer knows of one conversation: its head, and the places of those members that matter now.
///
/// Decides what a command means. It never waits, logs, or looks at a clock.
package struct Conversation: Sendable {
    package private(set) var head: ConversationHead
    /// The places known so far: of users who are connected, who ask, or whom a command names. A user who is looked up and
    /// has no active membership stands here with nil.
    private var places: [UserID: Role?]
    /// False after a bulk add: how many of its users were members before only the store knows.
    package private(set) var headIsCurrent = true

    package init(head: ConversationHead) {
        self.head = head
        self.places = [:]
    }

    /// Whether this user's place was looked up.
    package func knows(_ user: UserID) -> Bool { self.places[user] != nil }

    package mutating func learn(_ user: UserID, _ membership: Membership?) {
        self.places[user] = .some(membership.flatMap { $0.active ? $0.role : nil })
    }

    /// Forgets a user who disconnected: his place is looked up again when it matters.
    package mutating func forget(_ user: UserID) { self.places[user] = nil }

    package func role(of user: UserID) -> Role? { self.places[user] ?? nil }

    /// The users whose places a command rests on.
    package static func users(named command: Command, by user: UserID) -> [UserID] {
        switch command {
        case .remove(_, _, let target), .setRole(_, _, let target, _): [user, target]
        case .send, .create, .add, .leave: [user]
        }
    }

    /// What a command leads to.
    package enum Decision: Sendable {
        /// An entry for the log.
        case append(Draft)
        /// Nothing to store: the conversation stands as asked.
        case exists
        case refuse(Refusal)
        /// The sender has no right now, but he may ask about something that was stored while he had: look for it by client id.
        case refuseUnlessStored(Refusal)
    }

    /// Decides a command. All users of `users(named:by:)` must be known.
    package func decide(_ command: Command, by user: UserID, at now: Int64) -> Decision {
        if case .create = command {
            return self.head.kind == .direct ? .exists : .append(Self.draft(command, by: user, at: now, decidedAt: 0))
        }
        guard let role = self.role(of: user) else { return .refuseUnlessStored(Refusal(.notMember)) }
        switch command {
        case .create: return .exists
        case .send(_, _, _, let relatesTo):
            guard relatesTo <= self.head.sequence else {
                return .refuse(
                    Refusal(.outOfRange, field: "reply_to", rule: "at most the newest sequence, \(self.head.sequence)"))
            }
        case .add:
            guard self.head.kind == .group else {
                return .refuse(Refusal(.forbidden, rule: "a direct conversation has two members"))
            }
            guard role >= .administrator else {
                return .refuse(Refusal(.forbidden, rule: "only owner and administrators add members"))
            }
        case .remove(_, _, let target):
            guard self.head.kind == .group else {
                return .refuse(Refusal(.forbidden, rule: "a direct conversation has two members"))
            }
            guard role >= .administrator else {
                return .refuse(Refusal(.forbidden, rule: "only owner and administrators remove members"))
            }
            guard target != user else {
                return .refuse(Refusal(.outOfRange, field: "user", rule: "another member; to go yourself, leave"))
            }
            guard let targetRole = self.role(of: target) else {
                return .refuseUnlessStored(Refusal(.unknownUser, field: "user", rule: "a member of the conversation"))
            }
            guard targetRole < role else {
                return .refuse(Refusal(.forbidden, field: "user", rule: "a member of a lower role than yours"))
            }
        case .setRole(_, _, let target, let role):
            guard self.head.kind == .group else {
                return .refuse(Refusal(.forbidden, rule: "a direct conversation has no roles"))
            }
            guard self.role(of: user) == .owner else { return .refuse(Refusal(.forbidden, rule: "only the owner gives roles")) }
            guard role != .owner else { return .refuse(Refusal(.outOfRange, field: "role", rule: "administrator or member")) }
            guard target != user else { return .refuse(Refusal(.outOfRange, field: "user", rule: "another member")) }
            guard self.role(of: target) != nil else {
                return .refuseUnlessStored(Refusal(.unknownUser, field: "user", rule: "a member of the conversation"))
            }
        case .leave:
            guard self.head.kind == .group else {
                return .refuse(Refusal(.forbidden, rule: "a direct conversation cannot be left"))
            }
            guard role != .owner || self.head.memberCount == 1 else {
                return .refuse(Refusal(.forbidden, rule: "the owner is the last to leave"))
            }
        }
        return .append(Self.draft(command, by: user, at: now, decidedAt: self.head.controlSequence))
    }

    /// Decides about a conversation that does not exist: it can only be made.
    package static func decideUnknown(_ command: Command, by user: UserID, at now: Int64) -> Decision {
        guard case .create(_, _, let new, let members) = command else { return .refuse(Refusal(.notMember)) }
        guard !members.contains(user) else {
            return .refuse(Refusal(.outOfRange, field: "members", rule: "others only: you are a member anyway"))
        }
        guard members.count + 1 <= Int(new.memberCap) else { return .refuse(Refusal(.groupFull, field: "members")) }
        return .append(Self.draft(command, by: user, at: now, decidedAt: 0))
    }

    private static func draft(_ command: Command, by user: UserID, at now: Int64, decidedAt: Int64) -> Draft {
        let (kind, content, change, relatesTo): (EntryKind, [UInt8], MembershipChange?, Int64) =
            switch command {
            case .send(_, _, let content, let relatesTo): (.message, content, nil, relatesTo)
            case .create(_, _, let new, let members): (.created, [], .create(new, members: members), 0)
            case .add(_, _, let users): (.added, [], .add(users), 0)
            case .remove(_, _, let target): (.removed, [], .end(target), 0)
            case .leave: (.left, [], .end(user), 0)
            case .setRole(_, _, let target, let role): (.role, [], .setRole(target, role), 0)
            }
        return Draft(
            conversation: command.conversation, sender: user, clientID: command.clientID, kind: kind, content: content,
            change: change,
            time: now, decidedAt: decidedAt, relatesTo: relatesTo)
    }

    /// Moves on by an entry that is durable. Only what is durable changes a conversation.
    package mutating func apply(_ entry: Entry, _ change: MembershipChange?) {
        self.head.sequence = entry.sequence
        self.head.messages = entry.messageOrdinal
        self.head.time = entry.time
        self.head.stamp = entry.stamp
        guard let change else { return }
        self.head.controlSequence = entry.sequence
        switch change {
        case .create(_, let members):
            self.places[entry.sender] = self.head.kind == .group ? .owner : .member
            for user in members { self.places[user] = .member }
        case .add(let users):
            // Who is not known here may have been a member before, in any role: he is looked up when it matters.
            for user in users where self.places[user] == .some(nil) { self.places[user] = .member }
            self.headIsCurrent = false
        case .end(let user):
            self.places[user] = .some(nil)
            self.head.memberCount -= 1
        case .setRole(let user, let role):
            self.places[user] = role
        }
    }

    /// A batch may be stored or not: where the log stands, and what it did to these users, only the store knows.
    package mutating func doubt(_ users: some Sequence<UserID>) {
        self.headIsCurrent = false
        for user in users { self.places[user] = nil }
    }

    /// Takes the store's word for where the conversation stands.
    package mutating func refresh(_ head: ConversationHead) {
        self.head = head
        self.headIsCurrent = true
    }
}
