package import ParleyDomain
import Synchronization

/// Looks up people by the beginning of their names, for the "new conversation" box.
package protocol UserDirectory: Sendable {
    /// At most `limit` users, by name. The prefix has at least one character.
    func users(prefix: String, limit: Int) async throws(Refusal) -> [UserProfile]
}

/// Accounts over an `AccountStore`: see `AccountService`.
///
/// | credential | text | good for | kept |
/// |---|---|---|---|
/// | access token | `pa1.` session, user, expiry `.` HMAC | HTTP and sockets, 10 minutes | nowhere: signed |
/// | refresh token | `pr1.` session, 32 random bytes `.` HMAC | one refresh | its SHA-256, in the session's row |
/// | long-lived token | `pl1.` 32 bytes | HTTP and sockets, until revoked; bots and benches | its SHA-256, in the session's row |
/// | ticket | `pt1.` 32 random bytes | one socket, 30 s | in memory |
/// | external token | a JWT of another application, where the operator said so | HTTP and sockets, until its `exp` | nowhere: signed |
///
/// Whatever the credential, the session must be live at that moment: signed tokens too are looked up, in a bounded memory
/// that a revocation empties at once. A refresh token that was used before ends its session (A29).
///
/// Store calls run on one thread of its own, hashes on another; both queues are bounded and say `overloaded` beyond (A31).
/// Nothing secret is logged: nothing is logged at all.
package final class AccountManager: AccountService, UserDirectory {
    private struct State: Sendable {
        var book: SessionBook
        var tickets: TicketBox
        var throttle: LoginThrottle
        var whenSessionEnds: (@Sendable (SessionID, UserID) -> Void)?
        var verifier: TokenVerifier?
        var counts = AccountCounts()
    }

    /// What a refresh came to.
    private enum Refresh: Sendable {
        case renewed(LoginGrant)
        case reused
        case over
    }

    let store: any AccountStore
    private let hasher: PasswordHasher
    private let settings: AccountSettings
    let now: WallClock
    /// Of tickets: they live in memory only, so a wall clock that is set back or forth must not keep them.
    private let steady: WallClock
    let random: RandomBytes
    private let access: TokenSeal
    private let refresh: TokenSeal
    private let storeThread: WorkerThread
    private let state: Mutex<State>

    /// Blocks while it reads (at the very first start: makes) the keys: for start-up only.
    package init(
        store: any AccountStore, hasher: PasswordHasher, settings: AccountSettings = AccountSettings(),
        clock: @escaping WallClock = systemMilliseconds, steady: @escaping WallClock = systemSteadyMilliseconds,
        random: @escaping RandomBytes = systemRandom
    ) throws(AccountFailure) {
        self.store = store
        self.hasher = hasher
        self.settings = settings
        self.now = clock
        self.steady = steady
        self.random = random
        // A key for each kind of token, so that none can stand in for another (A28).
        self.access = TokenSeal(prefix: .access, secret: try store.secret(named: "access") { random(32) })
        self.refresh = TokenSeal(prefix: .refresh, secret: try store.secret(named: "refresh") { random(32) })
        self.storeThread = WorkerThread(capacity: settings.storeQueue)
        self.state = Mutex(
            State(
                book: SessionBook(capacity: settings.cachedSessions),
                tickets: TicketBox(
                    capacity: settings.tickets, perSession: settings.ticketsPerSession, lifetime: settings.ticketLifetime),
                throttle: LoginThrottle(capacity: settings.throttleBuckets)))
    }

    /// Sets what is told of each session that ends here, right after it is durably over: its live sockets are to be closed.
    /// Called on the store thread; must not block.
    package func whenSessionEnds(_ handler: @escaping @Sendable (SessionID, UserID) -> Void) {
        self.state.withLock { $0.whenSessionEnds = handler }
    }

    /// Whether the session was ended lately. A socket that has just been put on the list of live ones asks this, so that a
    /// revocation between its log-in and that moment is not missed.
    package func wasEnded(_ session: SessionID) -> Bool {
        self.state.withLock { $0.book.wasEnded(session) }
    }

    /// Whose tokens are taken besides our own; nil takes none. May be set again at any time: from then on only the new keys count.
    package func takeTokens(of verifier: TokenVerifier?) {
        self.state.withLock { $0.verifier = verifier }
    }

    /// Store calls and hashes that wait, for metrics.
    package var waitingForStore: Int { self.storeThread.waiting }
    package var waitingForHash: Int { self.hasher.waiting }
    package var counts: AccountCounts { self.state.withLock { $0.counts } }

    // MARK: Registering and logging in

    package func register(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant
    {
        try await self.counted(.register) { () async throws(Refusal) in
            try await self.makeAccount(name: name, password: password, device: device, from: origin)
        }
    }

    package func logIn(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant {
        try await self.counted(.login) { () async throws(Refusal) in
            try await self.enter(name: name, password: password, device: device, from: origin)
        }
    }

    package func refresh(token: String, from origin: Origin) async throws(Refusal) -> LoginGrant {
        try await self.counted(.refresh) { () async throws(Refusal) in try await self.renew(token: token) }
    }

    private func counted(
        _ request: AccountCounts.Request, _ body: () async throws(Refusal) -> LoginGrant
    ) async throws(Refusal) -> LoginGrant {
        do throws(Refusal) {
            let grant = try await body()
            self.state.withLock { $0.counts.add(request, nil) }
            return grant
        } catch {
            self.state.withLock { $0.counts.add(request, error.code) }
            throw error
        }
    }

    private func makeAccount(
        name: String, password: String, device: String, from origin: Origin
    ) async throws(Refusal) -> LoginGrant {
        guard self.settings.registration else {
            throw Refusal(.forbidden, rule: "registration is switched off on this server")
        }
        let name = try NamePolicy.newName(name)
        try NamePolicy.newPassword(password)
        let device = try NamePolicy.device(device)
        let network = LoginThrottle.network(of: origin.address)
        try self.take(network.isEmpty ? [] : [(.registration(network), self.settings.registrationsPerAddress)])
        // A taken name is not worth a hash; that it is taken is no secret, for registering must tell.
        guard try await self.account(named: name) == nil else { throw Refusal(.nameTaken, field: "name") }

        let hash = try await self.hasher.hash(password)
        let now = self.now()
        let account = Account(id: AccountID.make(self.random), name: name, passwordHash: hash, created: now)
        let (session, claims) = self.makeSession(for: account, device: device, origin: origin, at: now)
        return try await self.onStore { [self] () throws(AccountFailure) in
            try self.store.createAccount(account)
            return try self.begin(session, claims, of: account, at: now)
        }
    }

    private func enter(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant {
        let name = try NamePolicy.name(name)
        try NamePolicy.password(password)
        let device = try NamePolicy.device(device)
        var buckets: [(LoginThrottle.Key, LoginThrottle.Rate)] = [(.name(name.lowercased()), self.settings.triesPerName)]
        let network = LoginThrottle.network(of: origin.address)
        // Those whose address is not known (a Unix socket) must not share one bucket.
        if !network.isEmpty { buckets.append((.address(network), self.settings.triesPerAddress)) }
        try self.take(buckets)
        let account: Account?
        let right: Bool
        do throws(Refusal) {
            account = try await self.account(named: name)
            // The same work, with or without an account (A30).
            right = try await self.hasher.verify(password, against: account?.passwordHash)
        } catch {
            self.giveBack(buckets)
            throw error
        }
        guard right, let account else { throw Refusal(.wrongCredentials) }
        self.giveBack(buckets)
        let now = self.now()
        // A new session id at each log-in (A32).
        let (session, claims) = self.makeSession(for: account, device: device, origin: origin, at: now)
        return try await self.onStore { [self] () throws(AccountFailure) in
            try self.begin(session, claims, of: account, at: now)
        }
    }

    private func renew(token: String) async throws(Refusal) -> LoginGrant {
        guard let payload = self.refresh.open(token), let claims = RefreshClaims(payload) else { throw Refusal(.badToken) }
        let (now, used) = (self.now(), tokenHash(token))
        let outcome = try await self.onStore { [self] () throws(AccountFailure) in
            try self.renew(claims, used: used, at: now)
        }
        switch outcome {
        case .renewed(let grant): return grant
        case .reused: throw Refusal(.badToken)
        case .over: throw Refusal(.sessionEnded)
        }
    }

    package func logOut(_ identity: Identity) async throws(Refusal) {
        try await self.revoke(identity.session, of: identity.user)
    }

    /// Ends a session: the user's from another device, or the operator's doing. Ending one that is over is no error.
    /// That the session is this user's is the caller's to check.
    package func revoke(_ session: SessionID, of user: UserID) async throws(Refusal) {
        let now = self.now()
        try await self.onStore { [self] () throws(AccountFailure) in
            try self.end(session, of: user, at: now)
        }
    }

    // MARK: Who is asking

    package func authenticate(token: String) async throws(Refusal) -> Identity {
        let now = self.now()
        if TokenPrefix(of: token) == nil, let verifier = self.state.withLock({ $0.verifier }) {
            return try await self.live(try verifier.verify(token, at: now), token: token, at: now)
        }
        guard token.utf8.count <= TokenSeal.longestToken else { throw Refusal(.badToken) }
        switch TokenPrefix(of: token) {
        case .access:
            guard let payload = self.access.open(token), let claims = AccessClaims(payload), claims.expires > now
            else { throw Refusal(.badToken) }
            guard let identity = try await self.live(claims.session, at: now), identity.user == claims.user
            else { throw Refusal(.sessionEnded) }
            return identity
        case .longLived:
            guard let identity = try await self.live(tokenHash: tokenHash(token), at: now) else { throw Refusal(.badToken) }
            return identity
        case .refresh, .ticket, nil:
            throw Refusal(.badToken)
        }
    }

    package func makeTicket(for identity: Identity) async throws(Refusal) -> (ticket: String, expires: Int64) {
        let now = self.steady()
        let ticket = TokenPrefix.ticket.rawValue + Base64URL.encode(self.random(32))
        let issued = self.state.withLock { state in
            Result { () throws(Refusal) in try state.tickets.issue(ticket, for: identity, at: now) }
        }
        try issued.get()
        return (ticket, self.now() + self.settings.ticketLifetime)
    }

    package func redeem(ticket: String) async throws(Refusal) -> Identity {
        guard ticket.utf8.count <= TokenSeal.longestToken, TokenPrefix(of: ticket) == .ticket else { throw Refusal(.badToken) }
        let now = self.steady()
        guard let bearer = self.state.withLock({ $0.tickets.redeem(ticket, at: now) }) else { throw Refusal(.badToken) }
        guard let identity = try await self.live(bearer.session, at: self.now()) else { throw Refusal(.sessionEnded) }
        return identity
    }

    package func users(prefix: String, limit: Int) async throws(Refusal) -> [UserProfile] {
        let prefix = try NamePolicy.name(prefix, field: "prefix")
        return try await self.onStore { [store] () throws(AccountFailure) in
            try store.accounts(prefix: prefix, limit: limit)
        }
    }
}

// MARK: On the store thread

extension AccountManager {
    /// Stores a session and makes its grant. `outdated` where the password that was checked is not the account's any more, or an operator
    /// has disabled it: what he does counts for every log-in that is not through.
    private func begin(
        _ session: Session, _ claims: RefreshClaims, of account: Account, at now: Int64
    ) throws(AccountFailure) -> LoginGrant {
        try self.store.createSession(session, verified: account.passwordHash)
        return self.grant(session, claims, of: account, at: now)
    }

    private func renew(_ claims: RefreshClaims, used: [UInt8], at now: Int64) throws(AccountFailure) -> Refresh {
        guard var session = try self.store.session(id: claims.session, at: now),
            let account = try self.account(of: session)
        else { return .over }
        let next = RefreshClaims(session: session.id, secret: self.random(RefreshClaims.secretBytes))
        session.tokenHash = tokenHash(self.refresh.seal(next.bytes))
        session.expires = now + self.settings.sessionLifetime
        let rotated = try self.store.rotateSession(
            session.id, from: used, to: session.tokenHash, expires: session.expires, at: now)
        guard rotated else {
            // We signed it, and it is not the newest: two have had it (A29).
            try self.end(session.id, of: session.user, at: now)
            return .reused
        }
        return .renewed(self.grant(session, next, of: account, at: now))
    }

    private func grant(_ session: Session, _ claims: RefreshClaims, of account: Account, at now: Int64) -> LoginGrant {
        self.remember(session, of: account)
        let expires = min(now + self.settings.accessLifetime, session.expires)
        let access = AccessClaims(session: session.id, user: account.id, expires: expires)
        return LoginGrant(
            user: account.id, name: account.name, session: session.id, accessToken: self.access.seal(access.bytes),
            accessExpires: expires, refreshToken: self.refresh.seal(claims.bytes))
    }

    /// Whose session it is; nil where an operator has disabled the account.
    private func account(of session: Session) throws(AccountFailure) -> Account? {
        guard let account = try self.store.account(id: session.user), !account.isDisabled else { return nil }
        return account
    }

    /// Revokes, forgets and tells. Where the outcome is unknown the sockets are closed too: what is live asks the store again.
    private func end(_ session: SessionID, of user: UserID, at now: Int64) throws(AccountFailure) {
        let outcome = Result { () throws(AccountFailure) in try self.store.revokeSession(session, at: now) }
        let isOver =
            switch outcome {
            case .success, .failure(.store(.outcomeUnknown)): true
            case .failure: false
            }
        guard isOver else { return try outcome.get() }
        let handler = self.state.withLock { state in
            state.book.end(session)
            return state.whenSessionEnds
        }
        handler?(session, user)
        try outcome.get()
    }

    /// - Parameter ends: when its sockets end by themselves, in milliseconds since 1970; nil where only a log-out ends them.
    @discardableResult
    func remember(_ session: Session, of account: Account, tokenHash: [UInt8]? = nil, ends: Int64? = nil) -> Identity {
        let identity = Identity(
            user: account.id, name: account.name, session: session.id, device: session.device, ends: ends)
        self.state.withLock {
            $0.book.insert(SessionBook.Live(identity: identity, expires: session.expires), tokenHash: tokenHash)
        }
        return identity
    }
}

// MARK: On the caller

extension AccountManager {
    /// A session known in memory to be live.
    func remembered(_ id: SessionID, at now: Int64) -> Identity? {
        self.state.withLock { $0.book.live(id, at: now) }
    }

    private func live(_ id: SessionID, at now: Int64) async throws(Refusal) -> Identity? {
        if let identity = self.remembered(id, at: now) { return identity }
        return try await self.onStore { [self] () throws(AccountFailure) in
            guard let session = try self.store.session(id: id, at: now), let account = try self.account(of: session)
            else { return nil }
            return self.remember(session, of: account, ends: ExternalNames.isExternal(id) ? session.expires : nil)
        }
    }

    private func live(tokenHash hash: [UInt8], at now: Int64) async throws(Refusal) -> Identity? {
        if let identity = self.state.withLock({ $0.book.live(tokenHash: hash, at: now) }) { return identity }
        return try await self.onStore { [self] () throws(AccountFailure) in
            guard let session = try self.store.session(tokenHash: hash, at: now),
                let account = try self.account(of: session)
            else { return nil }
            return self.remember(session, of: account, tokenHash: hash)
        }
    }

    private func account(named name: String) async throws(Refusal) -> Account? {
        try await self.onStore { [store] () throws(AccountFailure) in try store.account(named: name) }
    }

    private func makeSession(
        for account: Account, device: String, origin: Origin, at now: Int64
    ) -> (Session, RefreshClaims) {
        let id = SessionID(trusted: "s" + Base32.packed(self.random(17), characters: 26))
        let claims = RefreshClaims(session: id, secret: self.random(RefreshClaims.secretBytes))
        let session = Session(
            id: id, user: account.id, device: device, tokenHash: tokenHash(self.refresh.seal(claims.bytes)), created: now,
            expires: now + self.settings.sessionLifetime, address: NamePolicy.claim(origin.address, count: 64),
            agent: NamePolicy.claim(origin.agent, count: 200))
        return (session, claims)
    }

    private func take(_ buckets: [(LoginThrottle.Key, LoginThrottle.Rate)]) throws(Refusal) {
        let now = self.now()
        let wait = self.state.withLock { $0.throttle.take(buckets, at: now) }
        if let wait { throw Refusal(.rateLimited, retryMilliseconds: wait) }
    }

    private func giveBack(_ buckets: [(LoginThrottle.Key, LoginThrottle.Rate)]) {
        let now = self.now()
        self.state.withLock { $0.throttle.giveBack(buckets, at: now) }
    }

    func onStore<Value: Sendable>(
        _ body: @escaping @Sendable () throws(AccountFailure) -> Value
    ) async throws(Refusal) -> Value {
        switch await self.storeThread.run(body) {
        case .success(let value): return value
        case .failure(let failure): throw Refusal(failure)
        case nil: throw Refusal(.overloaded, retryMilliseconds: 1_000)
        }
    }
}

extension Refusal {
    /// What a client is told of a store that failed. The store's own text stays inside (A49).
    package init(_ failure: AccountFailure) {
        switch failure {
        case .taken: self.init(.nameTaken, field: "name")
        case .outdated: self.init(.wrongCredentials)
        case .store(.unavailable): self.init(.unavailable, retryMilliseconds: 1_000)
        case .store(.full): self.init(.diskFull, retryMilliseconds: 10_000)
        case .store(.outcomeUnknown): self.init(.outcomeUnknown, retryMilliseconds: 1_000)
        case .store(.corrupt): self.init(.internalError)
        }
    }
}
