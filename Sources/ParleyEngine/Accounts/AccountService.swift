package import ParleyDomain

/// What log-in gives a client.
package struct LoginGrant: Sendable, Equatable {
    package var user: UserID
    package var name: String
    package var session: SessionID
    /// Short-lived; opens sockets and calls HTTP.
    package var accessToken: String
    /// In milliseconds since 1970.
    package var accessExpires: Int64
    /// Long-lived; only good for `refresh`. Changes with each use.
    package var refreshToken: String

    package init(
        user: UserID, name: String, session: SessionID, accessToken: String, accessExpires: Int64, refreshToken: String
    ) {
        self.user = user
        self.name = name
        self.session = session
        self.accessToken = accessToken
        self.accessExpires = accessExpires
        self.refreshToken = refreshToken
    }
}

/// Who is asking, as a checked token or ticket says.
package struct Identity: Sendable, Equatable {
    package var user: UserID
    package var name: String
    package var session: SessionID
    package var device: String
    /// When sockets opened with it end by themselves, in milliseconds since 1970: for a token of another application its
    /// `exp`, since nothing else would ever end them. Nil for own accounts, whose sessions are ended here.
    package var ends: Int64?

    package init(user: UserID, name: String, session: SessionID, device: String, ends: Int64? = nil) {
        self.user = user
        self.name = name
        self.session = session
        self.device = device
        self.ends = ends
    }
}

/// Where a request came from, for the audit row of its session (R85).
package struct Origin: Sendable, Equatable {
    /// The peer's IP address.
    package var address: String
    /// The User-Agent, cut to 200 characters.
    package var agent: String

    package init(address: String, agent: String) {
        self.address = address
        self.agent = agent
    }
}

/// Accounts, sessions and the three kinds of credential: access token, refresh token, single-use ticket.
///
/// Every call may suspend and never blocks the caller's thread. Errors are ready to be shown to the client.
package protocol AccountService: Sendable {
    func register(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant
    func logIn(name: String, password: String, device: String, from origin: Origin) async throws(Refusal) -> LoginGrant
    func refresh(token: String, from origin: Origin) async throws(Refusal) -> LoginGrant
    /// Ends the session; its live sockets are closed within a second.
    func logOut(_ identity: Identity) async throws(Refusal)
    /// Whose access token this is: an own one, a provisioned long-lived one, or one of another application that is trusted.
    func authenticate(token: String) async throws(Refusal) -> Identity
    /// A ticket for one socket: single use, 30 s. Made over an authenticated HTTP request, so that no token is in a URL.
    func makeTicket(for identity: Identity) async throws(Refusal) -> (ticket: String, expires: Int64)
    func redeem(ticket: String) async throws(Refusal) -> Identity
}
