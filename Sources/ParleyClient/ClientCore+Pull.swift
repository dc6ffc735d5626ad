import ParleyDomain
import ParleyWire

extension ClientCore {
    // MARK: Sync

    private mutating func sendSync(at now: Int64) {
        guard case .due(let at) = self.sync, at <= now else { return }
        // More conversations than one sync may name are pulled one by one, by the heads that it answers.
        var positions: [ConversationID: Int64] = [:]
        for conversation in self.conversations.suffix(Limits.syncPositions) { positions[conversation.id] = conversation.position }
        // The token is the server's; one that this version cannot hand back asks for everything, which is never wrong.
        let request = SyncRequest(epoch: self.epoch, token: SyncToken(text: self.token) ?? .start, positions: positions)
        guard let id = self.request(.sync(request), for: .sync(evidence: self.evidence)) else { return }
        self.sync = .waiting(request: id, until: now + self.patience)
        self.wake(at: now + self.patience)
    }

    mutating func synced(_ id: Int64, _ reply: ReceivedSync, at now: Int64) {
        guard case .sync(let evidence)? = self.pending.removeValue(forKey: id) else { return }
        self.syncFailures = 0
        self.epoch = reply.epoch
        self.token = reply.token
        for summary in reply.conversations { self.take(summary, evidence, at: now) }
        guard !reply.more else {
            self.sync = .due(at: now)
            return self.sendSync(at: now)
        }
        self.sync = .done
        self.pumpAll(at: now)
    }

    private mutating func take(_ summary: ReceivedSummary, _ evidence: UInt64, at now: Int64) {
        let index = self.index(of: summary.conversation)
        guard summary.isMember else {
            if self.conversations[index].evidence <= evidence { self.end(index) }
            return
        }
        self.begin(index, before: summary.head + 1)
        self.note(index, head: summary.head, at: now)
        self.moved(summary.conversation, read: summary.read, delivered: summary.delivered)
        self.conversations[index].storedRead = max(self.conversations[index].storedRead, summary.read)
        self.conversations[index].storedDelivered = max(self.conversations[index].storedDelivered, summary.delivered)
        for entry in summary.entries ?? [] where entry.sequence > self.conversations[index].position {
            self.accept(entry, at: index, now)
        }
    }

    mutating func syncFailed(_ error: ReceivedError, at now: Int64) {
        guard case .waiting = self.sync else { return }
        guard error.known != .startOver else {
            self.startOver()
            self.sync = .due(at: now)
            return self.sendSync(at: now)
        }
        let at = now + self.wait(error, after: self.syncFailures)
        self.syncFailures += 1
        self.sync = .due(at: at)
        self.wake(at: at)
    }

    /// The store is another one now: positions and token mean nothing there. What waits in the outbox is sent to it.
    private mutating func startOver() {
        self.epoch = ""
        self.token = ""
        for index in self.conversations.indices { self.conversations[index].startOver() }
        self.pending = self.pending.filter { if case .lane = $0.value { true } else { false } }
        self.news.append(.startOver)
    }

    // MARK: Pulls

    /// Asks for what is missing. While a `sync` is under way nothing is: it may bring it.
    mutating func pump(pull index: Int, at now: Int64) {
        guard case .live = self.phase, case .done = self.sync else { return }
        let conversation = self.conversations[index]
        guard conversation.isMissing else { return }
        switch conversation.pull {
        case .waiting: return
        case .paused(let until) where until > now: return
        case .paused, .none: break
        }
        let frame = ClientFrame.history(conversation.id, .after(conversation.position), limit: self.settings.pageEntries)
        guard let id = self.request(frame, for: .pull(index, evidence: self.evidence)) else { return }
        self.conversations[index].pull = .waiting(request: id, until: now + self.patience)
        self.wake(at: now + self.patience)
    }

    /// A page holds what the user may see, in order; between his memberships there may be holes that are not his to fill.
    mutating func pulled(_ id: Int64, _ page: ReceivedPage, at now: Int64) {
        guard case .pull(let index, _)? = self.pending.removeValue(forKey: id) else { return }
        let before = self.conversations[index].position
        self.conversations[index].pull = .none
        self.note(index, head: page.head, at: now)
        for entry in page.entries where entry.sequence > self.conversations[index].position { self.accept(entry, at: index, now) }
        if !page.more { self.conversations[index].position = max(self.conversations[index].position, page.head) }
        if self.conversations[index].position > before {
            self.conversations[index].pullFailures = 0
        } else {
            // Nothing new, though a head said so: the reader may be behind the writer by a moment.
            self.pause(pull: index, until: now + self.pause(after: self.conversations[index].pullFailures))
        }
        self.pump(pull: index, at: now)
    }

    mutating func pullFailed(_ index: Int, _ id: Int64, _ error: ReceivedError, evidence: UInt64, at now: Int64) {
        guard case .waiting(id, _) = self.conversations[index].pull else { return }
        self.conversations[index].pull = .none
        // "Not a member" is believed unless something told otherwise after the question: who is added again gets an event at once.
        if error.retry == .never, self.conversations[index].evidence <= evidence { return self.end(index) }
        self.pause(pull: index, until: now + self.wait(error, after: self.conversations[index].pullFailures))
    }

    private mutating func pause(pull index: Int, until: Int64) {
        self.conversations[index].pullFailures += 1
        self.conversations[index].pull = .paused(until: until)
        self.wake(at: until)
    }

    /// Does whatever can be done now.
    mutating func pumpAll(at now: Int64) {
        guard case .live = self.phase else { return }
        self.isBlocked = false
        self.sendSync(at: now)
        for lane in self.lanes.indices { self.pump(lane: lane, at: now) }
        for index in self.conversations.indices {
            self.pump(pull: index, at: now)
            if case .done = self.sync, self.conversations[index].reportAt <= now || self.conversations[index].reportAt == .max {
                self.pump(report: index, at: now)
            }
        }
    }
}
