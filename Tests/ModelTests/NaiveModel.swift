/// What receipts, unread counts and the list of conversations mean, in the most literal way: one row per message and reader.
///
/// This is the law that the real thing is compared with. It is slow on purpose and shares no code and no idea with it:
/// whoever reads a message gets a mark in that message's row, and every answer is found by looking at all rows.
///
/// - A member is counted for message N if he was in when N was written (his joining entry and the entry that ended his
///   membership are inside), did not send it, and had receipts on then (R45).
/// - Read(N): he is counted and his read position has reached N. What is read is delivered.
/// - Positions are the largest of what his devices said, never beyond the head, and end where his membership ended.
/// - Who joins or returns has everything before his visible start behind him.
struct NaiveGroup {
    enum Kind { case created, message, joined, left, removed, edit, recall, reaction }

    /// One reader of one message.
    struct Row {
        var read = false
        var delivered = false
    }

    struct Entry {
        let sequence: Int
        let kind: Kind
        let sender: Int
        let time: Int
        var mentions: Set<Int> = []
        var mentionsAll = false
        var isRecalled = false
        /// The readers who are counted, by user: fixed when the entry is written.
        var rows: [Int: Row] = [:]
        /// The largest slot handed out when it was written, by itself included.
        var lastSlot = 0
    }

    struct Member {
        let slot: Int
        var isIn = true
        var visibleFrom: Int
        /// The entry that ended the newest membership.
        var endedAt = 0
        var devices: [Int: (read: Int, delivered: Int)] = [:]
        /// What lies behind him without a device having said so: what is before his visible start.
        var raisedTo = 0

        var read: Int { max(self.raisedTo, self.devices.values.map(\.read).max() ?? 0) }
        var delivered: Int { max(self.read, self.devices.values.map(\.delivered).max() ?? 0) }
    }

    let historyVisible: Bool
    private(set) var entries: [Entry] = []
    private(set) var members: [Int: Member] = [:]
    /// Users with receipts off. The setting is the user's: it stays when he leaves.
    private(set) var optedOut: Set<Int> = []
    private(set) var lastSlot = 0

    var head: Int { self.entries.count }

    init(creator: Int, others: [Int], historyVisible: Bool, at time: Int = 0) {
        self.historyVisible = historyVisible
        self.enter([creator] + others, visibleFrom: 1)
        self.write(Entry(sequence: 1, kind: .created, sender: creator, time: time))
    }

    // MARK: What happens

    private mutating func enter(_ users: [Int], visibleFrom: Int) {
        for user in users {
            if self.members[user] == nil { self.lastSlot += 1 }
            var member = self.members[user] ?? Member(slot: self.lastSlot, visibleFrom: visibleFrom)
            member.isIn = true
            member.visibleFrom = visibleFrom
            member.raisedTo = max(member.raisedTo, visibleFrom - 1)
            self.members[user] = member
            self.mark(user)
        }
    }

    private mutating func write(_ entry: Entry) {
        var entry = entry
        entry.lastSlot = self.lastSlot
        for (user, member) in self.members where member.isIn && user != entry.sender && !self.optedOut.contains(user) {
            entry.rows[user] = Row()
        }
        self.entries.append(entry)
    }

    /// Marks what this user has behind him, message by message.
    private mutating func mark(_ user: Int) {
        guard let member = self.members[user] else { return }
        for index in self.entries.indices {
            if self.entries[index].sequence <= member.read { self.entries[index].rows[user]?.read = true }
            if self.entries[index].sequence <= member.delivered { self.entries[index].rows[user]?.delivered = true }
        }
    }

    mutating func add(_ users: [Int], by user: Int, at time: Int = 0) {
        self.enter(users, visibleFrom: self.historyVisible ? 1 : self.head + 1)
        self.write(Entry(sequence: self.head + 1, kind: .joined, sender: user, time: time))
    }

    /// Ends a membership: by leaving if he does it himself, else by removal.
    mutating func end(_ user: Int, by actor: Int, at time: Int = 0) {
        self.write(Entry(sequence: self.head + 1, kind: user == actor ? .left : .removed, sender: actor, time: time))
        let ended = self.head
        self.members[user]?.isIn = false
        self.members[user]?.endedAt = ended
    }

    mutating func send(by user: Int, mentions: Set<Int> = [], all: Bool = false, at time: Int = 0) {
        self.write(
            Entry(sequence: self.head + 1, kind: .message, sender: user, time: time, mentions: mentions, mentionsAll: all))
    }

    /// An edit, a recall or a reaction: an entry about another.
    mutating func relate(_ kind: Kind, to sequence: Int, by user: Int, at time: Int = 0) {
        self.write(Entry(sequence: self.head + 1, kind: kind, sender: user, time: time))
        if kind == .recall { self.entries[sequence - 1].isRecalled = true }
    }

    mutating func setReceipts(_ on: Bool, of user: Int) {
        if on { self.optedOut.remove(user) } else { self.optedOut.insert(user) }
    }

    /// One device of a user says how far it has come.
    mutating func acknowledge(_ user: Int, device: Int, read: Int, delivered: Int) {
        guard let member = self.members[user] else { return }
        let end = member.isIn ? self.head : member.endedAt
        let before = member.devices[device] ?? (read: 0, delivered: 0)
        self.members[user]?.devices[device] = (
            read: max(before.read, min(read, end)), delivered: max(before.delivered, min(delivered, end))
        )
        self.mark(user)
    }

    // MARK: What is asked

    func counts(of sequence: Int) -> (total: Int, read: Int, unread: Int, delivered: Int) {
        let rows = self.entries[sequence - 1].rows.values
        return (rows.count, rows.count { $0.read }, rows.count { !$0.read }, rows.count { $0.delivered })
    }

    /// The slots of one list, ascending.
    func slots(of sequence: Int, where isWanted: (Row) -> Bool) -> [Int] {
        self.entries[sequence - 1].rows.filter { isWanted($0.value) }.compactMap { self.members[$0.key]?.slot }.sorted()
    }

    func slot(of user: Int) -> Int { self.members[user]?.slot ?? 0 }

    /// Others' messages after his read position that were not recalled; nil for who is not a member.
    func unread(of user: Int) -> Int? { self.unreadMessages(of: user)?.count }

    /// Those of them that mention him.
    func unreadMentions(of user: Int) -> Int? {
        self.unreadMessages(of: user)?.count { $0.mentionsAll || $0.mentions.contains(user) }
    }

    private func unreadMessages(of user: Int) -> [Entry]? {
        guard let member = self.members[user], member.isIn else { return nil }
        return self.entries.filter {
            $0.kind == .message && $0.sequence > member.read && $0.sender != user && !$0.isRecalled
        }
    }

    /// When something was last said: what the list of conversations is ordered by (R35). The creation until there is a message.
    var spokenAt: Int {
        self.entries.filter { $0.kind == .message }.map(\.time).max() ?? self.entries.first?.time ?? 0
    }
}

/// Several groups: what one user sees in his list.
struct NaiveWorld {
    var groups: [NaiveGroup] = []

    /// The groups that he is in (their places in `groups`), the one spoken in last first; the earlier place first where times
    /// are the same.
    func list(of user: Int) -> [Int] {
        self.groups.indices.filter { self.groups[$0].members[user]?.isIn == true }.sorted { left, right in
            let (leftTime, rightTime) = (self.groups[left].spokenAt, self.groups[right].spokenAt)
            return leftTime == rightTime ? left < right : leftTime > rightTime
        }
    }
}
