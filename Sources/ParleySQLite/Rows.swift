import ParleyDomain

/// Rows as values: one list of columns and one reading function per kind, used by writer, readers and check alike.
enum Row {
    /// Sequences, ordinals and counts that can be: what is outside was not written by us.
    static let counts: ClosedRange<Int64> = 0...(1 << 53)

    /// Members and slots that can be; far enough from the end of the type that adding to one never overflows.
    private static let members: ClosedRange<Int32> = 0...(1 << 30)

    // MARK: Heads

    /// Of `conversations h`.
    static let headColumns = """
        h.id, h.kind, h.title, h.sequence, h.messages, h.control_sequence, h.member_count, h.member_cap, h.last_slot, \
        h.history_visible, h.time, h.stamp, h.description, h.avatar, h.rule_send, h.rule_invite, h.rule_mention_all, h.rule_joining, \
        h.rule_slow, h.rule_recall, h.rule_receipts, h.dissolved, h.frozen_to
        """
    static let headWidth: Int32 = 23

    static func head(_ row: Statement, at first: Int32) throws(SQLiteError) -> ConversationHead {
        let head = ConversationHead(
            conversation: ConversationID(trusted: row.text(first)), kind: try self.kind(row.int64(first + 1)),
            title: row.text(first + 2),
            sequence: row.int64(first + 3), messages: row.int64(first + 4), controlSequence: row.int64(first + 5),
            memberCount: row.int32(first + 6), memberCap: row.int32(first + 7), lastSlot: row.int32(first + 8),
            historyVisible: row.int64(first + 9) != 0, time: row.int64(first + 10), stamp: row.int64(first + 11),
            description: row.text(first + 12), avatar: row.text(first + 13), rules: try self.rules(row, at: first + 14),
            dissolved: row.int64(first + 21) != 0, frozenTo: row.int64(first + 22))
        guard self.counts.contains(head.sequence), self.counts.contains(head.messages),
            self.counts.contains(head.controlSequence), self.counts.contains(head.frozenTo),
            self.members.contains(head.memberCount), self.members.contains(head.lastSlot)
        else { throw .corrupt("the head of conversation \(head.conversation) is out of range") }
        return head
    }

    private static func rules(_ row: Statement, at first: Int32) throws(SQLiteError) -> GroupRules {
        guard let send = Allowance(rawValue: row.uint8(first)), let invite = Allowance(rawValue: row.uint8(first + 1)),
            let mention = Allowance(rawValue: row.uint8(first + 2)), let joining = Joining(rawValue: row.uint8(first + 3)),
            (0...Limits.slowMilliseconds).contains(row.int64(first + 4)),
            (0...Limits.recallMilliseconds).contains(row.int64(first + 5))
        else { throw .corrupt("the rules of a conversation are out of range") }
        var rules = GroupRules()
        rules.send = send
        rules.invite = invite
        rules.mentionAll = mention
        rules.joining = joining
        rules.slowMilliseconds = row.int64(first + 4)
        rules.recallMilliseconds = row.int64(first + 5)
        rules.receipts = row.int64(first + 6) != 0
        return rules
    }

    private static func kind(_ value: Int64) throws(SQLiteError) -> ConversationKind {
        guard let raw = UInt8(exactly: value), let kind = ConversationKind(rawValue: raw) else {
            throw .corrupt("a conversation of unknown kind \(value)")
        }
        return kind
    }

    // MARK: Members

    /// Of `members m` with `users u`.
    static let memberColumns = """
        u.id, m.slot, m.role, m.state, m.visible_from, m.read, m.delivered, m.ended_at, m.stamp, m.muted_until, m.notify
        """
    static let memberWidth: Int32 = 11

    static func member(_ row: Statement, at first: Int32, in conversation: ConversationID) throws(SQLiteError) -> StoredMember {
        guard let role = Role(rawValue: row.uint8(first + 2)), let state = MemberState(rawValue: row.uint8(first + 3)),
            let notify = NotifyLevel(rawValue: row.uint8(first + 10))
        else {
            throw .corrupt("a member of unknown role, state or level in conversation \(conversation)")
        }
        let membership = Membership(
            conversation: conversation, user: UserID(trusted: row.text(first)), slot: row.int32(first + 1), role: role,
            state: state, visibleFrom: row.int64(first + 4), read: row.int64(first + 5), delivered: row.int64(first + 6),
            mutedUntil: row.int64(first + 9), notify: notify)
        let member = StoredMember(membership: membership, endedAt: row.int64(first + 7), stamp: row.int64(first + 8))
        guard self.counts.contains(membership.visibleFrom), self.counts.contains(membership.read),
            self.counts.contains(membership.delivered), self.counts.contains(member.endedAt), membership.slot >= 0,
            membership.slot > 0 || !membership.active
        else { throw .corrupt("the member row of \(membership.user) in conversation \(conversation) is out of range") }
        return member
    }

    /// Of `members m` with `conversations h`: whether one of the two of a direct conversation has blocked the other.
    /// A `CASE`, since SQLite works out both sides of an `AND` that is a column: in a group that would be all its members.
    static let blockedColumn = """
        CASE h.kind WHEN 1 THEN EXISTS (
            SELECT 1 FROM members p WHERE p.conversation = m.conversation AND p.user <> m.user
                AND (EXISTS (SELECT 1 FROM blocks b WHERE b.user = p.user AND b.blocked = m.user)
                    OR EXISTS (SELECT 1 FROM blocks b WHERE b.user = m.user AND b.blocked = p.user))) ELSE 0 END
        """

    /// Of the same: when the member's newest message was accepted, where slow mode is on.
    static let lastSentColumn = """
        CASE WHEN h.rule_slow > 0 THEN coalesce((
            SELECT e.time FROM entries e WHERE e.conversation = m.conversation AND e.sender = m.user AND e.kind = 1
            ORDER BY e.sequence DESC LIMIT 1), 0) ELSE 0 END
        """

    // MARK: Entries

    /// Of `entries e` with `users s` (left join: an entry must never vanish for want of its sender).
    static let entryColumns = """
        e.sequence, e.id, e.format, e.kind, s.id, e.client_id, e.time, e.message_ordinal, e.sender_ordinal, e.relates_to, e.crc, \
        e.content, e.thread
        """
    static let entryWidth: Int32 = 13

    /// The entry of the row, its sum checked: a flipped bit is an error and never served (R96).
    static func entry(_ row: Statement, in conversation: ConversationID) throws(SQLiteError) -> Entry {
        let sequence = row.int64(0)
        guard row.int64(2) == Int64(Entry.formatVersion), let kind = EntryKind(rawValue: row.uint8(3)) else {
            throw .corrupt("entry \(sequence) of conversation \(conversation) has an unknown format or kind")
        }
        let entry = Entry(
            conversation: conversation, sequence: sequence, id: row.int64(1), stamp: row.int64(1), kind: kind,
            sender: UserID(trusted: row.text(4)), clientID: ClientID(trusted: row.text(5)), time: row.int64(6),
            messageOrdinal: row.int64(7), senderOrdinal: row.int64(8), relatesTo: row.int64(9), thread: row.int64(12),
            content: row.bytes(11))
        guard Int64(entry.checksum) == row.int64(10) else {
            throw .corrupt("entry \(sequence) of conversation \(conversation) does not match its check sum")
        }
        return entry
    }
}

/// A member row with the columns that no port shows.
struct StoredMember {
    var membership: Membership
    /// The entry that ended the membership; 0 while it lasts.
    var endedAt: Int64
    /// The stamp of the newest change to this row.
    var stamp: Int64
}
