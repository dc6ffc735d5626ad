import ParleyDomain

extension Check {
    /// Member rows against the head, and each one's intervals against his row.
    mutating func checkMembers(of head: ConversationHead, key: Int64) throws(SQLiteError) {
        let query = try self.snapshot.statement(
            """
            SELECT \(Row.memberColumns), m.user FROM members m LEFT JOIN users u ON u.key = m.user
            WHERE m.conversation = ?1 ORDER BY m.slot
            """)
        defer { query.reset() }
        query.bind(1, key)
        var active: Int32 = 0
        var slot: Int32 = 0
        while try query.step() {
            let member = try Row.member(query, at: 0, in: head.conversation)
            let place = "member \(member.membership.user) of conversation \(head.conversation)"
            if member.membership.active { active += 1 }
            // Who never was a member has no slot, no interval and no position.
            if member.membership.slot == 0 {
                if member.endedAt != 0 || member.membership.read != 0 { self.report.note("\(place) has a past and no slot") }
                continue
            }
            if member.membership.slot != slot + 1 {
                self.report.note("\(place) has slot \(member.membership.slot) after \(slot)")
            }
            slot = min(max(slot, member.membership.slot), .max - 1)
            if max(member.membership.read, member.membership.delivered, member.membership.visibleFrom) > head.sequence {
                self.report.note("\(place) has a position beyond the head")
            }
            try self.checkIntervals(of: member, user: query.int64(Row.memberWidth), in: key, head: head, place)
        }
        if active != head.memberCount {
            self.report.note(
                "the head of conversation \(head.conversation) counts \(head.memberCount) members, there are \(active)")
        }
        if slot != head.lastSlot {
            self.report.note(
                "the head of conversation \(head.conversation) has last slot \(head.lastSlot), the members say \(slot)")
        }
    }

    private mutating func checkIntervals(
        of member: StoredMember, user: Int64, in conversation: Int64, head: ConversationHead, _ place: String
    ) throws(SQLiteError) {
        let query = try self.snapshot.statement(
            """
            SELECT from_sequence, to_sequence FROM intervals WHERE conversation = ?1 AND user = ?2 ORDER BY from_sequence
            """)
        defer { query.reset() }
        query.bind(1, conversation)
        query.bind(2, user)
        var last: (from: Int64, to: Int64)?
        while try query.step() {
            let (from, to) = (query.int64(0), query.int64(1))
            if let last, last.to == 0 || from <= last.to { self.report.note("\(place) has intervals that overlap") }
            if from < 1 || from > head.sequence || to > head.sequence || (to != 0 && to < from) {
                self.report.note("\(place) has the interval \(from)...\(to), the head is at \(head.sequence)")
            }
            last = (from, to)
        }
        guard let last else { return self.report.note("\(place) has no interval") }
        if member.membership.active != (last.to == 0) || member.endedAt != last.to {
            self.report.note("\(place) is \(member.membership.active ? "" : "not ")active, his last interval says otherwise")
        }
    }
}
