import ParleyDomain

/// What a client knows of one conversation.
struct ClientConversation: Sendable {
    /// The one pull that a conversation may have under way.
    enum Pull: Sendable {
        case none
        case waiting(request: Int64, until: Int64)
        /// The last one failed, or brought nothing: not again before this time.
        case paused(until: Int64)
    }

    let id: ConversationID
    /// Everything up to here was accepted, in order.
    var position: Int64 = 0
    /// The newest sequence heard of. Above the position there is something to pull.
    var head: Int64 = 0
    /// Whether the user's membership is over, as far as is known.
    var ended = false
    /// When something last told that the user is a member: an answer that was asked for earlier does not outweigh it.
    var evidence: UInt64 = 0
    var pull = Pull.none
    var pullFailures = 0

    /// How far the user has read, and how far entries have come, here or on another device.
    var read: Int64 = 0
    var delivered: Int64 = 0
    /// What a `sync` showed to be stored. An `ok` only says that the server will store it within a second.
    var storedRead: Int64 = 0
    var storedDelivered: Int64 = 0
    /// What was told on this connection.
    var reportedRead: Int64 = 0
    var reportedDelivered: Int64 = 0
    /// The report under way: its request, and how long to wait for its answer.
    var report: (request: Int64, until: Int64)?
    var reportAt: Int64 = .max
    /// The last report was refused for good: asked again when something tells that the user is a member after all.
    var reportRefused = false
    /// Others' messages since the last report.
    var unreported = 0

    init(id: ConversationID) { self.id = id }

    /// Whether there is something to pull.
    var isMissing: Bool { self.head > self.position && !self.ended }
    var hasNews: Bool { self.read > self.reportedRead || self.delivered > self.reportedDelivered }

    /// The connection is gone: what was under way on it will not be answered.
    mutating func disconnected() {
        self.pull = .none
        self.pullFailures = 0
        self.report = nil
        self.reportAt = .max
        self.forgetReports()
    }

    mutating func forgetReports() {
        self.reportRefused = false
        self.reportedRead = self.storedRead
        self.reportedDelivered = self.storedDelivered
    }

    /// The store was restored from a copy: nothing that was known holds any more.
    mutating func startOver() { self = ClientConversation(id: self.id) }
}

/// Commands that go out one after the other: the next when the one before is settled, so that they cannot overtake each other.
struct Lane: Sendable {
    var items: [OutboxItem] = []
    /// The request that the first item went out in, and when to stop waiting for its answer.
    var flight: (request: Int64, until: Int64)?
    /// After a failure: not before this time.
    var notBefore: Int64 = 0
    var failures = 0

    mutating func settle() {
        self.items.removeFirst()
        self.flight = nil
        self.notBefore = 0
        self.failures = 0
    }
}
