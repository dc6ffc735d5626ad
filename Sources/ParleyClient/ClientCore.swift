package import ParleyDomain
package import ParleyWire

/// Decides what one device of a user says to the server, and what it takes from it: the contract of `docs/PROTOCOL.md` from the
/// client's side. No I/O, clock or randomness: time and jitter are parameters, events go in, actions come out.
///
/// - One position per conversation. Entries at or below it are dropped; one above the next is a gap, and a gap is pulled (R20, R38).
/// - Heads of heartbeats and `behind` are pulled up to, so that the last message is not missed.
/// - Commands wait in an outbox, one lane per conversation, and keep their client id until they are settled (R17).
/// - Positions are reported together: every few messages, or after a moment (R49).
///
/// The shell connects, writes requests, hands frames over, and calls `tick` at `wake`. It keeps `snapshot` on disk in the same
/// transaction as what it was told to accept.
package struct ClientCore: Sendable {
    enum Phase: Sendable {
        /// No connection; the next is opened at the deadline.
        case idle
        case opening
        /// Open; `hello` is awaited.
        case greeting
        /// `auth` is sent; `ready` is awaited.
        case entering
        case live
        /// The credential was refused: the application has to log in again.
        case stopped
    }

    enum Sync: Sendable {
        case waiting(request: Int64, until: Int64)
        case due(at: Int64)
        case done
    }

    /// What an answer belongs to.
    enum Pending: Sendable {
        case auth
        case sync(evidence: UInt64)
        /// A pull of the conversation at this index.
        case pull(Int, evidence: UInt64)
        /// The first item of the lane at this index.
        case lane(Int)
        case report(Int, read: Int64, delivered: Int64)
    }

    package let user: UserID
    let settings: ClientSettings
    /// What the next connection shows. An application whose access tokens end renews it before it opens one.
    package var credential: Credential

    var phase = Phase.idle
    var deadline: Int64 = 0
    /// Counts connections, so that what an old one still says is told apart.
    var connection: UInt64 = 0
    var connectFailures = 0
    var lastHeard: Int64 = 0
    var heartbeatMilliseconds: Int64 = 30_000
    var requestsInFlight = 64

    var epoch = ""
    var token = ""
    var sync = Sync.due(at: 0)
    var syncFailures = 0
    var conversations: [ClientConversation] = []
    var indices: [ConversationID: Int] = [:]
    /// Creations, then one lane for each conversation, in the order of `conversations`.
    var lanes: [Lane] = [Lane()]
    var pending: [Int64: Pending] = [:]
    var nextRequest: Int64 = 1
    /// Rises with everything that tells of a membership.
    var evidence: UInt64 = 0
    /// Something had to wait because too many requests are in flight.
    var isBlocked = false

    /// How long an answer may take: doubled whenever one took longer, so that no line is too slow for ever.
    var patience: Int64 = 0
    var jitter: UInt64 = 0
    var requests: [ClientRequest] = []
    var news: [ReceivedAction] = []

    /// When `tick` has something to do; `Int64.max` if never.
    package internal(set) var wake: Int64 = 0

    package init(
        user: UserID, credential: Credential, settings: ClientSettings = ClientSettings(),
        from snapshot: ClientSnapshot = ClientSnapshot()
    ) {
        self.user = user
        self.credential = credential
        self.settings = settings
        self.epoch = snapshot.epoch
        self.token = snapshot.token
        for place in snapshot.places {
            let index = self.index(of: place.conversation)
            self.conversations[index].position = place.position
            self.conversations[index].head = place.head
            self.conversations[index].ended = place.ended
            self.conversations[index].read = place.read
            self.conversations[index].delivered = place.delivered
            self.conversations[index].storedRead = place.storedRead
            self.conversations[index].storedDelivered = place.storedDelivered
            self.conversations[index].disconnected()
        }
        for item in snapshot.outbox {
            let lane = item.conversation.map { self.index(of: $0) + 1 } ?? 0
            self.lanes[lane].items.append(item)
        }
    }

    /// What must outlive the process.
    package var snapshot: ClientSnapshot {
        var snapshot = ClientSnapshot()
        snapshot.epoch = self.epoch
        snapshot.token = self.token
        snapshot.places = self.conversations.map {
            ClientSnapshot.Place(
                conversation: $0.id, position: $0.position, head: $0.head, ended: $0.ended, read: $0.read,
                delivered: $0.delivered,
                storedRead: $0.storedRead, storedDelivered: $0.storedDelivered)
        }
        snapshot.outbox = self.lanes.flatMap(\.items)
        return snapshot
    }

    // MARK: What the application sees

    package var isLive: Bool { self.phase == .live }
    /// Whether the credential was refused: no more connections are made.
    package var isStopped: Bool { self.phase == .stopped }
    /// Whether everything that was asked for is settled.
    package var isOutboxEmpty: Bool { self.lanes.allSatisfy(\.items.isEmpty) }
    /// Whether the client has all that it heard of, and the server has all of its positions.
    package var isCaughtUp: Bool {
        guard self.phase == .live, case .done = self.sync else { return false }
        return self.conversations.allSatisfy { $0.ended || ($0.position >= $0.head && !$0.hasNews) }
    }
    /// The conversations known here, in the order in which they became known.
    package var knownConversations: [ConversationID] { self.conversations.map(\.id) }

    package func position(in conversation: ConversationID) -> Int64 { self.known(conversation)?.position ?? 0 }
    package func readPosition(in conversation: ConversationID) -> Int64 { self.known(conversation)?.read ?? 0 }

    func known(_ conversation: ConversationID) -> ClientConversation? {
        self.indices[conversation].map { self.conversations[$0] }
    }

    /// The place of a conversation in the arrays; a new one is made where there is none.
    mutating func index(of conversation: ConversationID) -> Int {
        if let index = self.indices[conversation] { return index }
        self.indices[conversation] = self.conversations.count
        self.conversations.append(ClientConversation(id: conversation))
        self.lanes.append(Lane())
        return self.conversations.count - 1
    }

    // MARK: Connecting

    /// What a tick leads to.
    package enum TickAction: Sendable, Equatable {
        /// Open a connection; what it says is handed over with this number.
        case connect(UInt64)
        case send(ClientRequest)
        /// Close this connection. Nothing it still says counts.
        case close(UInt64)
    }

    /// Time has passed: call it at `wake`, earlier does no harm.
    package mutating func tick(at now: Int64, jitter: UInt64) -> [TickAction] {
        self.jitter ^= jitter
        var actions: [TickAction] = []
        switch self.phase {
        case .stopped: break
        case .idle:
            if now >= self.deadline {
                self.phase = .opening
                self.connection += 1
                self.deadline = now + self.settings.connectMilliseconds
                actions.append(.connect(self.connection))
            }
        case .opening, .greeting, .entering:
            if now >= self.deadline {
                actions.append(.close(self.connection))
                self.disconnect(at: now)
            }
        case .live:
            // Two heartbeats missed: the socket is dead, whatever the kernel thinks of it (R78).
            if now >= self.lastHeard + 2 * self.heartbeatMilliseconds {
                actions.append(.close(self.connection))
                self.disconnect(at: now)
            } else {
                self.expire(at: now)
                self.pumpAll(at: now)
                for request in self.takeRequests() { actions.append(.send(request)) }
            }
        }
        self.wake = self.nextDeadline(after: now)
        return actions
    }

    /// The connection is open.
    package mutating func opened(_ connection: UInt64, at now: Int64) {
        guard connection == self.connection, self.phase == .opening else { return }
        self.phase = .greeting
        self.deadline = now + self.settings.connectMilliseconds
        self.wake(at: self.deadline)
    }

    /// The connection failed to open, or ended.
    package mutating func closed(_ connection: UInt64, at now: Int64, jitter: UInt64) {
        guard connection == self.connection else { return }
        switch self.phase {
        case .idle, .stopped: return
        case .opening, .greeting, .entering, .live:
            self.jitter ^= jitter
            self.disconnect(at: now)
        }
    }

    /// The user does not want to wait for the next try.
    package mutating func hurry() {
        guard case .idle = self.phase else { return }
        self.deadline = 0
        self.wake = 0
    }

    /// Gives up the connection and says when the next one is due: later after each failure, at a time drawn from the whole span
    /// (full jitter), so that many clients do not come back at once (F13).
    mutating func disconnect(at now: Int64, notBefore: Int64? = nil) {
        let pause = self.pause(after: self.connectFailures)
        self.connectFailures += 1
        self.phase = .idle
        self.deadline = (notBefore ?? now) + pause
        self.sync = .due(at: 0)
        self.pending.removeAll(keepingCapacity: true)
        self.isBlocked = false
        for index in self.conversations.indices { self.conversations[index].disconnected() }
        for index in self.lanes.indices {
            self.lanes[index].flight = nil
            self.lanes[index].notBefore = 0
        }
        self.wake = self.deadline
    }

    // MARK: Time

    /// A pause drawn from 0 to a span that doubles with every failure, in milliseconds.
    mutating func pause(after failures: Int) -> Int64 {
        let doubled = self.settings.pauseMilliseconds << Int64(min(failures, 16))
        let span = UInt64(clamping: min(doubled, self.settings.pauseMillisecondsMax)) + 1
        // One step of SplitMix64 (Steele, Lea, Flood 2014) makes several draws of one jitter.
        self.jitter &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.jitter
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int64(clamping: (mixed ^ (mixed >> 31)) % span)
    }

    mutating func wake(at time: Int64) { self.wake = min(self.wake, time) }

    private func nextDeadline(after now: Int64) -> Int64 {
        switch self.phase {
        case .stopped: return .max
        case .idle, .opening, .greeting, .entering: return self.deadline
        case .live: break
        }
        var next = self.lastHeard + 2 * self.heartbeatMilliseconds
        switch self.sync {
        case .waiting(_, let until): next = min(next, until)
        case .due(let at): next = min(next, at)
        case .done: break
        }
        if case .done = self.sync {
            for conversation in self.conversations {
                switch conversation.pull {
                case .waiting(_, let until): next = min(next, until)
                case .paused(let until) where conversation.isMissing: next = min(next, until)
                case .paused, .none: break
                }
                next = min(next, conversation.report?.until ?? conversation.reportAt)
            }
        }
        for lane in self.lanes where !lane.items.isEmpty {
            next = min(next, lane.flight?.until ?? lane.notBefore)
        }
        // What is overdue waits for room among the requests in flight, which an answer makes; the tick is only a safety net.
        return max(next, now + (self.isBlocked ? 250 : 1))
    }

    /// Stops waiting for answers that are overdue: what they were asked for is asked again.
    private mutating func expire(at now: Int64) {
        let waiting = self.pending.count
        defer { if self.pending.count < waiting { self.patience = min(self.patience * 2, 120_000) } }
        if case .waiting(let request, let until) = self.sync, now >= until {
            self.pending[request] = nil
            self.sync = .due(at: now)
        }
        for index in self.conversations.indices {
            if case .waiting(let request, let until) = self.conversations[index].pull, now >= until {
                self.pending[request] = nil
                self.conversations[index].pull = .none
            }
            if let report = self.conversations[index].report, now >= report.until {
                self.pending[report.request] = nil
                self.conversations[index].report = nil
                self.conversations[index].reportAt = now
            }
        }
        for index in self.lanes.indices {
            guard let flight = self.lanes[index].flight, now >= flight.until else { continue }
            self.pending[flight.request] = nil
            self.lanes[index].flight = nil
        }
    }

    mutating func takeRequests() -> [ClientRequest] {
        guard !self.requests.isEmpty else { return [] }
        defer { self.requests.removeAll(keepingCapacity: true) }
        return self.requests
    }

    /// Puts a request on its way; nil where too many wait for answers.
    mutating func request(_ frame: ClientFrame, for purpose: Pending) -> Int64? {
        guard self.pending.count < self.requestsInFlight else {
            self.isBlocked = true
            return nil
        }
        let id = self.nextRequest
        self.nextRequest += 1
        self.pending[id] = purpose
        self.requests.append(ClientRequest(id: id, frame: frame))
        return id
    }
}
