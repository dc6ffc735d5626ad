package import ParleyDomain
package import ParleyWire

extension ClientCore {
    // MARK: Commands

    /// Puts a command into the outbox; it leaves it by `.settled`, `.unchanged`, `.created` or `.refused`. Returns what to send now.
    ///
    /// The shell keeps `snapshot` before it sends: only so is a command not lost with the process.
    package mutating func submit(_ item: OutboxItem, at now: Int64) -> [ClientRequest] {
        let lane = item.conversation.map { self.index(of: $0) + 1 } ?? 0
        self.lanes[lane].items.append(item)
        self.pump(lane: lane, at: now)
        return self.takeRequests()
    }

    /// Sends the first command of a lane. The next one waits until it is settled: so no failure makes them change places (F8).
    mutating func pump(lane index: Int, at now: Int64) {
        guard case .live = self.phase, self.lanes[index].flight == nil, let item = self.lanes[index].items.first else { return }
        guard self.lanes[index].notBefore <= now else { return self.wake(at: self.lanes[index].notBefore) }
        let frame: ClientFrame =
            switch item {
            case .command(let command): .command(command)
            case .create(let clientID, let new, let members): .create(clientID, new, members: members)
            }
        guard let id = self.request(frame, for: .lane(index)) else { return }
        self.lanes[index].flight = (id, now + self.patience)
        self.wake(at: now + self.patience)
    }

    // MARK: Positions

    /// The user has read up to here. Told to the server with the next report; `now` where he leaves the conversation (R49).
    package mutating func read(_ conversation: ConversationID, upTo sequence: Int64, urgent: Bool = false, at now: Int64)
        -> [ClientRequest]
    {
        let index = self.index(of: conversation)
        let read = min(sequence, self.conversations[index].position)
        self.conversations[index].read = max(self.conversations[index].read, read)
        guard self.conversations[index].hasNews else { return [] }
        if urgent {
            self.pump(report: index, at: now)
        } else if self.conversations[index].reportAt == .max {
            self.conversations[index].reportAt = now + self.settings.reportMilliseconds
            self.wake(at: self.conversations[index].reportAt)
        }
        return self.takeRequests()
    }

    /// Reports both positions in one frame. After a new connection, those that the store is not known to have go again: the server
    /// may have gone down before it wrote them.
    mutating func pump(report index: Int, at now: Int64) {
        let conversation = self.conversations[index]
        guard case .live = self.phase, case .done = self.sync, conversation.report == nil else { return }
        self.conversations[index].reportAt = .max
        guard conversation.hasNews, !conversation.ended else { return }
        let frame = ClientFrame.read(
            conversation.id, read: conversation.read, delivered: max(conversation.delivered, conversation.read))
        guard let id = self.request(frame, for: .report(index, read: conversation.read, delivered: conversation.delivered)) else {
            return
        }
        self.conversations[index].unreported = 0
        self.conversations[index].report = (id, now + self.patience)
        self.wake(at: now + self.patience)
    }

    mutating func reported(_ index: Int, read: Int64, delivered: Int64, at now: Int64) {
        self.finishReport(index, read: read, delivered: delivered)
        guard self.conversations[index].hasNews, self.conversations[index].reportAt == .max else { return }
        self.conversations[index].reportAt = now + self.settings.reportMilliseconds
        self.wake(at: self.conversations[index].reportAt)
    }

    private mutating func finishReport(_ index: Int, read: Int64, delivered: Int64) {
        self.conversations[index].report = nil
        self.conversations[index].reportedRead = max(self.conversations[index].reportedRead, read)
        self.conversations[index].reportedDelivered = max(self.conversations[index].reportedDelivered, delivered)
    }

    mutating func reportFailed(_ index: Int, _ id: Int64, _ error: ReceivedError, read: Int64, delivered: Int64, at now: Int64) {
        guard self.conversations[index].report?.request == id else { return }
        // What is refused for good is asked again on the next connection, or when the user turns out to be a member.
        guard error.retry != .never else {
            self.finishReport(index, read: read, delivered: delivered)
            self.conversations[index].reportRefused = true
            return
        }
        self.conversations[index].report = nil
        self.conversations[index].reportAt = now + self.wait(error, after: 1)
        self.wake(at: self.conversations[index].reportAt)
    }

    /// Positions belong to the user: another device of his has read, or told the server.
    mutating func moved(_ conversation: ConversationID, read: Int64, delivered: Int64) {
        let index = self.index(of: conversation)
        self.conversations[index].read = max(self.conversations[index].read, read)
        self.conversations[index].delivered = max(self.conversations[index].delivered, delivered)
        self.conversations[index].reportedRead = max(self.conversations[index].reportedRead, read)
        self.conversations[index].reportedDelivered = max(self.conversations[index].reportedDelivered, delivered)
    }
}
