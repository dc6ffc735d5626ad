/// Who takes part, under the names that the golden frames give them.
enum Person: String, CaseIterable, Sendable {
    case u1, u2, u3, u4, u5, u9
}

/// What must have happened in the group before a frame can be played.
enum Need: Sendable {
    case danIsIn, danIsInvited, danAsks, danIsBanned, link, heart, thumb, pin, mention, edit, reported, data, block
    /// The message 40 is somebody else's.
    case theirs
}

/// One golden frame as it is played.
struct GoldenCase: Sendable {
    var name: String
    /// As it stands in `docs/golden/client.txt`: names and sequences are put in when it is played.
    var frame: String
    var by: Person
    var needs: [Need]
    /// Whether it makes sense on a socket only.
    var onlySocket: Bool
    /// Whether it has escapes that JSON need not have: in the other encoding it is another message then, not the same one again.
    var isEscaped: Bool

    init(
        _ name: String, _ frame: String, by: Person = .u1, needs: [Need] = [], onlySocket: Bool = false, isEscaped: Bool = false
    ) {
        self.name = name
        self.frame = frame
        self.by = by
        self.needs = needs
        self.onlySocket = onlySocket
        self.isEscaped = isEscaped
    }
}

/// What stands for what in the golden frames, where they are played.
struct Cast: Sendable {
    /// The group called `general`, and another one called `team`.
    var general: String
    var team: String
    var users: [Person: String]
    /// Sequences of messages.
    var sequences: [Int: Int64]
    /// The token of a link, and its name; empty where none was made.
    var link = ""
    /// Where `sync` ended, and the list of members.
    var epoch = ""
    var token = ""
    var version = ""
    /// Keeps client ids of one play from those of another.
    var mark: String

    /// A time to come, in the place of those in the golden frames.
    private static let later = "4102444800000"
    private static let numbered = ["target", "sequence", "root", "reply_to", "thread", "delivered"]

    func playing(_ frame: String) -> String {
        var text = frame.replacing("\"general\"", with: "\"\(self.general)\"").replacing("\"team\"", with: "\"\(self.team)\"")
        for (person, user) in self.users { text = text.replacing("\"\(person.rawValue)\"", with: "\"\(user)\"") }
        text = text.replacing("\"k7.x2\"", with: "\"\(self.link)\"")
        text = text.replacing("\"link\":\"k7\"", with: "\"link\":\"\(self.link.prefix { $0 != "." })\"")
        text = text.replacing("\"epoch\":\"e7\"", with: "\"epoch\":\"\(self.epoch)\"")
        text = text.replacing("\"token\":\"1.88213\"", with: "\"token\":\"\(self.token)\"")
        text = text.replacing("\"version\":\"1.88213\"", with: "\"version\":\"\(self.version)\"")
        text = text.replacing("1767229200000", with: Self.later)
        text = text.replacing("\"sequences\":[40,42]", with: "\"sequences\":[\(self.sequence(40)),\(self.sequence(42))]")
        for name in Self.numbered { text = self.numbers(after: "\"\(name)\":", in: text) }
        return Self.marked(text, self.mark)
    }

    private func sequence(_ golden: Int) -> Int64 { self.sequences[golden] ?? Int64(golden) }

    private func numbers(after name: String, in text: String) -> String {
        let parts = text.split(separator: name, omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            let digits = part.prefix { $0.isNumber }
            guard index > 0, let golden = Int(digits) else { return String(part) }
            return "\(self.sequence(golden))" + part.dropFirst(digits.count)
        }.joined(separator: name)
    }

    /// Adds the mark to the client id, which nobody else has then.
    private static func marked(_ text: String, _ mark: String) -> String {
        let name = "\"client_id\":\""
        let parts = text.split(separator: name, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let end = parts[1].firstIndex(of: "\"") else { return text }
        return parts[0] + name + parts[1][..<end] + "-" + mark + parts[1][end...]
    }
}
