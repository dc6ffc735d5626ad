import ParleyDomain

extension Draft {
    /// What is wrong with the draft itself, whatever the store holds; nil if nothing is.
    var fault: String? {
        if !Snowflake.times.contains(self.time) { return "time \(self.time) is out of range" }
        if self.relatesTo < 0 { return "relates to sequence \(self.relatesTo)" }
        switch (self.change, self.kind) {
        case (nil, .message):
            return self.content.count > Limits.contentBytes ? "content of \(self.content.count) bytes" : nil
        case (.create?, .created), (.add?, .added), (.end?, .left), (.end?, .removed), (.setRole?, .role):
            return self.relatesTo == 0 ? nil : "a \(self.kind.name) entry relates to nothing"
        default:
            return "a \(self.kind.name) entry with the change of another kind"
        }
    }
}

extension Change {
    /// What was asked for, as bytes that are the same for the same request. Kept beside the entry, because its content
    /// names only those whom the change concerned.
    var request: [UInt8] {
        let asked = ControlContent.bytes(for: self, slots: [])
        guard case .create(let new, _) = self else { return asked }
        return asked + Array(" cap \(new.memberCap) history \(new.historyVisible)".utf8)
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
