import ParleyDomain

/// What is known in memory of sessions: the live ones seen lately, and those ended lately.
///
/// Entries are made and dropped only on the store thread, together with the store call that says so. So a session that was
/// loaded before it was revoked can never come back afterwards.
struct SessionBook: Sendable {
    struct Live: Sendable, Equatable {
        var identity: Identity
        /// In milliseconds since 1970.
        var expires: Int64
    }

    private var sessions: GenerationCache<SessionID, Live>
    /// Long-lived tokens by their SHA-256. What a token belongs to never changes, so nothing is ever taken out.
    private var tokens: GenerationCache<[UInt8], SessionID>
    private var ended: GenerationCache<SessionID, Bool>

    init(capacity: Int) {
        self.sessions = GenerationCache(capacity: capacity)
        self.tokens = GenerationCache(capacity: capacity)
        self.ended = GenerationCache(capacity: capacity)
    }

    var count: Int { self.sessions.count }

    mutating func live(_ id: SessionID, at now: Int64) -> Identity? {
        guard let live = self.sessions.value(for: id), live.expires > now else { return nil }
        return live.identity
    }

    mutating func live(tokenHash: [UInt8], at now: Int64) -> Identity? {
        guard let id = self.tokens.value(for: tokenHash) else { return nil }
        return self.live(id, at: now)
    }

    mutating func insert(_ live: Live, tokenHash: [UInt8]? = nil) {
        self.sessions.insert(live, for: live.identity.session)
        if let tokenHash { self.tokens.insert(live.identity.session, for: tokenHash) }
    }

    mutating func end(_ id: SessionID) {
        self.sessions.remove(id)
        self.ended.insert(true, for: id)
    }

    mutating func wasEnded(_ id: SessionID) -> Bool { self.ended.value(for: id) ?? false }
}
