/// What the sequencer knows of one user's place in one conversation: what decisions rest on, and nothing else.
package struct Place: Sendable, Equatable {
    package var role: Role
    package var state: MemberState
    package var slot: Int32
    package var visibleFrom: Int64
    package var mutedUntil: Int64
    package var blocked: Bool
    /// When this member's newest message was accepted, where slow mode is on or this process saw it: what slow mode rests on.
    package var lastSent: Int64

    package init(_ membership: Membership) {
        self.role = membership.role
        self.state = membership.state
        self.slot = membership.slot
        self.visibleFrom = membership.visibleFrom
        self.mutedUntil = membership.mutedUntil
        self.blocked = membership.blocked
        self.lastSent = membership.lastSent
    }

    package var isActive: Bool { self.state == .active }
}
