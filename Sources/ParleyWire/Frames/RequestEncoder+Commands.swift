import NIOCore
import ParleyDomain

extension RequestEncoder {
    static func command(_ command: Command, _ id: Int64, _ buffer: inout ByteBuffer) {
        func request(_ type: StaticString, _ fill: (inout ByteBuffer) -> Void) {
            buffer.writeRequest(type, id, command.conversation) {
                $0.writeField("client_id", command.clientID)
                fill(&$0)
            }
        }
        switch command.action {
        case .send(let message):
            request("send") {
                if message.relatesTo > 0 { $0.writeField("reply_to", message.relatesTo) }
                if message.thread > 0 { $0.writeField("thread", message.thread) }
                $0.writeField("content", json: message.content)
            }
        case .create(let new, let members): self.create(command.clientID, new, members, id, &buffer)
        case .add(let users): request("add") { $0.writeField("users", users) }
        case .invite(let users): request("invite") { $0.writeField("users", users) }
        case .leave: request("leave") { _ in }
        case .dissolve: request("dissolve") { _ in }
        case .change(let change): request("change") { $0.writeSettings(change) }
        case .join(nil): request("join") { _ in }
        case .join(.some(let link)):
            buffer.writeRequest("join", id) {
                $0.writeField("client_id", command.clientID)
                $0.writeField("link", text: link)
            }
        case .makeLink(let link): self.link(command.conversation, command.clientID, link.expires, link.uses, id, &buffer)
        case .revokeLink(let link): request("unlink") { $0.writeField("link", text: link) }
        case .remove, .ban, .unban, .transfer, .decline, .mute, .setRole: self.member(command.action, request)
        case .edit, .recall, .react, .pin: self.message(command.action, request)
        }
    }

    private static func member(
        _ action: Command.Action, _ request: (StaticString, (inout ByteBuffer) -> Void) -> Void
    ) {
        switch action {
        case .remove(let user): request("remove") { $0.writeField("user", user) }
        case .ban(let user): request("ban") { $0.writeField("user", user) }
        case .unban(let user): request("unban") { $0.writeField("user", user) }
        case .transfer(let user): request("transfer") { $0.writeField("user", user) }
        case .decline(let user): request("decline") { if let user { $0.writeField("user", user) } }
        case .mute(let user, let until):
            request("mute") {
                $0.writeField("user", user)
                $0.writeField("until", until)
            }
        case .setRole(let user, let role):
            request("role") {
                $0.writeField("user", user)
                $0.writeField("role", text: role.name)
            }
        default: return
        }
    }

    private static func message(
        _ action: Command.Action, _ request: (StaticString, (inout ByteBuffer) -> Void) -> Void
    ) {
        switch action {
        case .edit(let target, let message):
            request("edit") {
                $0.writeField("target", target)
                $0.writeField("content", json: message.content)
            }
        case .recall(let target): request("recall") { $0.writeField("target", target) }
        case .react(let target, let emoji, let on):
            request("react") {
                $0.writeField("target", target)
                $0.writeField("emoji", text: emoji)
                $0.writeField("on", on)
            }
        case .pin(let target, let on):
            request("pin") {
                $0.writeField("target", target)
                $0.writeField("on", on)
            }
        default: return
        }
    }

    static func link(
        _ conversation: ConversationID, _ clientID: ClientID, _ expires: Int64, _ uses: Int64, _ id: Int64,
        _ buffer: inout ByteBuffer
    ) {
        buffer.writeRequest("link", id, conversation) {
            $0.writeField("client_id", clientID)
            if expires > 0 { $0.writeField("expires", expires) }
            if uses > 0 { $0.writeField("uses", uses) }
        }
    }

    static func create(
        _ clientID: ClientID, _ new: NewConversation, _ members: [UserID], _ id: Int64, _ buffer: inout ByteBuffer
    ) {
        buffer.writeRequest("create", id) {
            $0.writeField("client_id", clientID)
            $0.writeField("kind", text: new.kind.name)
            if new.kind == .group { $0.writeField("title", text: new.title) }
            $0.writeField("members", members)
            guard new.kind == .group else { return }
            // What stands at its default is left out.
            var change = SettingsChange()
            if !new.description.isEmpty { change.description = new.description }
            if !new.avatar.isEmpty { change.avatar = new.avatar }
            if new.memberCap != Int32(Limits.membersPerGroup) { change.memberCap = new.memberCap }
            if !new.historyVisible { change.historyVisible = false }
            if new.rules != GroupRules() { change.rules = RulesChange(new.rules) }
            $0.writeSettings(change)
        }
    }
}

extension RulesChange {
    /// Sets every rule.
    fileprivate init(_ rules: GroupRules) {
        self.init()
        self.send = rules.send
        self.invite = rules.invite
        self.mentionAll = rules.mentionAll
        self.joining = rules.joining
        self.slowMilliseconds = rules.slowMilliseconds
        self.recallMilliseconds = rules.recallMilliseconds
        self.receipts = rules.receipts
    }
}

extension ByteBuffer {
    /// Fields that follow another one: each begins with a comma.
    fileprivate mutating func writeSettings(_ change: SettingsChange) {
        if let title = change.title { self.writeField("title", text: title) }
        if let description = change.description { self.writeField("description", text: description) }
        if let avatar = change.avatar { self.writeField("avatar", text: avatar) }
        if let cap = change.memberCap { self.writeField("member_cap", Int64(cap)) }
        if let visible = change.historyVisible { self.writeField("history_visible", visible) }
        guard change.rules != RulesChange() else { return }
        var rules = ByteBuffer()
        if let send = change.rules.send { rules.writeField("send", text: send.name) }
        if let invite = change.rules.invite { rules.writeField("invite", text: invite.name) }
        if let mentionAll = change.rules.mentionAll { rules.writeField("mention_all", text: mentionAll.name) }
        if let joining = change.rules.joining { rules.writeField("join", text: joining.name) }
        if let slow = change.rules.slowMilliseconds { rules.writeField("slow_ms", slow) }
        if let recall = change.rules.recallMilliseconds { rules.writeField("recall_ms", recall) }
        if let receipts = change.rules.receipts { rules.writeField("receipts", receipts) }
        self.writeStaticString(#","rules":{"#)
        // Without the comma of the first one.
        rules.moveReaderIndex(forwardBy: 1)
        self.writeBuffer(&rules)
        self.writeStaticString("}")
    }
}
