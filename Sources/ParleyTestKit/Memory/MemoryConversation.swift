import ParleyDomain

/// One user's place in one conversation, with what no port shows.
struct MemoryMember: Sendable {
    var row: Membership
    var intervals: [Interval] = []
    /// Where his receipts were off (R54).
    var exclusions: [Interval] = []
    /// The newest change of any kind.
    var stamp: Int64 = 0
    /// The newest change that the list of members tells: no position, no setting of his own. No two members have the same one, so
    /// that a list can be cut anywhere.
    var changed: Int64 = 0
    var data: [UInt8]?

    func sees(_ sequence: Int64) -> Bool {
        (self.row.active && sequence >= self.row.visibleFrom)
            || self.intervals.contains { $0.to != nil && $0.contains(sequence) }
    }

    /// A former member's positions end where his membership ended.
    var lastSequence: Int64 { self.row.active ? .max : self.intervals.last?.to ?? 0 }
}

/// What was asked for: tells a repeat from a conflict.
struct MemoryRequest: Sendable, Equatable {
    var kind: EntryKind
    var relatesTo: Int64
    var thread: Int64
    var change: Change?
    /// The message or edit as it came, unless `asked` says it.
    var content: [UInt8]
    var asked: [UInt8]

    init(_ draft: Draft) {
        self.kind = draft.kind
        self.relatesTo = draft.relatesTo
        self.thread = draft.thread
        self.change = draft.change
        self.content = draft.asked.isEmpty ? draft.content : []
        self.asked = draft.asked
    }
}

struct MemoryLink: Sendable {
    var link: NewLink
    var user: UserID
    var used: Int64 = 0
    var revoked = false

    func lasts(at now: Int64) -> Bool {
        !self.revoked && (self.link.expires == 0 || now < self.link.expires)
            && (self.link.uses == 0 || self.used < self.link.uses)
    }
}

struct MemoryReaction: Sendable {
    var target: Int64
    var emoji: String
    var user: UserID
    /// The entry that set it.
    var sequence: Int64
}

struct MemoryPin: Sendable {
    var target: Int64
    /// The entry that set it.
    var sequence: Int64
}

/// A message that mentions a user, or everybody (nil).
struct MemoryMention: Sendable {
    var sequence: Int64
    var user: UserID?
}

/// One log with all that belongs to it. What a message came to is worked out from the log when it is asked for.
struct MemoryConversation: Sendable {
    struct Key: Hashable, Sendable {
        var sender: UserID
        var clientID: ClientID
    }

    var head: ConversationHead
    var entries: [Entry] = []
    var members: [UserID: MemoryMember] = [:]
    /// By place in `entries`.
    var requests: [MemoryRequest] = []
    /// Places in `entries`.
    var stored: [Key: Int] = [:]
    /// In the order of their making.
    var links: [MemoryLink] = []
    var reactions: [MemoryReaction] = []
    /// By message: the emoji that somebody uses, in the order of their first use.
    var emoji: [Int64: [String]] = [:]
    /// Pinned messages, newest pin last.
    var pins: [MemoryPin] = []
    var mentions: [MemoryMention] = []
    /// By message: the sequence of the recall.
    var recalls: [Int64: Int64] = [:]
    var frozen: [Int64: ReceiptCounts] = [:]
    var reports: [Report] = []

    func entry(_ sequence: Int64) -> Entry? {
        let place = Int(clamping: max(1, sequence)) - 1
        if self.entries.indices.contains(place), self.entries[place].sequence == sequence { return self.entries[place] }
        return self.entries.last { $0.sequence == sequence }
    }

    func message(_ sequence: Int64) -> Entry? { self.entry(sequence).flatMap { $0.kind == .message ? $0 : nil } }

    func messages(of user: UserID) -> [Entry] { self.entries.filter { $0.kind == .message && $0.sender == user } }

    /// The edits of a message that the member may see.
    func edits(of message: Int64, for member: MemoryMember) -> [Entry] {
        self.entries.filter { $0.kind == .edit && $0.relatesTo == message && member.sees($0.sequence) }
    }

    /// Who uses this emoji, of those whom the member could see set it.
    func users(of emoji: String, on message: Int64, for member: MemoryMember) -> [UserID] {
        self.reactions.filter { $0.target == message && $0.emoji == emoji && member.sees($0.sequence) }.map(\.user)
    }

    func active(_ user: UserID) -> MemoryMember? { self.members[user].flatMap { $0.row.active ? $0 : nil } }

    /// A link ends with its maker's right to make one.
    func isUsable(_ link: MemoryLink, at now: Int64) -> Bool {
        guard let maker = self.active(link.user), self.head.rules.invite.includes(maker.row.role) else { return false }
        return link.lasts(at: now)
    }

    // MARK: How entries show

    /// What later entries that the member may see did to a message; a recall in any case.
    func state(of message: Int64, for member: MemoryMember) -> MessageState {
        var state = MessageState()
        let replies = self.entries.count { $0.kind == .message && $0.thread == message && member.sees($0.sequence) }
        state.replies = Int64(min(Limits.repliesShown, replies))
        if let recall = self.recalls[message] {
            state.recalled = recall
            return state
        }
        state.edited = self.edits(of: message, for: member).last?.sequence ?? 0
        state.pinned = self.pins.contains { $0.target == message && member.sees($0.sequence) }
        state.reactions = (self.emoji[message] ?? []).compactMap { emoji in
            let users = self.users(of: emoji, on: message, for: member)
            guard !users.isEmpty else { return nil }
            return ReactionCount(emoji: emoji, count: Int64(users.count), mine: users.contains(member.row.user))
        }
        return state
    }

    /// The entry as this member is shown it: the newest content, or none where he may not have it.
    func shown(_ entry: Entry, to member: MemoryMember) -> Entry {
        var shown = entry
        if entry.kind == .message {
            if self.recalls[entry.sequence] != nil {
                shown.content = []
            } else if let edit = self.edits(of: entry.sequence, for: member).last {
                shown.content = edit.content
            }
        }
        if entry.kind.hasTarget {
            // That a message was recalled is nothing to hide from who may see it; what else was done to it is.
            if entry.kind != .recall, self.recalls[entry.relatesTo] != nil { shown.content = [] }
            if !member.sees(entry.relatesTo) { shown.content = [] }
        }
        return shown
    }

    /// A page of these entries, as far as the member may see them.
    func page(_ wanted: some Sequence<Entry>, limit: Int, to member: MemoryMember) -> Page {
        var page = Page(entries: [], head: self.head.sequence, more: false)
        var bytes = 0
        for entry in wanted where member.sees(entry.sequence) {
            guard page.entries.count < min(limit, Limits.pageEntriesMax), bytes < Limits.pageBytes else {
                page.more = true
                break
            }
            let shown = self.shown(entry, to: member)
            page.entries.append(shown)
            bytes += shown.content.count
            guard entry.kind == .message else { continue }
            let state = self.state(of: entry.sequence, for: member)
            if state != MessageState() { page.states[entry.sequence] = state }
        }
        return page
    }

    // MARK: What counts

    /// Messages of others after the read position that were not taken back.
    func unread(_ member: MemoryMember) -> [Entry] {
        self.entries.filter {
            $0.kind == .message && $0.sender != member.row.user && $0.sequence > member.row.read
                && self.recalls[$0.sequence] == nil
        }
    }

    /// Whether the message mentions the user, by name or with everybody. Nobody mentions himself.
    func mentions(_ user: UserID, in message: Entry) -> Bool {
        message.sender != user
            && self.mentions.contains { $0.sequence == message.sequence && ($0.user == user || $0.user == nil) }
    }

    /// What counts for the member's badge by his level.
    func badge(_ member: MemoryMember) -> Int {
        let unread = self.unread(member)
        return switch member.row.notify {
        case .all: unread.count
        case .mentions: unread.count { self.mentions(member.row.user, in: $0) }
        case .none: 0
        }
    }
}
