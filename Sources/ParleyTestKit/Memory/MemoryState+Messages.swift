import ParleyDomain

/// Messages, and what later entries do to them.
extension MemoryState {
    mutating func send(_ draft: Draft) -> AppendOutcome {
        if let unknown = draft.mentions.first(where: { self.users[$0] == nil }) { return .refused(.unknownUser(unknown)) }
        let entry = self.store(draft, draft.content)
        var named: [UserID?] = Self.once(draft.mentions)
        if draft.mentionsAll { named.append(nil) }
        for user in named {
            self.conversations[draft.conversation]?.mentions.append(MemoryMention(sequence: entry.sequence, user: user))
        }
        return .appended(entry)
    }

    mutating func relate(_ draft: Draft, _ conversation: MemoryConversation) -> AppendOutcome {
        let id = draft.conversation
        let target = draft.relatesTo
        guard conversation.message(target) != nil else { return .refused(.invalid("about what is no message")) }
        guard conversation.recalls[target] == nil else { return .refused(.recalled) }
        switch draft.change {
        case .edit:
            if let unknown = draft.mentions.first(where: { self.users[$0] == nil }) { return .refused(.unknownUser(unknown)) }
            return .appended(self.store(draft, draft.content))
        case .recall:
            let entry = self.store(draft, ControlContent.bytes(for: .recall(target: target), slots: []))
            self.conversations[id]?.recalls[target] = entry.sequence
            self.conversations[id]?.pins.removeAll { $0.target == target }
            self.conversations[id]?.mentions.removeAll { $0.sequence == target }
            return .appended(entry)
        case .react(_, let emoji, let on): return self.react(draft, emoji, on, conversation)
        case .pin(_, let on):
            let pinned = conversation.pins.contains { $0.target == target }
            if on, !pinned, conversation.pins.count >= Limits.pinsPerConversation {
                return .refused(.tooMany("at most \(Limits.pinsPerConversation) pinned messages"))
            }
            guard on != pinned else { return .unchanged }
            let entry = self.store(draft, ControlContent.bytes(for: .pin(target: target, on: on), slots: []))
            if on { self.conversations[id]?.pins.append(MemoryPin(target: target, sequence: entry.sequence)) }
            if !on { self.conversations[id]?.pins.removeAll { $0.target == target } }
            return .appended(entry)
        default: return .refused(.invalid("about no message"))
        }
    }

    /// Sets or takes away a reaction.
    private mutating func react(_ draft: Draft, _ emoji: String, _ on: Bool, _ conversation: MemoryConversation) -> AppendOutcome
    {
        let id = draft.conversation
        let target = draft.relatesTo
        let has = conversation.reactions.contains { $0.target == target && $0.emoji == emoji && $0.user == draft.sender }
        guard on != has else { return .unchanged }
        var used = conversation.emoji[target] ?? []
        if on, !used.contains(emoji), used.count >= Limits.emojiPerMessage {
            return .refused(.tooMany("at most \(Limits.emojiPerMessage) different emoji"))
        }
        let entry = self.store(draft, ControlContent.bytes(for: .react(target: target, emoji: emoji, on: on), slots: []))
        var left = conversation.reactions.filter { $0.target != target || $0.emoji != emoji || $0.user != draft.sender }
        if on { left.append(MemoryReaction(target: target, emoji: emoji, user: draft.sender, sequence: entry.sequence)) }
        if on, !used.contains(emoji) { used.append(emoji) }
        used.removeAll { one in !left.contains { $0.target == target && $0.emoji == one } }
        self.conversations[id]?.reactions = left
        self.conversations[id]?.emoji[target] = used
        return .appended(entry)
    }

    func target(_ query: TargetQuery) -> Target? {
        guard let conversation = self.conversations[query.conversation], let entry = conversation.entry(query.sequence) else {
            return nil
        }
        return Target(
            sender: entry.sender, kind: entry.kind, time: entry.time, recalled: conversation.recalls[entry.sequence] != nil,
            thread: entry.thread, visible: conversation.active(query.user)?.sees(entry.sequence) == true)
    }

    // MARK: What is wrong with a draft itself

    static func fault(_ draft: Draft) -> String? {
        if draft.time < 0 { return "time" }
        if draft.relatesTo < 0 || draft.thread < 0 { return "relation" }
        if draft.content.count > Limits.contentBytes { return "content too long" }
        if draft.kind != .message, draft.thread != 0 || draft.mentionsAll { return "no message" }
        if draft.kind != .message, draft.kind != .edit, !draft.mentions.isEmpty { return "no message" }
        if draft.mentions.count > Limits.mentionsPerMessage { return "too many mentions" }
        guard let change = draft.change else { return draft.kind == .message ? nil : "kind and change differ" }
        guard change.kinds.contains(draft.kind) else { return "kind and change differ" }
        guard draft.relatesTo == change.target else { return "relation" }
        switch change {
        case .react(_, let emoji, _): return (1...Limits.emojiBytes).contains(emoji.utf8.count) ? nil : "emoji"
        case .mute(_, let until): return until >= 0 ? nil : "until"
        case .makeLink(let link): return link.expires >= 0 && link.uses >= 0 && isIdentifier(link.id) ? nil : "link"
        default: return nil
        }
    }
}
