package import ParleyDomain
package import ParleyWire

extension ClientCore {
    /// What a server's frame leads to, in order.
    package enum ReceivedAction: Sendable, Equatable {
        case send(ClientRequest)
        /// The next entry of a conversation, once and in order. Kept together with `snapshot`.
        case accept(ConversationID, ReceivedEntry)
        /// A command is done, and stands in the log for ever.
        case settled(ClientID, Receipt)
        /// A command found done already what it asks for: nothing was stored.
        case unchanged(ClientID)
        /// A creation is done.
        case created(ClientID, ConversationID)
        /// A command will never be done.
        case refused(ClientID, ReceivedError)
        /// The user is no member any more.
        case ended(ConversationID)
        /// The server was restored from a copy: forget all entries; they come anew.
        case startOver
        /// The credential is no good any more.
        case loggedOut(ReceivedError)
        /// Close this connection. Nothing it still says counts.
        case close(UInt64)
    }

    /// Takes one frame of a connection.
    package mutating func received(_ frame: ServerFrame, on connection: UInt64, at now: Int64, jitter: UInt64) -> [ReceivedAction]
    {
        guard connection == self.connection else { return [] }
        switch self.phase {
        case .idle, .opening, .stopped: return []
        case .greeting, .entering, .live: break
        }
        self.jitter ^= jitter
        self.lastHeard = now
        switch frame {
        case .hello(let hello): self.greeted(hello, at: now)
        case .ready(let id, _): self.entered(id, at: now)
        case .event(let conversation, let entry): self.pushed(conversation, entry, at: now)
        case .ack(let id, let receipt): self.acknowledged(id, receipt, at: now)
        case .created(let id, let conversation, let clientID): self.created(id, conversation, clientID, at: now)
        case .page(let id, _, let page): self.pulled(id, page, at: now)
        case .synced(let id, let reply): self.synced(id, reply, at: now)
        case .ok(let id): self.done(id, at: now)
        case .position(let conversation, let read, let delivered): self.moved(conversation, read: read, delivered: delivered)
        case .heartbeat(_, let heads), .behind(let heads), .heads(let heads): self.told(heads, at: now)
        case .reconnect(let pause):
            self.news.append(.close(connection))
            self.connectFailures = 0
            self.disconnect(at: now, notBefore: now + pause)
        case .error(let id, let error): self.failed(id, error, at: now)
        case .pong, .receipts, .typing, .presence, .other: break
        }
        if self.isBlocked, self.pending.count < self.requestsInFlight { self.pumpAll(at: now) }
        for request in self.takeRequests() { self.news.append(.send(request)) }
        defer { self.news.removeAll(keepingCapacity: true) }
        return self.news
    }

    // MARK: Coming in

    private mutating func greeted(_ hello: Hello, at now: Int64) {
        guard case .greeting = self.phase else { return }
        self.heartbeatMilliseconds = max(1, hello.heartbeatMilliseconds)
        self.requestsInFlight = Int(clamping: max(1, hello.requestsInFlight))
        self.phase = .entering
        self.deadline = now + self.settings.connectMilliseconds
        _ = self.request(.auth(self.credential), for: .auth)
    }

    /// Live: what is committed from here on is pushed, and what was before is asked for by `sync`, so that nothing falls between (F7).
    private mutating func entered(_ id: Int64, at now: Int64) {
        guard case .entering = self.phase, case .auth? = self.pending.removeValue(forKey: id) else { return }
        self.phase = .live
        self.patience = max(1, self.settings.requestMilliseconds)
        self.connectFailures = 0
        self.sync = .due(at: now)
        self.wake(at: now + 2 * self.heartbeatMilliseconds)
        self.pumpAll(at: now)
    }

    // MARK: Entries

    private mutating func pushed(_ conversation: ConversationID, _ entry: ReceivedEntry, at now: Int64) {
        let index = self.index(of: conversation)
        self.begin(index, before: entry.sequence)
        self.note(index, head: entry.sequence, at: now)
        if entry.sequence == self.conversations[index].position + 1 { self.accept(entry, at: index, now) }
        self.pump(pull: index, at: now)
    }

    /// Where a conversation is heard of for the first time, decides how far back it is taken.
    mutating func begin(_ index: Int, before sequence: Int64) {
        guard self.conversations[index].head == 0, self.conversations[index].position == 0 else { return }
        let (first, isBelow) = sequence.subtractingReportingOverflow(1)
        let (position, isFar) = first.subtractingReportingOverflow(self.settings.historyEntries)
        self.conversations[index].position = isBelow || isFar ? 0 : max(0, position)
    }

    /// Something told that the user is a member and the log stands here.
    mutating func note(_ index: Int, head: Int64, at now: Int64) {
        self.evidence += 1
        if self.conversations[index].reportRefused {
            self.conversations[index].forgetReports()
            self.conversations[index].reportAt = now + self.settings.reportMilliseconds
            self.wake(at: self.conversations[index].reportAt)
        }
        self.conversations[index].evidence = self.evidence
        self.conversations[index].ended = false
        self.conversations[index].head = max(self.conversations[index].head, head)
    }

    mutating func told(_ heads: [KnownHead], at now: Int64) {
        for head in heads {
            let index = self.index(of: head.conversation)
            self.begin(index, before: head.sequence)
            self.note(index, head: head.sequence, at: now)
            self.pump(pull: index, at: now)
        }
    }

    /// Takes the entry, which is the next one that the user may see.
    mutating func accept(_ entry: ReceivedEntry, at index: Int, _ now: Int64) {
        self.conversations[index].position = entry.sequence
        self.conversations[index].head = max(self.conversations[index].head, entry.sequence)
        self.conversations[index].delivered = max(self.conversations[index].delivered, entry.sequence)
        self.news.append(.accept(self.conversations[index].id, entry))
        // An end from long ago, read in the history of who was added again, is none now.
        if self.ends(entry), entry.sequence >= self.conversations[index].head { self.end(index) }
        if entry.kind == .message, entry.sender != self.user { self.conversations[index].unreported += 1 }
        if self.conversations[index].unreported >= self.settings.messagesPerReport {
            self.pump(report: index, at: now)
        } else if self.conversations[index].reportAt == .max {
            self.conversations[index].reportAt = now + self.settings.reportMilliseconds
            self.wake(at: self.conversations[index].reportAt)
        }
    }

    /// Whether the entry ended this user's membership.
    private func ends(_ entry: ReceivedEntry) -> Bool {
        switch entry.kind {
        case .left: entry.sender == self.user
        case .removed, .banned: entry.content == ControlContent.bytes(for: .end(self.user), slots: [])
        default: false
        }
    }

    mutating func end(_ index: Int) {
        guard !self.conversations[index].ended else { return }
        self.conversations[index].ended = true
        self.news.append(.ended(self.conversations[index].id))
    }

    // MARK: Answers

    /// The ack stands in the place of the event: it is the entry where it is the next one, and tells of a gap where it is not.
    private mutating func acknowledged(_ id: Int64, _ receipt: Receipt, at now: Int64) {
        self.pending[id] = nil
        let index = self.index(of: receipt.conversation)
        let item = self.lanes[index + 1].items.first
        guard let item, item.clientID == receipt.clientID else {
            // Settled before; the place is news all the same, unless it is old.
            if receipt.sequence > self.conversations[index].position { self.note(index, head: receipt.sequence, at: now) }
            return self.pump(pull: index, at: now)
        }
        self.settle(lane: index + 1)
        self.news.append(.settled(receipt.clientID, receipt))
        if receipt.sequence > self.conversations[index].position {
            self.note(index, head: receipt.sequence, at: now)
            if receipt.sequence == self.conversations[index].position + 1, let entry = self.entry(of: item, receipt) {
                self.accept(entry, at: index, now)
            }
        }
        self.pump(lane: index + 1, at: now)
        self.pump(pull: index, at: now)
    }

    /// What asked for it is done, and no entry tells of it: a report of positions, or a command that changed nothing.
    private mutating func done(_ id: Int64, at now: Int64) {
        switch self.pending.removeValue(forKey: id) {
        case .report(let index, let read, let delivered): self.reported(index, read: read, delivered: delivered, at: now)
        case .lane(let lane):
            guard self.lanes[lane].flight?.request == id, let item = self.lanes[lane].items.first else { return }
            self.settle(lane: lane)
            self.news.append(.unchanged(item.clientID))
            self.pump(lane: lane, at: now)
        default: return
        }
    }

    /// The entry that a command became; nil where the server's content cannot be known here.
    private func entry(of item: OutboxItem, _ receipt: Receipt) -> ReceivedEntry? {
        guard case .command(let command) = item, let made = self.made(by: command.action) else { return nil }
        var entry = ReceivedEntry(
            sequence: receipt.sequence, id: receipt.id, kind: made.kind, sender: self.user, clientID: receipt.clientID,
            time: receipt.time, relatesTo: command.target, content: made.content)
        if case .send(let message) = command.action {
            entry.relatesTo = message.relatesTo
            entry.thread = message.thread
        }
        return entry
    }

    /// Kind and content of the entry that this action becomes; nil where only the server knows: which of the users were members
    /// before, and the slots of the others.
    private func made(by action: Command.Action) -> (kind: EntryKind, content: [UInt8])? {
        switch action {
        case .send(let message): (.message, message.content)
        case .edit(_, let message): (.edit, message.content)
        case .leave: (.left, ControlContent.bytes(for: .end(self.user), slots: []))
        case .remove(let user): (.removed, ControlContent.bytes(for: .end(user), slots: []))
        case .setRole(let user, let role): (.role, ControlContent.bytes(for: .setRole(user, role), slots: []))
        case .recall(let target): (.recall, ControlContent.bytes(for: .recall(target: target), slots: []))
        case .react(let target, let emoji, let on):
            (.reaction, ControlContent.bytes(for: .react(target: target, emoji: emoji, on: on), slots: []))
        case .pin(let target, let on): (.pin, ControlContent.bytes(for: .pin(target: target, on: on), slots: []))
        default: nil
        }
    }

    private mutating func created(_ id: Int64, _ conversation: ConversationID, _ clientID: ClientID, at now: Int64) {
        self.pending[id] = nil
        if self.lanes[0].items.first?.clientID == clientID {
            self.settle(lane: 0)
            self.news.append(.created(clientID, conversation))
            self.pump(lane: 0, at: now)
        }
        let index = self.index(of: conversation)
        self.note(index, head: 1, at: now)
        self.pump(pull: index, at: now)
    }

    private mutating func settle(lane: Int) {
        if let flight = self.lanes[lane].flight { self.pending[flight.request] = nil }
        self.lanes[lane].settle()
    }

    // MARK: Errors

    private mutating func failed(_ id: Int64?, _ error: ReceivedError, at now: Int64) {
        guard let id, let purpose = self.pending.removeValue(forKey: id) else { return }
        switch purpose {
        case .auth: self.authFailed(error, at: now)
        case .sync: self.syncFailed(error, at: now)
        case .pull(let index, let evidence): self.pullFailed(index, id, error, evidence: evidence, at: now)
        case .report(let index, let read, let delivered):
            self.reportFailed(index, id, error, read: read, delivered: delivered, at: now)
        case .lane(let lane): self.commandFailed(lane, id, error, at: now)
        }
    }

    private mutating func authFailed(_ error: ReceivedError, at now: Int64) {
        self.news.append(.close(self.connection))
        guard error.retry == .afterChange || error.retry == .never else { return self.disconnect(at: now) }
        self.disconnect(at: now)
        self.phase = .stopped
        self.news.append(.loggedOut(error))
    }

    private mutating func commandFailed(_ lane: Int, _ id: Int64, _ error: ReceivedError, at now: Int64) {
        guard self.lanes[lane].flight?.request == id, let item = self.lanes[lane].items.first else { return }
        guard error.retry != .never else {
            self.settle(lane: lane)
            self.news.append(.refused(item.clientID, error))
            return self.pump(lane: lane, at: now)
        }
        self.lanes[lane].flight = nil
        self.lanes[lane].notBefore = now + self.wait(error, after: self.lanes[lane].failures)
        self.lanes[lane].failures += 1
        self.wake(at: self.lanes[lane].notBefore)
    }

    /// How long to wait before asking again: as long as the server says, and a drawn pause.
    mutating func wait(_ error: ReceivedError, after failures: Int) -> Int64 {
        min(error.retryMilliseconds, self.settings.pauseMillisecondsMax) + self.pause(after: failures)
    }
}
