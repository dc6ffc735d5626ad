import ParleyDomain

/// Conversations: how they are made, changed, entered and left.
extension FrameDecoder {
    /// Nil for a type of another group.
    static func groupFrame(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame? {
        switch type {
        case "create": return try self.create(&object, bytes)
        case "add": return try self.command(&object, bytes, .add(try object.users("users", bytes)))
        case "invite":
            let users = try object.users("users", bytes, count: 1...Limits.invitesPerRequest)
            return try self.command(&object, bytes, .invite(users))
        case "join": return try self.join(&object, bytes)
        case "leave": return try self.command(&object, bytes, .leave)
        case "change": return try self.command(&object, bytes, .change(try self.change(&object, bytes)))
        case "dissolve": return try self.command(&object, bytes, .dissolve)
        case "link":
            let uses = 0...Int64(Limits.membersPerGroupMax)
            return .link(
                try object.identifier("conversation", bytes), try object.identifier("client_id", bytes),
                expires: try object.optionalInteger("expires", bytes, in: self.positions) ?? 0,
                uses: try object.optionalInteger("uses", bytes, in: uses) ?? 0)
        case "unlink":
            let link: ClientID = try object.identifier("link", bytes)
            return try self.command(&object, bytes, .revokeLink(link.rawValue))
        default: return try self.memberFrame(type, &object, bytes)
        }
    }

    /// What is done to one user.
    private static func memberFrame(_ type: String, _ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal)
        -> ClientFrame?
    {
        switch type {
        case "decline": return try self.command(&object, bytes, .decline(try object.optionalIdentifier("user", bytes)))
        case "remove": return try self.command(&object, bytes, .remove(try object.identifier("user", bytes)))
        case "ban": return try self.command(&object, bytes, .ban(try object.identifier("user", bytes)))
        case "unban": return try self.command(&object, bytes, .unban(try object.identifier("user", bytes)))
        case "transfer": return try self.command(&object, bytes, .transfer(try object.identifier("user", bytes)))
        case "mute":
            let until = try object.integer("until", bytes, in: self.positions)
            return try self.command(&object, bytes, .mute(try object.identifier("user", bytes), until: until))
        case "role":
            let role = try object.word("role", bytes, "administrator or member") {
                Role(name: $0).flatMap { $0 == .owner ? nil : $0 }
            }
            return try self.command(&object, bytes, .setRole(try object.identifier("user", bytes), role))
        default: return nil
        }
    }

    private static func join(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        guard object.has("link", bytes) else { return try self.command(&object, bytes, .join(link: nil)) }
        guard !object.has("conversation", bytes) else {
            throw Refusal(.unknownField, field: "link", rule: "either conversation or link, not both")
        }
        return .join(try object.identifier("client_id", bytes), link: try self.linkToken(&object, bytes))
    }

    /// A link as people hand it on. What cannot be one is a wrong one.
    static func linkToken(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> String {
        let token = try object.text("link", bytes)
        guard (1...Limits.linkBytes).contains(token.utf8.count), token.utf8.allSatisfy(isIdentifierByte) else {
            throw Refusal(.badLink, field: "link")
        }
        return token
    }

    // MARK: Settings

    private static func create(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> ClientFrame {
        let clientID: ClientID = try object.identifier("client_id", bytes)
        let kind = try object.word("kind", bytes, "group or direct") { ConversationKind(name: $0) }
        let members = try object.users("members", bytes)
        guard kind == .group else {
            guard members.count == 1 else {
                throw Refusal(.outOfRange, field: "members", rule: "exactly one user in a direct conversation")
            }
            return .create(clientID, NewConversation(kind: .direct, title: "", memberCap: 2), members: members)
        }
        let change = try self.settings(&object, bytes)
        guard let title = change.title else { throw Refusal(.missingField, field: "title", rule: "a string") }
        let new = NewConversation(
            kind: .group, title: title, memberCap: change.memberCap ?? Int32(Limits.membersPerGroup),
            historyVisible: change.historyVisible ?? true, description: change.description ?? "", avatar: change.avatar ?? "",
            rules: change.rules.applied(to: GroupRules()))
        return .create(clientID, new, members: members)
    }

    private static func change(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> SettingsChange {
        let namesRules = object.has("rules", bytes)
        let change = try self.settings(&object, bytes)
        guard !namesRules || change.rules != RulesChange() else {
            throw Refusal(.missingField, field: "rules", rule: "at least one rule that changes")
        }
        guard !change.isEmpty else { throw Refusal(.missingField, field: "title", rule: "at least one field that changes") }
        return change
    }

    private static func settings(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> SettingsChange {
        var change = SettingsChange()
        change.title = try object.optionalText("title", bytes)
        if let title = change.title { try checkName(title, field: "title") }
        change.description = try object.optionalText("description", bytes, characters: 0...Limits.descriptionCharacters)
        if let description = change.description { try checkVisible(description, field: "description", lines: true) }
        change.avatar = try object.optionalText("avatar", bytes, characters: 0...Limits.avatarCharacters)
        if let avatar = change.avatar { try checkVisible(avatar, field: "avatar") }
        change.memberCap = try object.optionalInteger("member_cap", bytes, in: 2...Int64(Limits.membersPerGroupMax))
            .map { Int32(clamping: $0) }
        change.historyVisible = try object.optionalBoolean("history_visible", bytes)
        if let range = try object.optionalObject("rules", bytes) {
            var rules = try self.reader(of: range, path: "rules.", bytes)
            change.rules = try self.rules(&rules, bytes)
            try rules.finish(bytes)
        }
        return change
    }

    private static func rules(_ object: inout ObjectReader, _ bytes: Span<UInt8>) throws(Refusal) -> RulesChange {
        let who: StaticString = "members or administrators"
        var rules = RulesChange()
        rules.send = try object.optionalWord("send", bytes, who) { Allowance(name: $0) }
        rules.invite = try object.optionalWord("invite", bytes, who) { Allowance(name: $0) }
        rules.mentionAll = try object.optionalWord("mention_all", bytes, who) { Allowance(name: $0) }
        rules.joining = try object.optionalWord("join", bytes, "link, approval or closed") { Joining(name: $0) }
        rules.slowMilliseconds = try object.optionalInteger("slow_ms", bytes, in: 0...Limits.slowMilliseconds)
        rules.recallMilliseconds = try object.optionalInteger("recall_ms", bytes, in: 0...Limits.recallMilliseconds)
        rules.receipts = try object.optionalBoolean("receipts", bytes)
        return rules
    }
}
