/// The content of entries that the server makes. One place, so that every adapter stores the same bytes.
///
/// The objects are JSON with keys in a fixed order and no spaces; identifiers need no escaping by their rule, titles do.
package enum ControlContent {
    /// The content of an entry that makes this change.
    ///
    /// - Parameters:
    ///   - change: What the entry does.
    ///   - slots: The slots of the users named in it, in the same order: the bulk add of one entry.
    package static func bytes(for change: MembershipChange, slots: [Int32]) -> [UInt8] {
        var text = ""
        switch change {
        case .create(let new, let members):
            text += #"{"type":"created","kind":""# + new.kind.name + #"","title":"# + quoted(new.title)
            text += #","users":"# + list(members) + #","slots":"# + list(slots) + "}"
        case .add(let users):
            text += #"{"type":"added","users":"# + list(users) + #","slots":"# + list(slots) + "}"
        case .end(let user):
            text += #"{"type":"ended","user":""# + user.rawValue + #""}"#
        case .setRole(let user, let role):
            text += #"{"type":"role","user":""# + user.rawValue + #"","role":""# + role.name + #""}"#
        }
        return Array(text.utf8)
    }

    private static func list(_ users: [UserID]) -> String {
        "[" + users.map { "\"" + $0.rawValue + "\"" }.joined(separator: ",") + "]"
    }

    private static func list(_ slots: [Int32]) -> String {
        "[" + slots.map(String.init).joined(separator: ",") + "]"
    }

    /// A JSON string, quotes included.
    package static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
