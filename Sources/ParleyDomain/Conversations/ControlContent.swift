/// The content of entries that the server makes. One place, so that every adapter stores the same bytes.
///
/// The objects are JSON with keys in a fixed order and no spaces; identifiers need no escaping by their rule, titles do.
package enum ControlContent {
    /// The content of an entry that makes this change.
    ///
    /// - Parameters:
    ///   - change: What the entry does.
    ///   - slots: The slots of the users named in it, in the same order: the bulk add of one entry. For a ban: the slot of the
    ///     member whose membership it ended, if it did.
    package static func bytes(for change: Change, slots: [Int32]) -> [UInt8] { Array(Self.text(for: change, slots: slots).utf8) }

    private static func text(for change: Change, slots: [Int32]) -> String {
        switch change {
        case .create(let new, let members):
            #"{"type":"created","kind":""# + new.kind.name + #"","title":"# + quoted(new.title) + #","users":"# + list(members)
                + #","slots":"# + list(slots) + "}"
        case .add(let users): #"{"type":"added","users":"# + list(users) + #","slots":"# + list(slots) + "}"
        case .end(let user): #"{"type":"ended","user":"# + quoted(user) + "}"
        case .ban(let user): #"{"type":"# + (slots.isEmpty ? #""banned""# : #""ended""#) + #","user":"# + quoted(user) + "}"
        case .unban(let user): #"{"type":"unbanned","user":"# + quoted(user) + "}"
        case .invite(let users): #"{"type":"invited","users":"# + list(users) + "}"
        case .decline(let user): #"{"type":"declined","user":"# + quoted(user) + "}"
        case .setRole(let user, let role): #"{"type":"role","user":"# + quoted(user) + #","role":""# + role.name + #""}"#
        case .transfer(let user): #"{"type":"transferred","user":"# + quoted(user) + "}"
        case .mute(let user, let until): #"{"type":"muted","user":"# + quoted(user) + #","until":\#(until)}"#
        case .settings(let change): #"{"type":"changed""# + Self.fields(change) + "}"
        case .dissolve: #"{"type":"dissolved"}"#
        case .makeLink(let link): #"{"type":"link","link":"# + quoted(link.id) + #","on":true}"#
        case .revokeLink(let link): #"{"type":"link","link":"# + quoted(link) + #","on":false}"#
        case .recall: #"{"type":"recall"}"#
        case .react(_, let emoji, let on): #"{"type":"reaction","emoji":"# + quoted(emoji) + #","on":\#(on)}"#
        case .pin(_, let on): #"{"type":"pin","on":\#(on)}"#
        // Made with the sender's name (`joined`), or the sender's own (an edit).
        case .join, .request, .edit: "{}"
        }
    }

    /// The content of an entry by which its sender came in, or asked to.
    package static func joined(_ user: UserID, slot: Int32) -> [UInt8] {
        Array((#"{"type":"joined","user":"# + quoted(user) + #","slot":\#(slot)}"#).utf8)
    }

    package static func requested(_ user: UserID) -> [UInt8] {
        Array((#"{"type":"requested","user":"# + quoted(user) + "}").utf8)
    }

    private static func fields(_ change: SettingsChange) -> String {
        var text = ""
        if let title = change.title { text += #","title":"# + quoted(title) }
        if let description = change.description { text += #","description":"# + quoted(description) }
        if let avatar = change.avatar { text += #","avatar":"# + quoted(avatar) }
        if let cap = change.memberCap { text += #","member_cap":\#(cap)"# }
        if let visible = change.historyVisible { text += #","history_visible":\#(visible)"# }
        let rules = Self.fields(change.rules)
        if !rules.isEmpty { text += #","rules":{"# + rules.joined(separator: ",") + "}" }
        return text
    }

    private static func fields(_ rules: RulesChange) -> [String] {
        var fields: [String] = []
        if let send = rules.send { fields.append(#""send":"\#(send.name)""#) }
        if let invite = rules.invite { fields.append(#""invite":"\#(invite.name)""#) }
        if let mention = rules.mentionAll { fields.append(#""mention_all":"\#(mention.name)""#) }
        if let joining = rules.joining { fields.append(#""join":"\#(joining.name)""#) }
        if let slow = rules.slowMilliseconds { fields.append(#""slow_ms":\#(slow)"#) }
        if let recall = rules.recallMilliseconds { fields.append(#""recall_ms":\#(recall)"#) }
        if let receipts = rules.receipts { fields.append(#""receipts":\#(receipts)"#) }
        return fields
    }

    /// An identifier needs no escaping by its rule.
    private static func quoted(_ user: UserID) -> String { "\"" + user.rawValue + "\"" }

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
