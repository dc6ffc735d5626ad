import ParleyClient
import ParleyDomain
import ParleyWire

/// Lines that are entered.
extension ChatState {
    mutating func enter(_ line: String) {
        self.notices = []
        let line = line.hasSuffix("\r") ? String(line.dropLast()) : line
        guard line.contains(where: { !$0.isWhitespace }) else { return }
        guard self.readsCommands else { return self.send(line) }
        if line.hasPrefix("//") { return self.send(String(line.dropFirst())) }
        guard line.hasPrefix("/") else { return self.send(line) }
        do throws(ChatCommand.Failure) {
            self.perform(try ChatCommand.parse(line))
        } catch {
            self.refuse(error.text)
        }
    }

    /// A line that is not done as it stands: a pipe's exit status tells.
    mutating func refuse(_ text: String) {
        self.refusals += 1
        self.notice(text)
    }

    private mutating func perform(_ command: ChatCommand) {
        switch command {
        case .help:
            for row in ChatCommand.table {
                self.notice("/" + Shown.padded(row.name + " " + row.usage, 26) + " " + row.help)
            }
            if !self.isPlain {
                self.notice(
                    "Tab completes, Page Up scrolls back, Alt-Up and Alt-Down change the conversation, Alt-Enter breaks a line.")
            }
        case .list: self.sayList()
        case .open(let name): if let id = self.find(name) { self.show(id) }
        case .direct(let name): self.look(up: [name], for: .direct)
        case .group(let title, let names): self.look(up: names, for: .group(title))
        case .join(let link): self.ask(.join(self.makeClientID(), link: link), for: .join)
        case .accept(let name): self.answerInvitation(name, .join(link: nil))
        case .decline(let name): self.answerInvitation(name, .decline(nil))
        case .retry: self.effects.append(.retry)
        case .quit: self.effects.append(.quit)
        default: self.performInConversation(command)
        }
    }

    private mutating func performInConversation(_ command: ChatCommand) {
        guard let id = self.openID else { return self.refuse("Open a conversation first: /open NAME, /dm NAME or /group TITLE.") }
        switch command {
        case .add(let names): self.look(up: names, for: .add(id))
        case .invite(let names): self.look(up: names, for: .invite(id))
        case .members: self.ask(.members(id, afterSlot: 0, limit: 200), for: .members(id))
        case .history: self.fetchHistory(id)
        case .who(let number):
            guard let sequence = self.own(number, in: id) else { return }
            for list in [ReaderList.read, .unread] {
                self.ask(
                    .readers(id, sequence: sequence, list: list, afterSlot: 0, limit: 100), for: .readers(id, sequence, list))
            }
        case .reply(let number, let text): self.send(text, replyTo: number)
        case .react(let number, let emoji, let on):
            self.submit(.react(target: number, emoji: emoji, on: on), to: id, "The reaction")
        case .edit(let number, let text):
            guard let sequence = self.own(number, in: id) else { return }
            self.submit(.edit(target: sequence, NewMessage(content: self.content(text, in: id))), to: id, "The change")
        case .recall(let number):
            guard let sequence = self.own(number, in: id) else { return }
            self.submit(.recall(target: sequence), to: id, "Taking the message back")
        case .report(let number, let reason):
            self.ask(.note(.report(id, sequence: number, reason: reason)), for: .report)
        case .title(let title):
            var change = SettingsChange()
            change.title = title
            self.submit(.change(change), to: id, "The new title")
        case .leave: self.submit(.leave, to: id, "Leaving")
        default: return
        }
    }

    /// The newest stored message of one's own where no number is named.
    private mutating func own(_ number: Int64, in id: ConversationID) -> Int64? {
        if number > 0 { return number }
        let newest = self.conversations[id]?.entries.last { entry in
            if case .message = entry.body { entry.sender == self.user && !entry.isRecalled } else { false }
        }
        if newest == nil { self.refuse("There is no message of yours here. Name one by its number.") }
        return newest?.sequence
    }

    // MARK: Sending

    private mutating func send(_ text: String, replyTo: Int64 = 0) {
        guard let id = self.openID else {
            return self.refuse(
                self.readsCommands
                    ? "Open a conversation first: /open NAME, /dm NAME or /group TITLE." : "Name the conversation with --open.")
        }
        guard text.unicodeScalars.count <= Limits.textCharacters else {
            return self.refuse(
                "A message has at most \(Limits.textCharacters) characters; this one has \(text.unicodeScalars.count).")
        }
        let content = self.content(text, in: id)
        let clientID = self.makeClientID()
        self.keep(.command(.send(id, clientID, content: content, relatesTo: replyTo)))
        self.change(id) { conversation in
            conversation.anchor = nil
            conversation.counts[0] = nil
        }
        self.effects.append(.submit(.command(.send(id, clientID, content: content, relatesTo: replyTo))))
    }

    /// The content of a text, with the people whom it names by `@`.
    private func content(_ text: String, in id: ConversationID) -> [UInt8] {
        var users: [UserID] = []
        for (user, name) in self.names.sorted(by: { $0.key < $1.key }) where user != self.user && !name.isEmpty {
            if users.count < Limits.mentionsPerMessage, text.mentions(name) { users.append(user) }
        }
        var json = #"{"type":"text","text":"# + ControlContent.quoted(text)
        if !users.isEmpty {
            json += #","mentions":["# + users.map { ControlContent.quoted($0.rawValue) }.joined(separator: ",") + "]"
        }
        return Array((json + "}").utf8)
    }

    private mutating func submit(_ action: Command.Action, to id: ConversationID, _ what: String) {
        let item = OutboxItem.command(Command(id, self.makeClientID(), action))
        self.commands[item.clientID] = what
        self.outbox.append(item)
        self.effects.append(.submit(item))
    }

    /// Puts a command among those that are not settled; a message is shown as waiting.
    mutating func keep(_ item: OutboxItem) {
        self.outbox.append(item)
        guard case .command(let command) = item, case .send(let message) = command.action else { return }
        let text = JSONTree(message.content)?["text"]?.text ?? ""
        let entry = ShownEntry(
            sequence: 0, clientID: command.clientID, sender: self.user, time: self.now, body: .message(text),
            replyTo: message.relatesTo, status: .waiting)
        self.change(command.conversation) { conversation in
            conversation.waiting.append(entry)
            // Refused ones are shown until there are too many of them.
            if conversation.waiting.count > 200, let old = conversation.waiting.firstIndex(where: { $0.status != .waiting }) {
                conversation.waiting.remove(at: old)
            }
        }
    }

    // MARK: Conversations

    private mutating func sayList() {
        let list = self.list
        if list.isEmpty { self.notice("No conversation yet: /dm NAME or /group TITLE.") }
        for (index, conversation) in list.enumerated() {
            var line = "\(index + 1) \(self.title(of: conversation))"
            if conversation.unread > 0 { line += " (\(conversation.unread > 99 ? "99+" : "\(conversation.unread)") unread)" }
            if !conversation.isMember { line += " (invited: /accept)" }
            self.notice(line)
        }
    }

    /// By its number in the list, its whole title, or the beginning of it.
    mutating func find(_ name: String) -> ConversationID? {
        let list = self.list
        let folded = name.lowercased()
        let titles = list.map { (id: $0.id, title: self.title(of: $0).lowercased()) }
        if let exact = titles.first(where: { $0.title == folded }) { return exact.id }
        if let number = Int(name), (1...max(1, list.count)).contains(number), !list.isEmpty { return list[number - 1].id }
        let beginning = titles.filter { $0.title.hasPrefix(folded) }
        if beginning.count == 1, let only = beginning.first { return only.id }
        self.refuse(
            beginning.isEmpty ? "There is no conversation \(name). /list lists yours." : "More than one begins with \(name).")
        return nil
    }

    mutating func show(_ id: ConversationID) {
        self.openID = id
        self.change(id) { $0.anchor = nil }
        if self.isPlain { if let open = self.open { self.notice("open: \(self.title(of: open))") } }
        if self.conversations[id]?.isInvited == true { self.notice("You are invited: /accept or /decline.") }
        if self.conversations[id]?.oldest == nil, !self.isPlain { self.fetchHistory(id) }
        if self.link == .live, self.conversations[id]?.isMember == true {
            self.ask(.receipts(id, nil), for: .receipts(id))
            if self.conversations[id]?.peer == nil, !self.isPlain { self.want(membersOf: id) }
        }
        self.readOpen()
    }

    /// The names of the newest senders are learnt from their messages; of the others when `/members` asks.
    private mutating func want(membersOf id: ConversationID) {
        for entry in self.conversations[id]?.entries.suffix(200) ?? [] { self.want(entry.sender) }
    }

    mutating func fetchHistory(_ id: ConversationID) {
        guard let conversation = self.conversations[id], conversation.isMember, !conversation.isLoading, !conversation.hasAll
        else {
            return
        }
        guard self.link == .live else { return }
        self.change(id) { $0.isLoading = true }
        self.ask(.history(id, .before(conversation.oldest ?? .max), limit: Self.historyEntries), for: .history(id))
    }

    private mutating func answerInvitation(_ name: String, _ action: Command.Action) {
        guard let id = name.isEmpty ? self.openID : self.find(name) else {
            return name.isEmpty ? self.refuse("Name the group: /list lists yours.") : ()
        }
        self.submit(action, to: id, "That")
    }

    // MARK: People

    private mutating func look(up names: [String], for purpose: LookUp.Purpose) {
        guard self.lookUp == nil else { return self.refuse("Wait for the people that are being looked up.") }
        guard names.count <= 100 else { return self.refuse("At most 100 names at a time.") }
        self.lookUp = LookUp(purpose: purpose, names: names)
        self.goOn()
    }

    /// All names were found.
    mutating func perform(_ lookUp: LookUp) {
        switch lookUp.purpose {
        case .add(let id): self.submit(.add(lookUp.found), to: id, "Adding")
        case .invite(let id): self.submit(.invite(lookUp.found), to: id, "Inviting")
        case .direct:
            guard let user = lookUp.found.first, user != self.user else { return self.refuse("That is you.") }
            if let known = self.conversations.values.first(where: { $0.peer == user }) { return self.show(known.id) }
            self.create(NewConversation(kind: .direct, title: ""), [user])
        case .group(let title): self.create(NewConversation(kind: .group, title: title), lookUp.found)
        }
    }

    private mutating func create(_ new: NewConversation, _ members: [UserID]) {
        let item = OutboxItem.create(self.makeClientID(), new, members: members)
        self.commands[item.clientID] = "Making the conversation"
        self.outbox.append(item)
        self.opening = item.clientID
        self.effects.append(.submit(item))
    }
}

extension String {
    /// Whether the text names somebody: an at sign, the name, and no letter or digit after it.
    fileprivate func mentions(_ name: String) -> Bool {
        var rest = self[...]
        while let mark = rest.firstIndex(of: "@") {
            rest = rest[rest.index(after: mark)...]
            guard rest.lowercased().hasPrefix(name.lowercased()) else { continue }
            let next = rest.dropFirst(name.count).first
            if next.map({ $0.isLetter || $0.isNumber }) != true { return true }
        }
        return false
    }
}
