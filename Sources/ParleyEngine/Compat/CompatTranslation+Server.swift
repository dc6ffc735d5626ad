import NIOCore
import ParleyDomain
import ParleyWire

/// What the native connection says, as envelopes.
extension CompatTranslation {
    mutating func handle(_ frame: ServerFrame, _ steps: inout [Step]) -> Progress {
        switch frame {
        case .hello(let hello): self.pingMilliseconds = hello.heartbeatMilliseconds
        case .ready(_, let user): return self.enter(user, &steps)
        case .event(let id, let entry): return self.event(id, entry, &steps)
        case .heartbeat(_, let heads), .behind(let heads), .heads(let heads): return self.tell(heads, &steps)
        case .ack(let request, let receipt): self.acknowledged(request, receipt, &steps)
        case .created(let request, let id, _): self.opened(request, id, &steps)
        case .page(let request, _, let page): return self.page(request, page, &steps)
        case .synced(let request, let sync): return self.synced(request, sync, &steps)
        case .ok(let request):
            guard case .read(let target, let sequence)? = self.pending.removeValue(forKey: request)?.call else { break }
            self.envelope(&steps) { CompatEncoder.read(target, sequence: sequence, into: &$0) }
        case .position(let id, let read, _):
            guard let target = self.told(id) else { break }
            self.envelope(&steps) { CompatEncoder.read(target, sequence: read, into: &$0) }
        case .pong(let request, let time): self.pong(request, time, &steps)
        case .error(let request, let error): self.failed(request, error, &steps)
        case .reconnect(let milliseconds):
            self.envelope(&steps) { CompatEncoder.reconnect(afterMilliseconds: milliseconds, into: &$0) }
        case .receipts, .typing, .presence, .other: break
        }
        return .done
    }

    private func envelope(_ steps: inout [Step], _ write: (inout ByteBuffer) -> Void) {
        var buffer = ByteBuffer()
        write(&buffer)
        steps.append(.envelope(buffer))
    }

    /// The target of a conversation that this connection tells of; nil for others.
    private func told(_ id: ConversationID) -> CompatTarget? {
        guard let target = self.places[id]?.target else { return nil }
        return target.isGroup ? (self.groups[id] == nil ? nil : target) : (self.isBound ? target : nil)
    }

    // MARK: Answers

    private mutating func enter(_ user: UserID, _ steps: inout [Step]) -> Progress {
        self.entry = .entering(user)
        guard let me = self.users[user] else { return self.written.looks == 0 ? .look(.names([user], [])) : .done }
        self.entry = .inside(me)
        self.pending = self.pending.filter { $0.value.call != .auth }
        self.envelope(&steps) {
            CompatEncoder.ready(me, connection: self.connection, pingMilliseconds: self.pingMilliseconds, into: &$0)
        }
        return .done
    }

    private mutating func acknowledged(_ request: Int64, _ receipt: Receipt, _ steps: inout [Step]) {
        guard case .speak(let target, let content)? = self.pending.removeValue(forKey: request)?.call, let me = self.me else {
            return
        }
        self.envelope(&steps) { CompatEncoder.acknowledged(target, receipt, into: &$0) }
        let id = receipt.conversation
        guard target.isGroup else {
            self.directs[id] = max(self.directs[id] ?? 0, receipt.sequence)
            return
        }
        if let newest = self.joining[id] { self.joining[id] = max(newest, receipt.sequence) }
        // A group's speaker hears himself (R109), in the ack's place, which is the event's; a repeat's ack is older than what was told.
        guard let told = self.groups[id], receipt.sequence > told else { return }
        self.groups[id] = receipt.sequence
        let line = CompatLine(
            .speak, target, from: me, content: content, clientID: receipt.clientID, sequence: receipt.sequence,
            message: receipt.id, time: receipt.time)
        self.envelope(&steps) { CompatEncoder.line(line, into: &$0) }
    }

    /// The private conversation is there: what waits for it goes on.
    private mutating func opened(_ request: Int64, _ id: ConversationID, _ steps: inout [Step]) {
        guard case .open(let number)? = self.pending.removeValue(forKey: request)?.call else { return }
        self.learn(id, Place(target: .user(number), title: ""))
        self.asked.waits = false
        self.serveClient(&steps)
    }

    private mutating func pong(_ request: Int64, _ time: Int64, _ steps: inout [Step]) {
        switch self.pending.removeValue(forKey: request)?.call {
        case .ping: self.envelope(&steps) { CompatEncoder.pong(time: time, into: &$0) }
        case .bind:
            guard let me = self.me else { return }
            self.isBound = true
            self.envelope(&steps) {
                CompatEncoder.joined(nil, title: "", head: 0, me, connection: self.connection, into: &$0)
            }
        default: return
        }
    }

    private mutating func failed(_ request: Int64?, _ error: ReceivedError, _ steps: inout [Step]) {
        let pending = request.flatMap { self.pending.removeValue(forKey: $0) }
        if case .join(let id)? = pending?.call { self.joining[id] = nil }
        let told = pending?.call == .refused ? error : error.inProfileNames
        self.envelope(&steps) { CompatEncoder.error(told, echo: pending?.echo ?? CompatEcho(), into: &$0) }
        if case .open? = pending?.call {
            self.asked.waits = false
            self.asked.next()
            self.serveClient(&steps)
        }
    }

    private mutating func page(_ request: Int64, _ page: ReceivedPage, _ steps: inout [Step]) -> Progress {
        switch self.pending[request]?.call {
        case .join(let id):
            self.pending[request] = nil
            guard let me = self.me, let place = self.places[id], case .group(let number) = place.target else { return .done }
            // What came while it was being joined was not told: it is history, as everything up to the newest entry then.
            let head = self.groups[id] ?? max(page.head, self.joining[id] ?? 0)
            self.joining[id] = nil
            self.groups[id] = head
            steps.append(.joined(id))
            self.envelope(&steps) {
                CompatEncoder.joined(number, title: place.title, head: head, me, connection: self.connection, into: &$0)
            }
        case .history(let target, let range):
            let missing = self.unknown(Set(page.entries.flatMap { Self.concerned($0) }))
            if !missing.isEmpty, self.written.looks == 0 { return .look(.names(missing, [])) }
            self.pending[request] = nil
            let lines = page.entries.flatMap { self.lines(of: $0, in: target) }
            let start =
                switch range {
                case .after(let sequence): sequence
                case .before(let sequence): min(sequence, page.head + 1)
                }
            self.envelope(&steps) {
                CompatEncoder.page(
                    target, lines, next: page.entries.last?.sequence ?? start, head: page.head, more: page.more, into: &$0)
            }
        default: break
        }
        return .done
    }

    private mutating func synced(_ request: Int64, _ sync: ReceivedSync, _ steps: inout [Step]) -> Progress {
        guard case .sync? = self.pending[request]?.call else { return .done }
        let mine = sync.conversations.filter(\.isMember)
        let places = mine.map(\.conversation).filter { self.places[$0] == nil }
        let missing = self.unknown(Set(mine.compactMap(\.peer)))
        if !places.isEmpty || !missing.isEmpty, self.written.looks == 0 { return .look(.names(missing, places)) }
        self.pending[request] = nil
        let list = mine.compactMap { line -> CompatSummary? in
            guard let target = self.places[line.conversation]?.target else { return nil }
            let name = line.peer.flatMap { self.users[$0]?.profile.name } ?? line.title
            return CompatSummary(target: target, name: name, head: line.head, read: line.read, unread: line.unread)
        }
        self.envelope(&steps) { CompatEncoder.synced(list, token: sync.token, more: sync.more, into: &$0) }
        return .done
    }

    // MARK: Pushes

    private mutating func event(_ id: ConversationID, _ entry: ReceivedEntry, _ steps: inout [Step]) -> Progress {
        if let newest = self.joining[id] {
            self.joining[id] = max(newest, entry.sequence)
            return .done
        }
        guard self.groups[id] != nil || self.isBound else { return .done }
        guard self.places[id] != nil else { return self.written.looks == 0 ? .look(.names([], [id])) : .done }
        guard let target = self.told(id) else { return .done }
        let last = self.groups[id] ?? self.directs[id]
        if let last, entry.sequence <= last { return .done }
        let missing = self.unknown(Set(Self.concerned(entry)))
        if !missing.isEmpty, self.written.looks < 2 { return .look(.names(missing, [])) }
        if let last, entry.sequence > last + 1 {
            self.envelope(&steps) { CompatEncoder.behind(target, sequence: entry.sequence - 1, into: &$0) }
        }
        self.moved(id, to: entry.sequence)
        for line in self.lines(of: entry, in: target) { self.envelope(&steps) { CompatEncoder.line(line, into: &$0) } }
        if let me = self.me, Self.notice(of: entry)?.event == .leave,
            CompatContent.users(in: entry.content).contains(me.profile.user)
        {
            self.groups[id] = nil
            steps.append(.parted(id))
        }
        return .done
    }

    private mutating func moved(_ id: ConversationID, to sequence: Int64) {
        if self.groups[id] != nil { self.groups[id] = sequence } else { self.directs[id] = sequence }
    }

    /// Heads that are above what was told: pushes were dropped because the client did not read.
    private mutating func tell(_ heads: [KnownHead], _ steps: inout [Step]) -> Progress {
        if self.isBound, self.written.looks == 0 {
            let unknown = heads.map(\.conversation).filter { self.places[$0] == nil }.prefix(Limits.syncConversations)
            if !unknown.isEmpty { return .look(.names([], Array(unknown))) }
        }
        for head in heads {
            if let newest = self.joining[head.conversation] { self.joining[head.conversation] = max(newest, head.sequence) }
            guard let target = self.told(head.conversation) else { continue }
            guard head.sequence > self.groups[head.conversation] ?? self.directs[head.conversation] ?? 0 else { continue }
            self.moved(head.conversation, to: head.sequence)
            self.envelope(&steps) { CompatEncoder.behind(target, sequence: head.sequence, into: &$0) }
        }
        return .done
    }

    /// A frame that cannot be told for want of names. An answer becomes an error; an event shows as a gap before the next one, or in a
    /// heartbeat.
    mutating func leaveOut(_ frame: ServerFrame, _ refusal: Refusal, _ steps: inout [Step]) {
        switch frame {
        case .ready(let request, _): steps.append(.refuse(request, refusal, closes: true))
        case .page(let request, _, _), .synced(let request, _): self.failed(request, ReceivedError(refusal), &steps)
        default: return
        }
    }

    // MARK: Entries

    private func unknown(_ users: Set<UserID>) -> [UserID] { users.filter { self.users[$0] == nil }.sorted() }

    /// What the articles have a notice for: who came, and who is no member any more (R3).
    private static func notice(of entry: ReceivedEntry) -> (event: CompatLine.Event, content: String)? {
        switch entry.kind {
        case .added, .joined: (.join, "joined the group")
        case .left: (.leave, "left the group")
        case .removed: (.leave, "removed from the group")
        case .banned: CompatContent.endsMembership(entry.content) ? (.leave, "removed from the group") : nil
        default: nil
        }
    }

    /// Who is named when the entry is told.
    private static func concerned(_ entry: ReceivedEntry) -> [UserID] {
        if entry.kind == .message { return [entry.sender] }
        return self.notice(of: entry) == nil ? [] : CompatContent.users(in: entry.content)
    }

    /// How an entry is told; entries of other kinds are not.
    private func lines(of entry: ReceivedEntry, in target: CompatTarget) -> [CompatLine] {
        guard entry.kind == .message else {
            guard target.isGroup, let notice = Self.notice(of: entry) else { return [] }
            return CompatContent.users(in: entry.content).compactMap { user in
                self.users[user].map { self.line(notice.event, entry, target, $0, content: notice.content) }
            }
        }
        guard let sender = self.users[entry.sender] else { return [] }
        return [self.line(.speak, entry, target, sender, content: CompatContent.text(of: entry.content))]
    }

    private func line(
        _ event: CompatLine.Event, _ entry: ReceivedEntry, _ target: CompatTarget, _ from: NumberedUser, content: String
    ) -> CompatLine {
        var to: Int64?
        if case .user(let peer) = target { to = from == self.me ? peer : self.me?.number }
        return CompatLine(
            event, target, from: from, to: to, content: content, clientID: entry.clientID, sequence: entry.sequence,
            message: entry.id, time: entry.time, recalled: (entry.state?.recalled ?? 0) > 0)
    }
}
