import NIOCore
import ParleyClient
import ParleyDomain
import ParleyWire

/// Answers to the client's own questions.
extension ChatState {
    /// Entries that one look back asks for.
    static let historyEntries = 50

    mutating func answered(_ tag: UInt64, _ frame: ServerFrame, _ text: ByteBuffer) {
        guard let question = self.questions.removeValue(forKey: tag) else { return }
        if case .error(_, let error) = frame { return self.failed(question, error) }
        switch (question, frame) {
        case (.history(let id), .page(_, _, let page)): self.take(page, in: id)
        case (.receipts(let id), .receipts(_, _, let counts)): self.take(counts, in: id)
        case (.names, _): self.take(names: JSONTree(text)?["users"]?.elements ?? [])
        case (.members(let id), _): self.take(members: JSONTree(text), of: id)
        case (.readers(let id, let sequence, let list), _): self.take(readers: JSONTree(text), of: sequence, list, in: id)
        case (.join, .ack(_, let receipt)): self.joined(receipt.conversation)
        case (.report, _): self.notice("The administrators are told.")
        default: return
        }
    }

    private mutating func failed(_ question: Question, _ error: ReceivedError) {
        switch question {
        case .history(let id):
            self.change(id) { conversation in
                conversation.isLoading = false
                conversation.hasAll = error.retry == .never
            }
            self.refuse("The history did not come: \(error.message)")
        case .names(let users): for user in users { self.names[user] = user.rawValue }
        case .receipts, .list, .typing: return
        default: self.refuse(error.message)
        }
    }

    /// The connection went. What was asked for a person who waits is said; the rest is asked again when it matters.
    mutating func unanswered(_ tag: UInt64) {
        guard let question = self.questions.removeValue(forKey: tag) else { return }
        switch question {
        case .history(let id): self.change(id) { $0.isLoading = false }
        case .names(let users): self.wanted.formUnion(users)
        case .members, .readers, .join, .report: self.refuse("There is no connection now. Try again when there is.")
        case .list, .receipts, .lookUp, .complete, .typing: return
        }
    }

    private mutating func take(_ page: ReceivedPage, in id: ConversationID) {
        let entries = page.entries.filter { $0.kind?.hasTarget != true }.map { self.shown($0, foldedTo: page.head) }
        for entry in page.entries { self.want(entry.sender) }
        self.change(id) { conversation in
            conversation.isLoading = false
            conversation.hasAll = !page.more || conversation.entries.count >= ShownConversation.entriesMax
            conversation.oldest = min(conversation.oldest ?? .max, page.entries.map(\.sequence).min() ?? .max)
            for entry in entries { _ = conversation.place(entry) }
        }
        guard self.isPlain else { return }
        for entry in entries.reversed() { self.held.append(HeldLine(conversation: id, entry: entry)) }
    }

    private mutating func take(names rows: [JSONTree]) {
        if self.names.count > Self.namesKept { self.names = [self.user: self.name] }
        for row in rows {
            guard let user = row["user"]?.text.flatMap({ UserID(rawValue: $0) }), let name = row["name"]?.text else { continue }
            self.names[user] = name
            self.wanted.remove(user)
        }
    }

    private mutating func take(members answer: JSONTree?, of id: ConversationID) {
        let rows = answer?["members"]?.elements ?? []
        self.take(names: rows)
        let active = rows.filter { $0["active"]?.boolean == true }
        let list = active.map { row in
            let role = row["role"]?.text ?? "member"
            return (row["name"]?.text ?? "?") + (role == "member" ? "" : " (\(role))")
        }
        let more = answer?["more"]?.boolean == true ? ", and more" : ""
        self.notice("Members: " + list.map { Shown.line($0) }.joined(separator: ", ") + more)
    }

    private mutating func take(readers answer: JSONTree?, of sequence: Int64, _ list: ReaderList, in id: ConversationID) {
        let rows = answer?["members"]?.elements ?? []
        self.take(names: rows)
        let names = rows.map { Shown.line($0["name"]?.text ?? "?") }
        let more = answer?["more"]?.boolean == true ? ", and more" : ""
        let label = list == .read ? "has been read by" : "has not been read by"
        self.notice("#\(sequence) \(label): " + (names.isEmpty ? "nobody" : names.joined(separator: ", ") + more))
    }

    private mutating func joined(_ id: ConversationID) {
        self.effects.append(.refreshList(tag: self.tag(for: .list)))
        self.change(id) { $0.isMember = true }
        self.show(id)
    }

    // MARK: People by name

    /// Looks the next name up, or does what they were looked up for.
    mutating func goOn() {
        guard let lookUp = self.lookUp else { return }
        guard let name = lookUp.names.first else {
            self.lookUp = nil
            return self.perform(lookUp)
        }
        let known = self.names.filter { $0.value.lowercased() == name.lowercased() && $0.key != self.user }
        if known.count == 1, let user = known.keys.first { return self.foundName(user) }
        self.effects.append(.search(name, tag: self.tag(for: .lookUp)))
    }

    private mutating func foundName(_ user: UserID) {
        self.lookUp?.found.append(user)
        self.lookUp?.names.removeFirst()
        self.goOn()
    }

    mutating func found(_ tag: UInt64, _ users: [UserProfile]?) {
        guard let question = self.questions.removeValue(forKey: tag) else { return }
        for profile in users ?? [] { self.names[profile.user] = profile.name }
        switch question {
        case .complete: self.foundChoices(users ?? [])
        case .lookUp:
            guard let name = self.lookUp?.names.first else { return }
            guard let users else {
                self.lookUp = nil
                return self.refuse("There is no connection: nobody can be looked up now. Try again when there is.")
            }
            guard let profile = users.first(where: { $0.name.lowercased() == name.lowercased() }) else {
                self.lookUp = nil
                let others = users.prefix(5).map { Shown.line($0.name) }.joined(separator: ", ")
                return self.refuse("There is nobody by the name of \(name)." + (others.isEmpty ? "" : " There is: \(others)."))
            }
            self.foundName(profile.user)
        default: return
        }
    }
}
