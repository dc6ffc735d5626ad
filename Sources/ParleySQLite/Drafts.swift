import ParleyDomain

extension Draft {
    /// A message that costs one row.
    var isPlain: Bool { self.thread == 0 && self.mentions.isEmpty && !self.mentionsAll && self.asked.isEmpty }

    /// What is kept beside the entry to tell a repeat from a conflict; nil where its content and its target tell.
    var keptRequest: [UInt8]? {
        guard let change else { return self.asked.isEmpty ? nil : self.asked }
        return self.kind.hasTarget ? nil : change.request
    }

    /// The content of the entry, where the draft alone says it.
    var expectedContent: [UInt8] {
        switch self.change {
        case .none, .edit: self.content
        case .some(let change): ControlContent.bytes(for: change, slots: [])
        }
    }

    /// What is wrong with the draft itself, whatever the store holds; nil if nothing is.
    var fault: String? {
        if !Snowflake.times.contains(self.time) { return "time \(self.time) is out of range" }
        if self.relatesTo < 0 { return "relates to sequence \(self.relatesTo)" }
        if self.content.count > Limits.contentBytes { return "content of \(self.content.count) bytes" }
        if self.mentions.count > Limits.mentionsPerMessage { return "\(self.mentions.count) mentions" }
        guard let change else {
            if self.kind != .message { return "a \(self.kind.name) entry without a change" }
            return self.thread < 0 ? "thread \(self.thread)" : nil
        }
        if !change.kinds.contains(self.kind) { return "a \(self.kind.name) entry with the change of another kind" }
        if self.relatesTo != change.target { return "a \(self.kind.name) entry relates to \(self.relatesTo)" }
        let mentions = !self.mentions.isEmpty && self.kind != .edit
        if self.thread != 0 || mentions || self.mentionsAll || !self.asked.isEmpty {
            return "a \(self.kind.name) entry with what only messages have"
        }
        return nil
    }
}

extension Change {
    /// What was asked for, as bytes that are the same for the same request. Kept beside the entry, because its content
    /// names only those whom the change concerned.
    var request: [UInt8] {
        let asked = ControlContent.bytes(for: self, slots: [])
        switch self {
        case .create(let new, _): return asked + Array(Self.request(new).utf8)
        case .join(let link): return Array("join \(link ?? "")".utf8)
        case .request(let link): return Array("request \(link)".utf8)
        case .makeLink(let link): return asked + Array(" expires \(link.expires) uses \(link.uses)".utf8)
        default: return asked
        }
    }

    /// What is not said stands for the value unless set, as it did before there was more to say.
    private static func request(_ new: NewConversation) -> String {
        var text = " cap \(new.memberCap) history \(new.historyVisible)"
        if !new.description.isEmpty { text += " description \(ControlContent.quoted(new.description))" }
        if !new.avatar.isEmpty { text += " avatar \(ControlContent.quoted(new.avatar))" }
        guard new.rules != GroupRules() else { return text }
        let rules = new.rules
        return text + " rules \(rules.send.name) \(rules.invite.name) \(rules.mentionAll.name) \(rules.joining.name) "
            + "\(rules.slowMilliseconds) \(rules.recallMilliseconds) \(rules.receipts)"
    }
}

extension Array where Element == UserID {
    /// Each user once, at his first place, without this one.
    func once(without left: UserID? = nil) -> [UserID] {
        var seen: Set<UserID> = []
        if let left { seen.insert(left) }
        return self.filter { seen.insert($0).inserted }
    }
}
