import NIOCore
import ParleyClient
import ParleyDomain
import ParleyWire

/// What comes from the server.
extension ChatState {
    mutating func take(_ event: ChatEvent) {
        switch event {
        // Between two tries it stays offline for who looks.
        case .connecting: break
        case .live:
            if case .offline = self.link { self.say("connected again") }
            self.link = .live
            self.refresh()
        case .offline(let why, _):
            if case .offline = self.link {} else { self.say("offline: \(why)") }
            self.link = .offline(why)
        case .listed(let summaries, let whole): self.listed(summaries, whole: whole)
        case .accepted(let conversation, let entry): self.accepted(entry, in: conversation)
        case .settled(let clientID, let receipt): self.settled(clientID, receipt)
        case .unchanged(let clientID): self.forget(clientID)
        case .created(let clientID, let conversation): self.created(clientID, conversation)
        case .refused(let clientID, let error): self.refused(clientID, error)
        case .ended(let conversation): self.ended(conversation)
        case .startOver:
            self.conversations = [:]
            self.openID = nil
            self.notice("The server was restored from a copy: everything is fetched anew.")
        case .loggedOut(let error):
            self.isLoggedOut = true
            self.notice("Logged out: \(error.message)")
            self.effects.append(.quit)
        case .pushed(let frame): self.pushed(frame)
        case .answer(let tag, let frame, let text): self.answered(tag, frame, text)
        case .unanswered(let tag): self.unanswered(tag)
        }
    }

    /// In a pipe, a change of the connection is a line; on a screen, the banner tells.
    private mutating func say(_ text: String) { if self.isPlain { self.notice(text) } }

    /// After a new connection: what no log tells.
    private mutating func refresh() {
        guard let id = self.openID else { return }
        self.ask(.receipts(id, nil), for: .receipts(id))
        if self.conversations[id]?.oldest == nil { self.fetchHistory(id) }
    }

    // MARK: The list

    private mutating func listed(_ summaries: [ReceivedSummary], whole: Bool) {
        for summary in summaries {
            self.change(summary.conversation) { conversation in
                if let kind = summary.kind { conversation.kind = kind }
                conversation.isMember = summary.isMember
                conversation.isInvited = !summary.isMember && !summary.title.isEmpty
                conversation.title = summary.title
                conversation.peer = summary.peer
                conversation.head = max(conversation.head, summary.head)
                conversation.read = max(conversation.read, summary.read)
                if summary.isMember { conversation.unread = summary.unread }
            }
            if let peer = summary.peer { self.want(peer) }
            if summary.conversation == self.openID { self.readOpen() }
            self.touch(summary.conversation)
        }
        if whole, !self.hasList {
            self.hasList = true
            if !self.isPlain, self.list.isEmpty {
                self.notice("No conversation yet. /dm NAME begins one, /group TITLE makes a group, /help lists the rest.")
            }
        }
    }

    private mutating func ended(_ id: ConversationID) {
        guard self.conversations[id]?.isMember == true else { return }
        self.change(id) { conversation in
            conversation.isMember = false
            conversation.unread = 0
        }
        if let conversation = self.conversations[id] {
            self.notice("You are no member of \(self.title(of: conversation)) any more.")
        }
    }

    // MARK: Entries

    private mutating func accepted(_ entry: ReceivedEntry, in id: ConversationID) {
        let isNew = self.conversations[id]?.isMember != true
        if isNew, self.hasList, self.conversations[id]?.title.isEmpty != false {
            self.effects.append(.refreshList(tag: self.tag(for: .list)))
        }
        let isOwn = entry.sender == self.user
        self.change(id) { conversation in
            conversation.isMember = true
            conversation.head = max(conversation.head, entry.sequence)
            if isOwn { conversation.waiting.removeAll { $0.clientID == entry.clientID } }
            if conversation.oldest == nil, entry.sequence == 1 { conversation.hasAll = true }
        }
        if entry.kind?.hasTarget == true {
            self.apply(entry, in: id)
        } else {
            self.show(entry, in: id)
        }
        self.touch(id)
        guard entry.kind == .message, entry.sender != self.user else { return self.readOpen() }
        self.change(id) { $0.typing[entry.sender] = nil }
        if id == self.openID, self.conversations[id]?.anchor == nil {
            self.readOpen()
        } else if entry.sequence > self.conversations[id]?.read ?? 0 {
            self.change(id) { $0.unread += 1 }
            self.effects.append(.bell)
        }
    }

    private mutating func show(_ entry: ReceivedEntry, in id: ConversationID) {
        let shown = self.shown(entry)
        self.want(entry.sender)
        var isPlaced = false
        let isFollowing = id != self.openID || self.conversations[id]?.anchor == nil
        self.change(id) { conversation in
            isPlaced = conversation.place(shown)
            conversation.oldest = min(conversation.oldest ?? .max, entry.sequence)
            // In a larger step, so that it is seldom.
            if isFollowing, conversation.entries.count > ShownConversation.entriesKept {
                conversation.entries.removeFirst(ShownConversation.entriesKept / 4)
                conversation.oldest = conversation.entries.first?.sequence
                conversation.hasAll = false
            }
            if case .change = shown.body, let title = Self.title(in: entry) { conversation.title = title }
        }
        if isPlaced, self.isPlain { self.held.append(HeldLine(conversation: id, entry: shown)) }
    }

    private static func title(in entry: ReceivedEntry) -> String? {
        guard entry.kind == .changed || entry.kind == .created else { return nil }
        return JSONTree(entry.content)?["title"]?.text
    }

    /// An edit, recall or reaction: changes the message that it is about, if that is here and does not have it yet.
    private mutating func apply(_ entry: ReceivedEntry, in id: ConversationID) {
        let isOwn = entry.sender == self.user
        self.change(id) { conversation in
            guard let index = conversation.index(of: entry.relatesTo), conversation.entries[index].foldedTo < entry.sequence
            else {
                return
            }
            conversation.entries[index].foldedTo = entry.sequence
            let content = JSONTree(entry.content)
            switch entry.kind {
            case .edit:
                conversation.entries[index].isEdited = true
                if let content { conversation.entries[index].body = .message(Self.text(of: content)) }
            case .recall:
                conversation.entries[index].isRecalled = true
                conversation.entries[index].body = .message("")
                conversation.entries[index].reactions = []
            case .reaction:
                guard let emoji = content?["emoji"]?.text, let on = content?["on"]?.boolean else { return }
                conversation.entries[index].react(emoji, on: on, isOwn: isOwn)
            default: return
            }
        }
    }

    /// As it is shown; of an entry of a page, with what happened to it since.
    func shown(_ entry: ReceivedEntry, foldedTo head: Int64 = 0) -> ShownEntry {
        let content = JSONTree(entry.content)
        let body: ShownEntry.Body =
            entry.kind == .message
            ? .message(entry.withheld ? "(not for you to see)" : content.map { Self.text(of: $0) } ?? "")
            : .change(self.description(of: entry, content))
        var shown = ShownEntry(
            sequence: entry.sequence, clientID: entry.clientID, sender: entry.sender, time: entry.time, body: body,
            replyTo: entry.relatesTo, foldedTo: max(head, entry.sequence))
        if let state = entry.state {
            shown.isEdited = state.edited > 0
            shown.isRecalled = state.recalled > 0
            shown.reactions = state.reactions
        }
        return shown
    }

    private static func text(of content: JSONTree) -> String {
        let text = content["text"]?.text ?? ""
        let type = content["type"]?.text ?? "text"
        return type == "text" ? text : "[\(type)] \(text)"
    }

    private func description(of entry: ReceivedEntry, _ content: JSONTree?) -> String {
        let people = (content?["users"]?.elements ?? []).compactMap { $0.text.flatMap { UserID(rawValue: $0) } }
        let user = content?["user"]?.text.flatMap { UserID(rawValue: $0) }
        let who = people.isEmpty ? user.map { self.name(of: $0) } ?? "" : people.map { self.name(of: $0) }.joined(separator: ", ")
        switch entry.kind {
        case .created: return "made the conversation"
        case .added: return "added \(who)"
        case .left: return "left"
        case .removed: return "removed \(who)"
        case .role: return "made \(who) \(content?["role"]?.text ?? "something else")"
        case .changed: return content?["title"]?.text.map { "renamed the group: \($0)" } ?? "changed the group"
        case .banned: return "banned \(who)"
        case .unbanned: return "let \(who) come in again"
        case .muted: return content?["until"]?.integer == 0 ? "lets \(who) write again" : "muted \(who)"
        case .transferred: return "made \(who) the owner"
        case .dissolved: return "dissolved the group"
        case .joined: return "joined"
        case .invited: return "invited \(who)"
        case .requested: return "asks to join"
        case .declined: return "declined"
        case .link: return "changed the links"
        default: return "did something that this version does not know"
        }
    }

    // MARK: One's own

    /// The entry itself comes as accepted: at once, or by a pull that brings it in its order.
    private mutating func settled(_ clientID: ClientID, _ receipt: Receipt) {
        self.forget(clientID)
        self.change(receipt.conversation) { conversation in conversation.waiting.removeAll { $0.clientID == clientID } }
    }

    private mutating func created(_ clientID: ClientID, _ conversation: ConversationID) {
        self.forget(clientID)
        self.effects.append(.refreshList(tag: self.tag(for: .list)))
        self.change(conversation) { $0.isMember = true }
        if self.opening == clientID {
            self.opening = nil
            self.show(conversation)
        }
    }

    private mutating func refused(_ clientID: ClientID, _ error: ReceivedError) {
        self.refusals += 1
        let what = self.forget(clientID)
        if self.opening == clientID { self.opening = nil }
        var isMessage = false
        for id in self.conversations.keys {
            self.change(id) { conversation in
                guard let index = conversation.waiting.firstIndex(where: { $0.clientID == clientID }) else { return }
                conversation.waiting[index].status = .refused(error.message)
                isMessage = true
            }
        }
        if !isMessage || self.isPlain { self.notice("\(what ?? "That") was refused: \(error.message)") }
    }

    @discardableResult
    private mutating func forget(_ clientID: ClientID) -> String? {
        self.outbox.removeAll { $0.clientID == clientID }
        return self.commands.removeValue(forKey: clientID)
    }

    // MARK: News that no log has

    private mutating func pushed(_ frame: ServerFrame) {
        switch frame {
        case .receipts(_, let id, let counts): self.take(counts, in: id)
        case .typing(let id, let users):
            let (until, others) = (self.now + 4_000, users.filter { $0 != self.user })
            self.change(id) { conversation in for user in others { conversation.typing[user] = until } }
            for user in users { self.want(user) }
        case .position(let id, let read, _):
            let user = self.user
            self.change(id) { conversation in
                guard read > conversation.read else { return }
                conversation.read = read
                let isOthers = { (entry: ShownEntry) in
                    if case .message = entry.body { entry.sequence > read && entry.sender != user } else { false }
                }
                conversation.unread = min(conversation.unread, Int64(conversation.entries.count(where: isOthers)))
            }
        default: return
        }
    }

    mutating func take(_ counts: [MessageReceipts], in id: ConversationID) {
        self.change(id) { conversation in
            for receipt in counts { conversation.counts[receipt.sequence] = receipt.counts }
            // Old ones are asked for again when they are looked at.
            if conversation.counts.count > 2_000 { conversation.counts = [:] }
        }
    }

    /// Tells the server that the open conversation is read as far as it is shown.
    mutating func readOpen() {
        guard let id = self.openID, let conversation = self.conversations[id], conversation.anchor == nil, conversation.isMember
        else { return }
        guard conversation.head > conversation.read || conversation.unread > 0 else { return }
        self.change(id) { conversation in
            conversation.read = conversation.head
            conversation.unread = 0
        }
        self.effects.append(.read(id, upTo: conversation.head, urgent: false))
    }
}

extension ShownEntry {
    mutating func react(_ emoji: String, on: Bool, isOwn: Bool) {
        let index = self.reactions.firstIndex { $0.emoji == emoji }
        if on {
            if let index {
                if isOwn, self.reactions[index].mine { return }
                self.reactions[index].count += 1
                self.reactions[index].mine = self.reactions[index].mine || isOwn
            } else {
                self.reactions.append(ReactionCount(emoji: emoji, count: 1, mine: isOwn))
            }
        } else if let index {
            self.reactions[index].count -= 1
            if isOwn { self.reactions[index].mine = false }
            if self.reactions[index].count <= 0 { self.reactions.remove(at: index) }
        }
    }
}
