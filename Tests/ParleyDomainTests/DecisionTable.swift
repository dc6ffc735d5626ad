import ParleyDomain
import ParleyTestKit

/// Who may do what: every action by every kind of user in every kind of conversation, to be read like a page of the protocol.
///
/// `+kind` is the entry that the action becomes, anything else the error's name; `-` stands for `not_member`.
enum DecisionTable {
    /// A group with the rules that stand unless set: members write, administrators invite, a link lets in.
    static let group = """
        action                owner         administrator member        muted         outsider former   invited   requested banned
        send                  +message      +message      +message      muted         -        -        -         -         -
        send_ahead            out_of_range  out_of_range  out_of_range  muted         -        -        -         -         -
        send_thread           +message      +message      +message      muted         -        -        -         -         -
        mention_all           +message      +message      forbidden     muted         -        -        -         -         -
        edit_own              +edit         +edit         +edit         muted         -        -        -         -         -
        edit_other            forbidden     forbidden     forbidden     forbidden     -        -        -         -         -
        edit_mention_all      +edit         +edit         forbidden     muted         -        -        -         -         -
        recall_own            +recall       +recall       +recall       +recall       -        -        -         -         -
        recall_own_late       +recall       +recall       too_late      too_late      -        -        -         -         -
        recall_other          +recall       +recall       forbidden     forbidden     -        -        -         -         -
        react                 +reaction     +reaction     +reaction     muted         -        -        -         -         -
        pin                   +pin          +pin          forbidden     forbidden     -        -        -         -         -
        add                   +added        +added        forbidden     forbidden     -        -        -         -         -
        invite                +invited      +invited      forbidden     forbidden     -        -        -         -         -
        change                +changed      +changed      forbidden     forbidden     -        -        -         -         -
        change_cap_below      out_of_range  out_of_range  forbidden     forbidden     -        -        -         -         -
        make_link             +link         +link         forbidden     forbidden     -        -        -         -         -
        revoke_link           +link         +link         +link         +link         -        -        -         -         -
        dissolve              +dissolved    forbidden     forbidden     forbidden     -        -        -         -         -
        remove_member         +removed      +removed      forbidden     forbidden     -        -        -         -         -
        remove_administrator  +removed      forbidden     forbidden     forbidden     -        -        -         -         -
        remove_owner          out_of_range  forbidden     forbidden     forbidden     -        -        -         -         -
        remove_outsider       unknown_user  unknown_user  forbidden     forbidden     -        -        -         -         -
        ban_member            +banned       +banned       forbidden     forbidden     -        -        -         -         -
        ban_administrator     +banned       forbidden     forbidden     forbidden     -        -        -         -         -
        ban_outsider          +banned       +banned       forbidden     forbidden     -        -        -         -         -
        ban_banned            unknown_user  unknown_user  forbidden     forbidden     -        -        -         -         -
        unban_banned          +unbanned     +unbanned     forbidden     forbidden     -        -        -         -         -
        unban_member          unknown_user  unknown_user  forbidden     forbidden     -        -        -         -         -
        mute_member           +muted        +muted        forbidden     forbidden     -        -        -         -         -
        mute_administrator    +muted        forbidden     forbidden     forbidden     -        -        -         -         -
        mute_outsider         unknown_user  unknown_user  forbidden     forbidden     -        -        -         -         -
        make_administrator    +role         forbidden     forbidden     forbidden     -        -        -         -         -
        make_owner            out_of_range  forbidden     forbidden     forbidden     -        -        -         -         -
        role_of_outsider      unknown_user  forbidden     forbidden     forbidden     -        -        -         -         -
        role_of_owner         out_of_range  forbidden     forbidden     forbidden     -        -        -         -         -
        transfer              +transferred  forbidden     forbidden     forbidden     -        -        -         -         -
        transfer_to_outsider  unknown_user  forbidden     forbidden     forbidden     -        -        -         -         -
        transfer_to_owner     out_of_range  forbidden     forbidden     forbidden     -        -        -         -         -
        leave                 forbidden     +left         +left         +left         -        -        -         -         -
        join                  forbidden     forbidden     forbidden     forbidden     -        -        +joined   -         banned
        join_by_link          forbidden     forbidden     forbidden     forbidden     +joined  +joined  +joined   +joined   banned
        decline               forbidden     forbidden     forbidden     forbidden     -        -        +declined +declined -
        decline_invited       +declined     +declined     forbidden     forbidden     -        -        -         -         -
        decline_member        unknown_user  unknown_user  forbidden     forbidden     -        -        -         -         -
        """

    /// Administrators alone write; members invite and mention everybody; who has a link may ask.
    static let restricted = """
        action                owner         administrator member        muted         outsider   former     invited   requested banned
        send                  +message      +message      forbidden     muted         -          -          -         -         -
        edit_own              +edit         +edit         forbidden     muted         -          -          -         -         -
        react                 +reaction     +reaction     forbidden     muted         -          -          -         -         -
        recall_own            +recall       +recall       +recall       +recall       -          -          -         -         -
        add                   +added        +added        +added        +added        -          -          -         -         -
        invite                +invited      +invited      +invited      +invited      -          -          -         -         -
        make_link             +link         +link         +link         +link         -          -          -         -         -
        join                  forbidden     forbidden     forbidden     forbidden     -          -          +joined   -         banned
        join_by_link          forbidden     forbidden     forbidden     forbidden     +requested +requested +joined   forbidden banned
        """

    /// Links give nothing.
    static let closed = """
        action                owner         administrator member        muted         outsider former   invited   requested banned
        join                  forbidden     forbidden     forbidden     forbidden     -        -        +joined   -         banned
        join_by_link          forbidden     forbidden     forbidden     forbidden     bad_link bad_link +joined   bad_link  banned
        """

    static let dissolved = """
        action                owner         administrator member        muted         outsider  former    invited   requested banned
        send                  dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        edit_own              dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        recall_own            dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        react                 dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        pin                   dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        add                   dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        invite                dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        change                dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        make_link             dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        revoke_link           dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        dissolve              dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        remove_member         dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        ban_member            dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        unban_banned          dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        mute_member           dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        make_administrator    dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        transfer              dissolved     dissolved     dissolved     dissolved     -         -         -         -         -
        leave                 +left         +left         +left         +left         -         -         -         -         -
        join                  forbidden     forbidden     forbidden     forbidden     -         -         dissolved -         banned
        join_by_link          forbidden     forbidden     forbidden     forbidden     dissolved dissolved dissolved dissolved banned
        decline               forbidden     forbidden     forbidden     forbidden     -         -         +declined +declined -
        """

    /// Two members, no roles. `blocked`: a member, one of the two has blocked the other.
    static let direct = """
        action                member        blocked       muted         outsider
        send                  +message      blocked       muted         -
        send_thread           +message      blocked       muted         -
        mention_all           +message      blocked       muted         -
        edit_own              +edit         blocked       muted         -
        edit_other            forbidden     forbidden     forbidden     -
        edit_mention_all      +edit         blocked       muted         -
        recall_own            +recall       +recall       +recall       -
        recall_own_late       too_late      too_late      too_late      -
        recall_other          forbidden     forbidden     forbidden     -
        react                 +reaction     blocked       muted         -
        pin                   +pin          blocked       +pin          -
        add                   forbidden     forbidden     forbidden     -
        invite                forbidden     forbidden     forbidden     -
        change                forbidden     forbidden     forbidden     -
        make_link             forbidden     forbidden     forbidden     -
        revoke_link           forbidden     forbidden     forbidden     -
        dissolve              forbidden     forbidden     forbidden     -
        remove_member         forbidden     forbidden     forbidden     -
        ban_member            forbidden     forbidden     forbidden     -
        unban_banned          forbidden     forbidden     forbidden     -
        mute_member           forbidden     forbidden     forbidden     -
        make_administrator    forbidden     forbidden     forbidden     -
        transfer              forbidden     forbidden     forbidden     -
        leave                 forbidden     forbidden     forbidden     -
        join                  forbidden     forbidden     forbidden     -
        join_by_link          forbidden     forbidden     forbidden     forbidden
        decline               forbidden     forbidden     forbidden     -
        """

    /// One cell of a table.
    struct Cell: Sendable, CustomStringConvertible {
        var action: String
        var actor: String
        var outcome: String

        var description: String { "\(self.action) by \(self.actor)" }
    }

    static func cells(_ table: String) -> [Cell] {
        let rows = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        guard let actors = rows.first?.dropFirst() else { return [] }
        return rows.dropFirst().flatMap { row in
            zip(actors, row.dropFirst()).map { actor, outcome in
                Cell(action: row[0], actor: actor, outcome: outcome == "-" ? "not_member" : outcome)
            }
        }
    }

    // MARK: What the words mean

    static let now: Int64 = 1_000_000
    static let id: ConversationID = "g"

    /// The action that a row names. Those who are named besides the one who asks: `m` is a member, `a` an administrator, `x` nobody,
    /// `b` banned, `i` invited; the owner goes by that name.
    static func action(_ name: String) -> Command.Action? {
        let text = Array(#"{"type":"text","text":"t"}"#.utf8)
        var cap = SettingsChange()
        cap.memberCap = 3
        var title = SettingsChange()
        title.title = "T"
        let actions: [String: Command.Action] = [
            "send": .send(NewMessage(content: text)),
            "send_ahead": .send(NewMessage(content: text, relatesTo: 99)),
            "send_thread": .send(NewMessage(content: text, thread: 5)),
            "mention_all": .send(NewMessage(content: text, mentionsAll: true)),
            "edit_own": .edit(target: 5, NewMessage(content: text)), "edit_other": .edit(target: 5, NewMessage(content: text)),
            "edit_mention_all": .edit(target: 5, NewMessage(content: text, mentionsAll: true)),
            "recall_own": .recall(target: 5), "recall_own_late": .recall(target: 5), "recall_other": .recall(target: 5),
            "react": .react(target: 5, emoji: "x", on: true), "pin": .pin(target: 5, on: true),
            "add": .add(["n"]), "invite": .invite(["n"]), "change": .change(title), "change_cap_below": .change(cap),
            "make_link": .makeLink(NewLink(id: "l")), "revoke_link": .revokeLink("l"), "dissolve": .dissolve,
            "remove_member": .remove("m"), "remove_administrator": .remove("a"), "remove_owner": .remove("owner"),
            "remove_outsider": .remove("x"), "ban_member": .ban("m"), "ban_administrator": .ban("a"), "ban_outsider": .ban("x"),
            "ban_banned": .ban("b"), "unban_banned": .unban("b"), "unban_member": .unban("m"),
            "mute_member": .mute("m", until: 2_000_000), "mute_administrator": .mute("a", until: 2_000_000),
            "mute_outsider": .mute("x", until: 2_000_000), "make_administrator": .setRole("m", .administrator),
            "make_owner": .setRole("m", .owner), "role_of_outsider": .setRole("x", .member),
            "role_of_owner": .setRole("owner", .member), "transfer": .transfer("m"), "transfer_to_outsider": .transfer("x"),
            "transfer_to_owner": .transfer("owner"), "leave": .leave, "join": .join(link: nil), "join_by_link": .join(link: "l"),
            "decline": .decline(nil), "decline_invited": .decline("i"), "decline_member": .decline("m"),
        ]
        return actions[name]
    }

    /// What the target of a row is: a message of one's own unless its name says otherwise.
    static func target(_ cell: Cell) -> Target {
        let sender: UserID = cell.action.hasSuffix("_other") ? "m" : UserID(trusted: cell.actor)
        return Target(sender: sender, kind: .message, time: cell.action.hasSuffix("_late") ? now - 120_001 : now - 120_000)
    }

    /// The place of the user of this name; nil for who has none.
    static func place(_ name: String, in kind: ConversationKind) -> Membership? {
        var row = Membership(conversation: id, user: UserID(trusted: name), slot: 4, role: .member)
        switch name {
        case "owner": row.role = .owner
        case "administrator", "a": row.role = .administrator
        case "member", "m": break
        case "muted": row.mutedUntil = now + 1
        case "blocked": row.blocked = true
        case "former": row.state = .left
        case "invited", "i": row.state = .invited
        case "requested": row.state = .requested
        case "banned", "b": row.state = .banned
        default: return nil
        }
        return row
    }

    static func conversation(_ world: String, for actor: String) -> Conversation {
        let kind: ConversationKind = world == "direct" ? .direct : .group
        var rules = GroupRules()
        if world == "restricted" {
            (rules.send, rules.invite, rules.mentionAll, rules.joining) = (.administrators, .members, .members, .approval)
        }
        if world == "closed" { rules.joining = .closed }
        var conversation = Conversation(
            head: ConversationHead(
                conversation: id, kind: kind, title: "G", sequence: 7, controlSequence: 3, memberCount: 4, rules: rules,
                dissolved: world == "dissolved"))
        for name in ["owner", "m", "a", "x", "b", "i", actor] {
            conversation.learn(UserID(trusted: name), place(name, in: kind))
        }
        return conversation
    }
}
