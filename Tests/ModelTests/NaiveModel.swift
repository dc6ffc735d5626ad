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
    enum Kind { case created, message, joined, left, removed, edit, recall, reaction, pin, other }

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
        /// What a message or an edit says; of a reaction, its emoji.
        var text = ""
        /// Of an entry about another one: that one's sequence, and whether it sets or takes away.
        var target = 0
        var on = false
        /// The readers who are counted, by user: fixed when the entry is written.
        var rows: [Int: Row] = [:]
        /// The largest slot handed out when it was written, by itself included.
        var lastSlot = 0
    }

    struct Member {
        let slot: Int
        var isIn = true
        var visibleFrom: Int
        /// The entry that began the membership, and where those before it began and ended.
        var since = 1
        var past: [ClosedRange<Int>] = []
        /// The entry that ended the newest membership.
        var endedAt = 0
        var devices: [Int: (read: Int, delivered: Int)] = [:]
        /// What lies behind him without a device having said so: what is before his visible start.
        var raisedTo = 0

        var read: Int { max(self.raisedTo, self.devices.values.map(\.read).max() ?? 0) }
        var delivered: Int { max(self.read, self.devices.values.map(\.delivered).max() ?? 0) }
    }

    private(set) var historyVisible: Bool
    private(set) var entries: [Entry] = []
    private(set) var members: [Int: Member] = [:]
    /// Users with receipts off. The setting is the user's: it stays when he leaves.
    private(set) var optedOut: Set<Int> = []
    private(set) var lastSlot = 0
    /// Who cannot be added.
    private(set) var banned: Set<Int> = []

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
            member.since = self.head + 1
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
        if let since = self.members[user]?.since { self.members[user]?.past.append(since...ended) }
    }

    /// Keeps somebody out, a member or not; or lets him be added again.
    mutating func ban(_ user: Int, by actor: Int, on: Bool, at time: Int = 0) {
        if on, self.members[user]?.isIn == true {
            self.end(user, by: actor, at: time)
        } else {
            self.write(Entry(sequence: self.head + 1, kind: .other, sender: actor, time: time))
        }
        if on { self.banned.insert(user) } else { self.banned.remove(user) }
    }

    /// Whether those who come from now on see what was before.
    mutating func setHistoryVisible(_ on: Bool, by user: Int, at time: Int = 0) {
        self.write(Entry(sequence: self.head + 1, kind: .other, sender: user, time: time))
        self.historyVisible = on
    }

    mutating func send(by user: Int, mentions: Set<Int> = [], all: Bool = false, text: String = "", at time: Int = 0) {
        self.write(
            Entry(
                sequence: self.head + 1, kind: .message, sender: user, time: time, mentions: mentions, mentionsAll: all,
                text: text
            ))
    }

    /// An edit, a recall, a reaction or a pin: an entry about another.
    mutating func relate(
        _ kind: Kind, to sequence: Int, by user: Int, text: String = "", on: Bool = false, at time: Int = 0
    ) {
        self.write(
            Entry(sequence: self.head + 1, kind: kind, sender: user, time: time, text: text, target: sequence, on: on))
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

    /// When something was last said that the user may see: what his list of conversations is ordered by (R35). The creation until
    /// there is a message.
    func spokenAt(for user: Int) -> Int {
        self.entries.filter { $0.kind == .message && self.sees($0.sequence, user) }.map(\.time).max()
            ?? self.entries.first?.time ?? 0
    }

    // MARK: What is shown

    /// Whether the user may see an entry: he is a member, and it lies after his visible start, or inside an earlier membership.
    func sees(_ sequence: Int, _ user: Int) -> Bool {
        guard let member = self.members[user], member.isIn, sequence >= 1, sequence <= self.head else { return false }
        return sequence >= member.visibleFrom || member.past.contains { $0.contains(sequence) }
    }

    /// A message as the user is shown it.
    struct Shown: Equatable {
        var text: String?
        var edited = 0
        var isRecalled = false
        var isPinned = false
        /// By emoji: who uses it.
        var reactions: [String: Set<Int>] = [:]
    }

    func shown(_ message: Entry, to user: Int) -> Shown {
        if message.isRecalled { return Shown(isRecalled: true) }
        let about = self.entries.filter { $0.target == message.sequence }
        let edit = about.last { $0.kind == .edit && self.sees($0.sequence, user) }
        var shown = Shown(text: edit?.text ?? message.text, edited: edit?.sequence ?? 0)
        // What was set while he was away is not shown, and what was taken away then is gone.
        if let pin = about.last(where: { $0.kind == .pin }) { shown.isPinned = pin.on && self.sees(pin.sequence, user) }
        for other in self.members.keys {
            for emoji in Set(about.filter { $0.kind == .reaction && $0.sender == other }.map(\.text)) {
                let last = about.last { $0.kind == .reaction && $0.sender == other && $0.text == emoji }
                if let last, last.on, self.sees(last.sequence, user) { shown.reactions[emoji, default: []].insert(other) }
            }
        }
        return shown
    }

    /// Whether a reaction or a pin is as it is wished already.
    func isSo(_ kind: Kind, of sequence: Int, by user: Int, text: String, on: Bool) -> Bool {
        let last = self.entries.last {
            $0.kind == kind && $0.target == sequence && (kind == .pin || $0.sender == user && $0.text == text)
        }
        return (last?.on ?? false) == on
    }
}

/// Several groups: what one user sees in his list.
struct NaiveWorld {
    var groups: [NaiveGroup] = []

    /// The groups that he is in (their places in `groups`), the one spoken in last first; the earlier place first where times
    /// are the same.
    func list(of user: Int) -> [Int] {
        self.groups.indices.filter { self.groups[$0].members[user]?.isIn == true }.sorted { left, right in
            let (leftTime, rightTime) = (self.groups[left].spokenAt(for: user), self.groups[right].spokenAt(for: user))
            return leftTime == rightTime ? left < right : leftTime > rightTime
        }
    }
}
