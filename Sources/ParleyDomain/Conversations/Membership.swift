/// What a member may do. The order is the order of power.
package enum Role: UInt8, Sendable, Comparable, CaseIterable {
    case member = 1
    case administrator = 2
    case owner = 3

    package static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }

    /// The name of the role on the wire and in documents.
    package var name: String {
        switch self {
        case .member: "member"
        case .administrator: "administrator"
        case .owner: "owner"
        }
    }

    package init?(name: String) {
        guard let role = Role.allCases.first(where: { $0.name == name }) else { return nil }
        self = role
    }
}

/// Direct conversations have two members and no roles; groups have an owner and a cap.
package enum ConversationKind: UInt8, Sendable, CaseIterable {
    case direct = 1
    case group = 2

    package var name: String {
        switch self {
        case .direct: "direct"
        case .group: "group"
        }
    }

    package init?(name: String) {
        guard let kind = ConversationKind.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}

/// How a user stands to a conversation. Invited and banned are memberships too, of another kind.
package enum MemberState: UInt8, Sendable, CaseIterable {
    /// Was a member, or was asked and nothing came of it.
    case left = 0
    case active = 1
    /// May not come in by any way.
    case banned = 2
    /// May come in by `join`.
    case invited = 3
    /// Asked to come in; administrators decide.
    case requested = 4

    /// The name of the state on the wire and in documents.
    package var name: String {
        switch self {
        case .left: "left"
        case .active: "active"
        case .banned: "banned"
        case .invited: "invited"
        case .requested: "requested"
        }
    }

    package init?(name: String) {
        guard let state = MemberState.allCases.first(where: { $0.name == name }) else { return nil }
        self = state
    }
}

/// What of a conversation counts for a member's badge and wakes his phone.
package enum NotifyLevel: UInt8, Sendable, CaseIterable {
    case all = 0
    case mentions = 1
    case none = 2

    package var name: String {
        switch self {
        case .all: "all"
        case .mentions: "mentions"
        case .none: "none"
        }
    }

    package init?(name: String) {
        guard let level = NotifyLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}

/// A run of sequences that a member may see: from his joining entry up to and including the one that ended it.
package struct Interval: Sendable, Equatable {
    /// The first sequence inside.
    package var from: Int64
    /// The last sequence inside; nil while the membership lasts.
    package var to: Int64?

    package init(from: Int64, to: Int64? = nil) {
        self.from = from
        self.to = to
    }

    package func contains(_ sequence: Int64) -> Bool { sequence >= self.from && sequence <= self.to ?? .max }
}

/// One user's place in one conversation, as the store has it.
package struct Membership: Sendable, Equatable {
    package var conversation: ConversationID
    package var user: UserID
    /// The per-conversation number of this user, from 1, never another's (R6: mapid). 0 for who never was a member.
    package var slot: Int32
    package var role: Role
    /// After leaving or removal the row stays (R5).
    package var state: MemberState
    /// The first sequence that this member may see in the present interval.
    package var visibleFrom: Int64
    /// Everything up to here is read. Never moves back.
    package var read: Int64
    /// Everything up to here has reached a device of his. Never moves back.
    package var delivered: Int64
    /// He may not write before this time, in milliseconds since 1970; 0 for a member who may.
    package var mutedUntil: Int64
    package var notify: NotifyLevel
    /// In a direct conversation: one of the two has blocked the other.
    package var blocked: Bool

    /// When his newest message was accepted, in milliseconds since 1970, where the conversation's slow mode is on; else 0.
    package var lastSent: Int64

    package var active: Bool { self.state == .active }

    package init(
        conversation: ConversationID, user: UserID, slot: Int32, role: Role, state: MemberState = .active, visibleFrom: Int64 = 1,
        read: Int64 = 0, delivered: Int64 = 0, mutedUntil: Int64 = 0, notify: NotifyLevel = .all, blocked: Bool = false,
        lastSent: Int64 = 0
    ) {
        self.conversation = conversation
        self.user = user
        self.slot = slot
        self.role = role
        self.state = state
        self.visibleFrom = visibleFrom
        self.read = read
        self.delivered = delivered
        self.mutedUntil = mutedUntil
        self.notify = notify
        self.blocked = blocked
        self.lastSent = lastSent
    }
}

/// The one row per conversation that says where its log stands and what its rules are.
package struct ConversationHead: Sendable, Equatable {
    package var conversation: ConversationID
    package var kind: ConversationKind
    package var title: String
    package var description: String
    package var avatar: String
    package var rules: GroupRules
    /// Whether the owner ended the group: it can be read, and left.
    package var dissolved: Bool
    /// Up to this sequence receipts are frozen: counts are kept, lists are not (R52).
    package var frozenTo: Int64
    /// The newest sequence.
    package var sequence: Int64
    /// Messages so far: the newest entry's message ordinal.
    package var messages: Int64
    /// The newest entry that changed membership or rules.
    package var controlSequence: Int64
    package var memberCount: Int32
    package var memberCap: Int32
    /// The largest slot handed out (R6: maxid).
    package var lastSlot: Int32
    /// Whether who joins sees what was said before (R8).
    package var historyVisible: Bool
    /// When the newest entry was accepted, in milliseconds since 1970.
    package var time: Int64
    /// The stamp of the newest change to this conversation.
    package var stamp: Int64

    package init(
        conversation: ConversationID, kind: ConversationKind, title: String, sequence: Int64 = 0, messages: Int64 = 0,
        controlSequence: Int64 = 0, memberCount: Int32 = 0, memberCap: Int32 = Int32(Limits.membersPerGroup), lastSlot: Int32 = 0,
        historyVisible: Bool = true, time: Int64 = 0, stamp: Int64 = 0, description: String = "", avatar: String = "",
        rules: GroupRules = GroupRules(), dissolved: Bool = false, frozenTo: Int64 = 0
    ) {
        self.conversation = conversation
        self.kind = kind
        self.title = title
        self.sequence = sequence
        self.messages = messages
        self.controlSequence = controlSequence
        self.memberCount = memberCount
        self.memberCap = memberCap
        self.lastSlot = lastSlot
        self.historyVisible = historyVisible
        self.time = time
        self.stamp = stamp
        self.description = description
        self.avatar = avatar
        self.rules = rules
        self.dissolved = dissolved
        self.frozenTo = frozenTo
    }
}
