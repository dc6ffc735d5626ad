/// Who of a group may do something.
package enum Allowance: UInt8, Sendable, CaseIterable {
    case members = 0
    case administrators = 1

    package var name: String {
        switch self {
        case .members: "members"
        case .administrators: "administrators"
        }
    }

    package init?(name: String) {
        guard let allowance = Allowance.allCases.first(where: { $0.name == name }) else { return nil }
        self = allowance
    }

    /// The least role that it includes.
    package var leastRole: Role {
        switch self {
        case .members: .member
        case .administrators: .administrator
        }
    }

    package func includes(_ role: Role) -> Bool { role >= self.leastRole }
}

/// What an invite link gives.
package enum Joining: UInt8, Sendable, CaseIterable {
    /// Membership.
    case link = 0
    /// The right to ask: administrators decide.
    case approval = 1
    /// Nothing.
    case closed = 2

    package var name: String {
        switch self {
        case .link: "link"
        case .approval: "approval"
        case .closed: "closed"
        }
    }

    package init?(name: String) {
        guard let joining = Joining.allCases.first(where: { $0.name == name }) else { return nil }
        self = joining
    }
}

/// What the members of a group may do (R4, B1, B3). A direct conversation has the same, at their defaults.
package struct GroupRules: Sendable, Equatable {
    package var send: Allowance = .members
    package var invite: Allowance = .administrators
    package var mentionAll: Allowance = .administrators
    package var joining: Joining = .link
    /// The least time between two messages of one member, in milliseconds; 0 for none. Administrators are free of it.
    package var slowMilliseconds: Int64 = 0
    /// How long a sender may take a message back, in milliseconds; 0 for never. Administrators may at any time.
    package var recallMilliseconds: Int64 = 120_000
    /// Whether senders learn who has read (R54).
    package var receipts = true

    package init() {}
}

/// What one `change` sets; nil leaves a thing as it is.
package struct SettingsChange: Sendable, Equatable {
    package var title: String?
    package var description: String?
    package var avatar: String?
    package var memberCap: Int32?
    package var historyVisible: Bool?
    package var rules = RulesChange()

    package init() {}

    package var isEmpty: Bool { self == SettingsChange() }
}

/// What one `change` sets of the rules; nil leaves a rule as it is.
package struct RulesChange: Sendable, Equatable {
    package var send: Allowance?
    package var invite: Allowance?
    package var mentionAll: Allowance?
    package var joining: Joining?
    package var slowMilliseconds: Int64?
    package var recallMilliseconds: Int64?
    package var receipts: Bool?

    package init() {}

    /// These rules with what is set here.
    package func applied(to rules: GroupRules) -> GroupRules {
        var new = rules
        if let send { new.send = send }
        if let invite { new.invite = invite }
        if let mentionAll { new.mentionAll = mentionAll }
        if let joining { new.joining = joining }
        if let slowMilliseconds { new.slowMilliseconds = slowMilliseconds }
        if let recallMilliseconds { new.recallMilliseconds = recallMilliseconds }
        if let receipts { new.receipts = receipts }
        return new
    }
}

extension ConversationHead {
    /// The head with what a change sets.
    package mutating func apply(_ change: SettingsChange) {
        if let title = change.title { self.title = title }
        if let description = change.description { self.description = description }
        if let avatar = change.avatar { self.avatar = avatar }
        if let memberCap = change.memberCap { self.memberCap = memberCap }
        if let historyVisible = change.historyVisible { self.historyVisible = historyVisible }
        self.rules = change.rules.applied(to: self.rules)
    }
}
