extension Conversation {
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
    ///
    /// - Parameters:
    ///   - target: The message that the command is about, or whose thread a message is for; nil where there is none.
    ///   - quoted: The message that a message replies to, where the sender does not see all of the log (`quotesUnseen`).
    ///   - now: In milliseconds since 1970.
    package func decide(
        _ command: Command, by user: UserID, target: Target? = nil, quoted: Target? = nil, at now: Int64
    ) -> Decision {
        do throws(Refusal) {
            if case .create = command.action {
                return self.head.kind == .direct ? .exists : .append(Self.draft(command, .create(command), by: user, at: now))
            }
            let effect = try self.effect(of: command, by: user, Targets(target: target, quoted: quoted), at: now)
            return .append(Self.draft(command, effect, by: user, at: now, decidedAt: self.head.controlSequence))
        } catch {
            // Whatever forbids it now, a repeat of what was stored while it was allowed gets its first answer.
            return error.code == .outOfRange && self.role(of: user) != nil ? .refuse(error) : .refuseUnlessStored(error)
        }
    }

    /// Decides about a conversation that does not exist: it can only be made.
    package static func decideUnknown(_ command: Command, by user: UserID, at now: Int64) -> Decision {
        guard case .create(let new, let members) = command.action else { return .refuse(Refusal(.notMember)) }
        guard !members.contains(user) else {
            return .refuse(Refusal(.outOfRange, field: "members", rule: "others only: you are a member anyway"))
        }
        guard members.count + 1 <= Int(new.memberCap) else { return .refuse(Refusal(.groupFull, field: "members")) }
        return .append(Self.draft(command, .create(command), by: user, at: now))
    }

    /// Whether it must be looked up if the sender may see what the message replies to: his present membership does not show it.
    package func quotesUnseen(_ message: NewMessage, by user: UserID) -> Bool {
        guard message.relatesTo > 0, let place = self.place(of: user) else { return false }
        return message.relatesTo < place.visibleFrom
    }

    /// The messages that a decision rests on.
    private struct Targets {
        var target: Target?
        var quoted: Target?
    }

    /// What an entry of this command is and does.
    private struct Effect {
        var kind: EntryKind
        var change: Change?

        static func create(_ command: Command) -> Effect {
            guard case .create(let new, let members) = command.action else { return Effect(kind: .created) }
            return Effect(kind: .created, change: .create(new, members: members))
        }
    }

    private static func draft(_ command: Command, _ effect: Effect, by user: UserID, at now: Int64, decidedAt: Int64 = 0) -> Draft
    {
        var draft = Draft(
            conversation: command.conversation, sender: user, clientID: command.clientID, kind: effect.kind,
            change: effect.change,
            time: now, decidedAt: decidedAt, relatesTo: command.target)
        switch command.action {
        case .send(let message):
            draft.content = message.content
            draft.relatesTo = message.relatesTo
            draft.thread = message.thread
            draft.mentions = message.mentions
            draft.mentionsAll = message.mentionsAll
            draft.asked = message.asked
        case .edit(_, let message):
            draft.content = message.content
            draft.mentions = message.mentions
        default: break
        }
        return draft
    }

    // MARK: Rights

    private func effect(of command: Command, by user: UserID, _ targets: Targets, at now: Int64) throws(Refusal) -> Effect {
        switch command.action {
        case .create, .send, .edit, .recall, .react, .pin:
            return try self.messageEffect(of: command.action, by: user, targets, at: now)
        case .join(let link): return try self.joining(user, link)
        case .decline(let other): return try self.declining(other, by: user)
        case .leave:
            let role = try self.member(user)
            try self.needGroup("a direct conversation cannot be left")
            guard role != .owner || self.head.memberCount == 1 || self.head.dissolved else {
                throw Refusal(.forbidden, rule: "the owner is the last to leave, or makes another member the owner first")
            }
            return Effect(kind: .left, change: .end(user))
        case .add, .invite, .change, .makeLink, .revokeLink, .dissolve:
            return try self.groupEffect(of: command.action, by: user, at: now)
        case .remove, .ban, .unban, .mute, .setRole, .transfer:
            return try self.memberEffect(of: command.action, by: user, at: now)
        }
    }

    private func member(_ user: UserID) throws(Refusal) -> Role {
        guard let role = self.role(of: user) else { throw Refusal(.notMember) }
        return role
    }

    private func needGroup(_ rule: String) throws(Refusal) {
        guard self.head.kind == .group else { throw Refusal(.forbidden, rule: rule) }
    }

    private func needOthers(_ users: [UserID], than user: UserID) throws(Refusal) {
        guard !users.contains(user) else { throw Refusal(.outOfRange, field: "users", rule: "others than oneself") }
    }

    private func needUndissolved() throws(Refusal) {
        guard !self.head.dissolved else { throw Refusal(.dissolved) }
    }

    private func need(_ allowance: Allowance, _ role: Role, _ rule: String) throws(Refusal) {
        guard allowance.includes(role) else { throw Refusal(.forbidden, rule: rule) }
    }

    // MARK: Messages

    private func messageEffect(
        of action: Command.Action, by user: UserID, _ targets: Targets, at now: Int64
    ) throws(Refusal) -> Effect {
        let role = try self.member(user)
        try self.needUndissolved()
        switch action {
        case .send(let message):
            try self.mayWrite(user, role, at: now)
            try self.maySend(message, user, role, targets, at: now)
            return Effect(kind: .message)
        case .edit(let sequence, let message):
            let target = try self.message(sequence, targets.target)
            guard target.sender == user else { throw Refusal(.forbidden, field: "target", rule: "a message of your own") }
            try self.mayWrite(user, role, at: now)
            try self.mayMention(message, role)
            return Effect(kind: .edit, change: .edit(target: sequence))
        case .recall(let sequence):
            try self.mayRecall(try self.message(sequence, targets.target), user, role, at: now)
            return Effect(kind: .recall, change: .recall(target: sequence))
        case .react(let sequence, let emoji, let on):
            _ = try self.message(sequence, targets.target)
            try self.mayWrite(user, role, at: now)
            return Effect(kind: .reaction, change: .react(target: sequence, emoji: emoji, on: on))
        case .pin(let sequence, let on):
            _ = try self.message(sequence, targets.target)
            try self.mayReach(user)
            if self.head.kind == .group { try self.need(.administrators, role, "only owner and administrators pin messages") }
            return Effect(kind: .pin, change: .pin(target: sequence, on: on))
        default: throw Refusal(.internalError)
        }
    }

    private func message(_ sequence: Int64, _ target: Target?) throws(Refusal) -> Target {
        guard let target, target.kind == .message, target.visible else { throw Refusal(.noMessage, field: "target") }
        guard !target.recalled else { throw Refusal(.recalled, field: "target") }
        return target
    }

    /// In a direct conversation: neither has blocked the other.
    private func mayReach(_ user: UserID) throws(Refusal) {
        guard self.place(of: user)?.blocked != true else { throw Refusal(.blocked) }
    }

    private func mayWrite(_ user: UserID, _ role: Role, at now: Int64) throws(Refusal) {
        guard let place = self.place(of: user) else { throw Refusal(.notMember) }
        try self.mayReach(user)
        // Nobody could lift it: an owner is never muted.
        guard role == .owner || now >= place.mutedUntil else {
            let wait = Int(clamping: min(place.mutedUntil - now, 86_400_000))
            throw Refusal(.muted, rule: "not before \(place.mutedUntil)", retryMilliseconds: wait)
        }
        try self.need(self.head.rules.send, role, "only owner and administrators write here")
    }

    /// Others are told that a user types where he may write.
    func mayType(_ user: UserID, at now: Int64) throws(Refusal) {
        guard let role = self.role(of: user) else { throw Refusal(.notMember) }
        try self.needUndissolved()
        try self.mayWrite(user, role, at: now)
    }

    private func maySend(
        _ message: NewMessage, _ user: UserID, _ role: Role, _ targets: Targets, at now: Int64
    ) throws(Refusal) {
        guard message.relatesTo <= self.head.sequence else {
            throw Refusal(.outOfRange, field: "reply_to", rule: "at most the newest sequence, \(self.head.sequence)")
        }
        if self.quotesUnseen(message, by: user) {
            guard let quoted = targets.quoted, quoted.visible else { throw Refusal(.noMessage, field: "reply_to") }
        }
        try self.mayMention(message, role)
        if message.thread > 0 {
            guard let target = targets.target, target.kind == .message, target.visible else {
                throw Refusal(.noMessage, field: "thread")
            }
            guard target.thread == 0 else {
                throw Refusal(.outOfRange, field: "thread", rule: "a message that stands in no thread itself")
            }
        }
        // Where the clock was set back, the newest message is not of the future: nobody waits longer than the interval.
        let wait = min(self.place(of: user)?.lastSent ?? 0, now) + self.head.rules.slowMilliseconds - now
        guard role >= .administrator || self.head.rules.slowMilliseconds == 0 || wait <= 0 else {
            throw Refusal(
                .rateLimited, rule: "one message in \(self.head.rules.slowMilliseconds) ms",
                retryMilliseconds: Int(clamping: wait))
        }
    }

    private func mayMention(_ message: NewMessage, _ role: Role) throws(Refusal) {
        guard message.mentionsAll, self.head.kind == .group else { return }
        try self.need(self.head.rules.mentionAll, role, "only owner and administrators mention everybody")
    }

    private func mayRecall(_ message: Target, _ user: UserID, _ role: Role, at now: Int64) throws(Refusal) {
        if self.head.kind == .group, role >= .administrator { return }
        guard message.sender == user else { throw Refusal(.forbidden, field: "target", rule: "a message of your own") }
        guard now - message.time <= self.head.rules.recallMilliseconds else {
            throw Refusal(.tooLate, field: "target", rule: "within \(self.head.rules.recallMilliseconds) ms")
        }
    }

    // MARK: Coming in

    private func joining(_ user: UserID, _ link: String?) throws(Refusal) -> Effect {
        let state = self.place(of: user)?.state ?? .left
        guard state != .active else { throw Refusal(.forbidden, rule: "you are a member already") }
        guard state != .banned else { throw Refusal(.banned) }
        // Who is neither invited nor has a link cannot tell whether there is such a conversation (R10).
        guard state == .invited || link != nil else { throw Refusal(.notMember) }
        try self.needGroup("a direct conversation has two members")
        try self.needUndissolved()
        // Whoever came in now would have nobody who can make him its owner.
        guard self.head.memberCount > 0 else { throw Refusal(.dissolved) }
        guard state != .invited, let link else { return Effect(kind: .joined, change: .join(link: nil)) }
        switch self.head.rules.joining {
        case .link: return Effect(kind: .joined, change: .join(link: link))
        case .approval:
            guard state != .requested else { throw Refusal(.forbidden, rule: "you have asked already: administrators decide") }
            return Effect(kind: .requested, change: .request(link: link))
        case .closed: throw Refusal(.badLink, field: "link", rule: "a group that lets people in by links")
        }
    }

    private func declining(_ other: UserID?, by user: UserID) throws(Refusal) -> Effect {
        let declined = other ?? user
        if declined != user {
            let role = try self.member(user)
            guard role >= .administrator else { throw Refusal(.forbidden, rule: "only owner and administrators decline") }
        }
        let state = self.place(of: declined)?.state
        guard state == .invited || state == .requested else {
            if declined == user {
                _ = try self.member(user)
                throw Refusal(.forbidden, rule: "you are a member already: to go, leave")
            }
            throw Refusal(.unknownUser, field: "user", rule: "somebody who is invited or has asked to join")
        }
        return Effect(kind: .declined, change: .decline(declined))
    }

    // MARK: The group

    private func groupEffect(of action: Command.Action, by user: UserID, at now: Int64) throws(Refusal) -> Effect {
        let role = try self.member(user)
        try self.needGroup("a direct conversation has two members and no rules")
        try self.needUndissolved()
        switch action {
        case .add(let users):
            try self.need(self.head.rules.invite, role, "only owner and administrators add members")
            try self.needOthers(users, than: user)
            return Effect(kind: .added, change: .add(users))
        case .invite(let users):
            try self.need(self.head.rules.invite, role, "only owner and administrators invite")
            try self.needOthers(users, than: user)
            return Effect(kind: .invited, change: .invite(users))
        case .change(let change):
            try self.need(.administrators, role, "only owner and administrators change the group")
            if let cap = change.memberCap, cap < self.head.memberCount {
                throw Refusal(.outOfRange, field: "member_cap", rule: "at least the members there are, \(self.head.memberCount)")
            }
            return Effect(kind: .changed, change: .settings(change))
        case .makeLink(let link):
            try self.need(self.head.rules.invite, role, "only owner and administrators make links")
            guard link.expires == 0 || link.expires > now else {
                throw Refusal(.outOfRange, field: "expires", rule: "0, or a time to come")
            }
            return Effect(kind: .link, change: .makeLink(link))
        case .revokeLink(let link):
            // Who made it is known to the store, which refuses others than him and administrators.
            return Effect(kind: .link, change: .revokeLink(link))
        case .dissolve:
            guard role == .owner else { throw Refusal(.forbidden, rule: "only the owner dissolves the group") }
            return Effect(kind: .dissolved, change: .dissolve)
        default: throw Refusal(.internalError)
        }
    }

    // MARK: Members

    private func memberEffect(of action: Command.Action, by user: UserID, at now: Int64) throws(Refusal) -> Effect {
        let role = try self.member(user)
        try self.needGroup("a direct conversation has two members and no roles")
        try self.needUndissolved()
        switch action {
        case .remove(let other):
            try self.mayModerate(other, by: user, role, "remove members")
            guard self.role(of: other) != nil else { throw Self.notMember }
            return Effect(kind: .removed, change: .end(other))
        case .ban(let other):
            try self.mayModerate(other, by: user, role, "ban users")
            guard self.place(of: other)?.state != .banned else {
                throw Refusal(.unknownUser, field: "user", rule: "a user who is not banned")
            }
            return Effect(kind: .banned, change: .ban(other))
        case .unban(let other):
            try self.need(.administrators, role, "only owner and administrators unban users")
            guard self.place(of: other)?.state == .banned else {
                throw Refusal(.unknownUser, field: "user", rule: "a user who is banned")
            }
            return Effect(kind: .unbanned, change: .unban(other))
        case .mute(let other, let until):
            try self.mayModerate(other, by: user, role, "mute members")
            guard self.role(of: other) != nil else { throw Self.notMember }
            return Effect(kind: .muted, change: .mute(other, until: until))
        case .setRole(let other, let new):
            guard role == .owner else { throw Refusal(.forbidden, rule: "only the owner gives roles") }
            guard new != .owner else { throw Refusal(.outOfRange, field: "role", rule: "administrator or member") }
            guard other != user else { throw Refusal(.outOfRange, field: "user", rule: "another member") }
            guard self.role(of: other) != nil else { throw Self.notMember }
            return Effect(kind: .role, change: .setRole(other, new))
        case .transfer(let other):
            guard role == .owner else { throw Refusal(.forbidden, rule: "only the owner hands the group over") }
            guard other != user else { throw Refusal(.outOfRange, field: "user", rule: "another member") }
            guard self.role(of: other) != nil else { throw Self.notMember }
            return Effect(kind: .transferred, change: .transfer(other))
        default: throw Refusal(.internalError)
        }
    }

    private static let notMember = Refusal(.unknownUser, field: "user", rule: "a member of the conversation")

    private func mayModerate(_ other: UserID, by user: UserID, _ role: Role, _ what: String) throws(Refusal) {
        guard role >= .administrator else { throw Refusal(.forbidden, rule: "only owner and administrators \(what)") }
        guard other != user else { throw Refusal(.outOfRange, field: "user", rule: "another member; to go yourself, leave") }
        if let otherRole = self.role(of: other), otherRole >= role {
            throw Refusal(.forbidden, field: "user", rule: "a member of a lower role than yours")
        }
    }
}

extension Conversation {
    /// Refuses a second message of one member in one batch where slow mode is on: the first is not applied yet when the second is
    /// decided. Nil where there is nothing to refuse.
    ///
    /// - Parameter slowed: Members of slow conversations who have a message in this batch.
    func slowWait(_ submission: Submission, _ slowed: inout Set<UserID>) -> Refusal? {
        let interval = self.head.rules.slowMilliseconds
        guard interval > 0, case .send = submission.command.action, let role = self.role(of: submission.user),
            role < .administrator
        else { return nil }
        guard !slowed.insert(submission.user).inserted else { return nil }
        return Refusal(.rateLimited, rule: "one message in \(interval) ms", retryMilliseconds: Int(clamping: interval))
    }
}
