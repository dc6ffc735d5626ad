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
        h.history_visible, h.time, h.stamp
        """
    static let headWidth: Int32 = 12

    static func head(_ row: Statement, at first: Int32) throws(SQLiteError) -> ConversationHead {
        let head = ConversationHead(
            conversation: ConversationID(trusted: row.text(first)), kind: try self.kind(row.int64(first + 1)),
            title: row.text(first + 2),
            sequence: row.int64(first + 3), messages: row.int64(first + 4), controlSequence: row.int64(first + 5),
            memberCount: row.int32(first + 6), memberCap: row.int32(first + 7), lastSlot: row.int32(first + 8),
            historyVisible: row.int64(first + 9) != 0, time: row.int64(first + 10), stamp: row.int64(first + 11))
        guard self.counts.contains(head.sequence), self.counts.contains(head.messages),
            self.counts.contains(head.controlSequence),
            self.members.contains(head.memberCount), self.members.contains(head.lastSlot)
        else { throw .corrupt("the head of conversation \(head.conversation) is out of range") }
        return head
    }

    private static func kind(_ value: Int64) throws(SQLiteError) -> ConversationKind {
        guard let raw = UInt8(exactly: value), let kind = ConversationKind(rawValue: raw) else {
            throw .corrupt("a conversation of unknown kind \(value)")
        }
        return kind
    }

    // MARK: Members

    /// Of `members m` with `users u`.
    static let memberColumns = "u.id, m.slot, m.role, m.active, m.visible_from, m.read, m.delivered, m.ended_at, m.stamp"
    static let memberWidth: Int32 = 9

    static func member(_ row: Statement, at first: Int32, in conversation: ConversationID) throws(SQLiteError) -> StoredMember {
        guard let raw = UInt8(exactly: row.int64(first + 2)), let role = Role(rawValue: raw) else {
            throw .corrupt("a member of unknown role in conversation \(conversation)")
        }
        let membership = Membership(
            conversation: conversation, user: UserID(trusted: row.text(first)), slot: row.int32(first + 1), role: role,
            active: row.int64(first + 3) != 0, visibleFrom: row.int64(first + 4), read: row.int64(first + 5),
            delivered: row.int64(first + 6))
        let member = StoredMember(membership: membership, endedAt: row.int64(first + 7), stamp: row.int64(first + 8))
        guard self.counts.contains(membership.visibleFrom), self.counts.contains(membership.read),
            self.counts.contains(membership.delivered), self.counts.contains(member.endedAt)
        else { throw .corrupt("the member row of \(membership.user) in conversation \(conversation) is out of range") }
        return member
    }

    // MARK: Entries

    /// Of `entries e` with `users s` (left join: an entry must never vanish for want of its sender).
    static let entryColumns = """
        e.sequence, e.id, e.format, e.kind, s.id, e.client_id, e.time, e.message_ordinal, e.sender_ordinal, e.relates_to, e.crc, \
        e.content
        """

    /// The entry of the row, its sum checked: a flipped bit is an error and never served (R96).
    static func entry(_ row: Statement, in conversation: ConversationID) throws(SQLiteError) -> Entry {
        let sequence = row.int64(0)
        guard row.int64(2) == Int64(Entry.formatVersion), let raw = UInt8(exactly: row.int64(3)),
            let kind = EntryKind(rawValue: raw)
        else { throw .corrupt("entry \(sequence) of conversation \(conversation) has an unknown format or kind") }
        let entry = Entry(
            conversation: conversation, sequence: sequence, id: row.int64(1), stamp: row.int64(1), kind: kind,
            sender: UserID(trusted: row.text(4)), clientID: ClientID(trusted: row.text(5)), time: row.int64(6),
            messageOrdinal: row.int64(7), senderOrdinal: row.int64(8), relatesTo: row.int64(9), content: row.bytes(11))
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
