import ParleyDomain
import ParleyEngine
import ParleySQLite

/// The lists of `parley admin`, each as `{"rows":[...]}`.
extension AdminCommands {
    func list(_ name: String) throws -> String {
        let limit = Int(try self.number("limit", in: 1...Int64(Administration.rowsMax)) ?? 100)
        let rows: [String]
        switch name {
        case "users":
            rows = try self.look.users(prefix: self.text("search"), after: self.text("after"), limit: limit, at: self.now).map {
                row in
                #"{"user":\#(quoted(row.user.rawValue)),"name":\#(quoted(row.name)),"created":\#(row.created),"#
                    + #""password":\#(row.hasPassword),"disabled":\#(row.isDisabled),"sessions":\#(row.sessions)}"#
            }
        case "sessions": rows = try self.sessions()
        case "groups":
            rows = try self.look.groups(prefix: self.text("search"), after: self.text("after"), limit: limit).map { head in
                #"{"group":\#(quoted(head.conversation.rawValue)),"title":\#(quoted(head.title)),"members":\#(head.memberCount),"#
                    + #""member_cap":\#(head.memberCap),"messages":\#(head.messages),"head":\#(head.sequence),"time":\#(head.time),"#
                    + #""dissolved":\#(head.dissolved)}"#
            }
        case "members":
            let group = try Self.group(self.text("group"), self.look)
            let slot = try self.number("after", in: 0...Int64(Int32.max)) ?? 0
            rows = try self.look.members(of: group.conversation, afterSlot: slot, limit: limit).map { member in
                #"{"user":\#(quoted(member.profile.user.rawValue)),"name":\#(quoted(member.profile.name)),"#
                    + #""role":"\#(member.membership.role.name)","slot":\#(member.membership.slot),"read":\#(member.membership.read),"#
                    + #""delivered":\#(member.membership.delivered)}"#
            }
        case "reports": rows = try self.reports(limit)
        case "audit": rows = try self.audit(limit)
        default: throw StartFailure("No such command of an operator: \(name.prefix(40)). `parley admin --help` lists them.")
        }
        return #"{"rows":["# + rows.joined(separator: ",") + "]}"
    }

    private func sessions() throws -> [String] {
        let user = try Self.user(self.text("user"), self.look)
        return try self.look.sessions(of: user.user, at: self.now).map { row in
            #"{"session":\#(quoted(row.session.rawValue)),"device":\#(quoted(row.device)),"created":\#(row.created),"#
                + #""expires":\#(row.expires),"address":\#(quoted(row.address)),"agent":\#(quoted(row.agent))}"#
        }
    }

    private func reports(_ limit: Int) throws -> [String] {
        try self.look.reports(limit: limit).map { row in
            let content = row.content.isEmpty ? "null" : String(decoding: row.content, as: UTF8.self)
            return #"{"group":\#(quoted(row.conversation.rawValue)),"title":\#(quoted(row.title)),"sequence":\#(row.sequence),"#
                + #""reporter":\#(quoted(row.reporter)),"sender":\#(quoted(row.sender)),"reason":\#(quoted(row.reason)),"#
                + #""time":\#(row.time),"content":\#(content)}"#
        }
    }

    private func audit(_ limit: Int) throws -> [String] {
        let group = try Self.group(self.text("group"), self.look)
        let before = try self.number("before", in: 1...(1 << 53)) ?? 1 << 53
        return try self.look.audit(group.conversation, before: before, limit: limit).map { row in
            let entry = row.entry
            let content = entry.content.isEmpty ? "null" : String(decoding: entry.content, as: UTF8.self)
            let target = entry.relatesTo > 0 ? #","target":\#(entry.relatesTo)"# : ""
            return
                #"{"sequence":\#(entry.sequence),"time":\#(entry.time),"kind":"\#(entry.kind.name)","user":\#(quoted(row.name)),"#
                + #""operator":\#(entry.clientID.isOperators)\#(target),"content":\#(content)}"#
        }
    }
}
