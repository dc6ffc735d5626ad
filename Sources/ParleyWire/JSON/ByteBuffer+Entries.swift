import NIOCore
import ParleyDomain

extension ByteBuffer {
    /// The fields that an event, a page and a preview have in common and that never change, without braces.
    mutating func writeEntryFields(_ entry: Entry) {
        self.writeStaticString(#""sequence":"#)
        self.writeDecimal(entry.sequence)
        self.writeStaticString(#","message":""#)
        self.writeDecimal(entry.id)
        self.writeStaticString(#"","kind":""#)
        self.writeString(entry.kind.name)
        self.writeStaticString(#"","sender":""#)
        self.writeString(entry.sender.rawValue)
        self.writeStaticString(#"","client_id":""#)
        self.writeString(entry.clientID.rawValue)
        self.writeStaticString(#"","time":"#)
        self.writeDecimal(entry.time)
        if entry.relatesTo > 0 {
            self.writeStaticString(entry.kind.hasTarget ? #","target":"# : #","reply_to":"#)
            self.writeDecimal(entry.relatesTo)
        }
        if entry.thread > 0 {
            self.writeStaticString(#","thread":"#)
            self.writeDecimal(entry.thread)
        }
    }

    /// What the entry says, or that it may not be said. A store gives no content where it may not be shown.
    mutating func writeContent(of entry: Entry, withheld: Bool) {
        guard !withheld, !entry.content.isEmpty else {
            self.writeStaticString(#","withheld":true"#)
            return
        }
        self.writeStaticString(#","content":"#)
        self.writeBytes(entry.content)
    }

    /// An entry as it is now.
    mutating func writeEntry(_ entry: Entry, _ state: MessageState?) {
        self.writeStaticString("{")
        self.writeEntryFields(entry)
        if state == nil || state?.recalled == 0 { self.writeContent(of: entry, withheld: false) }
        if let state { self.writeState(state) }
        self.writeStaticString("}")
    }

    private mutating func writeState(_ state: MessageState) {
        if state.edited > 0 { self.writeField("edited", state.edited) }
        if state.recalled > 0 { self.writeField("recalled", state.recalled) }
        if state.pinned { self.writeField("pinned", true) }
        if state.replies > 0 { self.writeField("replies", state.replies) }
        guard !state.reactions.isEmpty else { return }
        self.writeList("reactions", state.reactions) { body, reaction in
            body.writeStaticString(#"{"emoji":"#)
            body.writeJSONString(reaction.emoji)
            body.writeField("count", reaction.count)
            body.writeField("mine", reaction.mine)
            body.writeStaticString("}")
        }
    }

    mutating func writeEntries(of page: Page) {
        self.writeStaticString("[")
        for index in page.entries.indices {
            if index > 0 { self.writeStaticString(",") }
            let entry = page.entries[index]
            self.writeEntry(entry, page.states.isEmpty ? nil : page.states[entry.sequence])
        }
        self.writeStaticString("]")
    }

    /// A list, after another field. Each element is written by `write`.
    mutating func writeList<Element>(
        _ name: StaticString, _ elements: [Element], _ write: (inout ByteBuffer, Element) -> Void
    ) {
        self.writeStaticString(",\"")
        self.writeStaticString(name)
        self.writeStaticString("\":[")
        for index in elements.indices {
            if index > 0 { self.writeStaticString(",") }
            write(&self, elements[index])
        }
        self.writeStaticString("]")
    }

    // MARK: Conversations

    /// One line of the conversation list.
    mutating func writeSummary(_ summary: ConversationSummary, page: Page?) {
        self.writeStaticString(#"{"conversation":""#)
        self.writeString(summary.head.conversation.rawValue)
        self.writeStaticString(#"","kind":""#)
        self.writeString(summary.head.kind.name)
        self.writeStaticString("\"")
        // Who is not in it learns no more of it than that; who is asked in, or asks to, its title too.
        switch summary.membership.state {
        case .active: self.writeActive(summary, page)
        case .invited, .requested: self.writeField("title", text: summary.head.title)
        case .left, .banned: break
        }
        if !summary.membership.active { self.writeField("role", text: summary.membership.standing) }
        self.writeStaticString("}")
    }

    private mutating func writeActive(_ summary: ConversationSummary, _ page: Page?) {
        let (head, membership) = (summary.head, summary.membership)
        self.writeField("title", text: head.title)
        if let peer = summary.peer { self.writeField("peer", peer) }
        self.writeField("role", text: membership.role.name)
        self.writeField("members", Int64(head.memberCount))
        self.writeField("head", head.sequence)
        self.writeField("read", membership.read)
        self.writeField("delivered", membership.delivered)
        self.writeField("unread", summary.unread)
        if summary.mentions > 0 { self.writeField("mentions", summary.mentions) }
        if membership.notify != .all { self.writeField("notify", text: membership.notify.name) }
        if membership.mutedUntil > 0 { self.writeField("muted_until", membership.mutedUntil) }
        if head.kind == .group { self.writeSettings(of: head) }
        if head.dissolved { self.writeField("dissolved", true) }
        if membership.blocked { self.writeField("blocked", true) }
        self.writeField("visible_from", membership.visibleFrom)
        self.writeField("time", head.time)
        if let preview = summary.preview {
            self.writeStaticString(#","preview":"#)
            self.writeEntry(preview, summary.previewState)
        }
        if let page {
            self.writeStaticString(#","entries":"#)
            self.writeEntries(of: page)
            self.writeField("more", page.more)
        }
    }

    private mutating func writeSettings(of head: ConversationHead) {
        self.writeAppearance(of: head)
        self.writeField("member_cap", Int64(head.memberCap))
        self.writeField("history_visible", head.historyVisible)
        self.writeStaticString(#","rules":{"send":""#)
        self.writeString(head.rules.send.name)
        self.writeStaticString("\"")
        self.writeField("invite", text: head.rules.invite.name)
        self.writeField("mention_all", text: head.rules.mentionAll.name)
        self.writeField("join", text: head.rules.joining.name)
        self.writeField("slow_ms", head.rules.slowMilliseconds)
        self.writeField("recall_ms", head.rules.recallMilliseconds)
        self.writeField("receipts", head.rules.receipts)
        self.writeStaticString("}")
    }

    /// What a group shows beside its title, where it has it.
    mutating func writeAppearance(of head: ConversationHead) {
        if !head.description.isEmpty { self.writeField("description", text: head.description) }
        if !head.avatar.isEmpty { self.writeField("avatar", text: head.avatar) }
    }
}

extension Membership {
    /// How the user stands to the conversation, in one word.
    var standing: String {
        switch self.state {
        case .active: self.role.name
        case .invited, .requested: self.state.name
        case .left, .banned: "none"
        }
    }
}
