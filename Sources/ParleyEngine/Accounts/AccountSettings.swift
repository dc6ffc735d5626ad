/// What the operator can set about accounts. Times in milliseconds.
package struct AccountSettings: Sendable {
    /// `burst` tries at once, then one each `interval` milliseconds.
    package struct Rate: Sendable, Equatable {
        package var burst: Int
        package var interval: Int64

        package init(burst: Int, interval: Int64) {
            self.burst = burst
            self.interval = interval
        }
    }

    /// Whether strangers may register.
    package var registration = true
    /// How long an access token is good: at most 10 minutes (A51, guide 1.6).
    package var accessLifetime: Int64 = 600_000
    /// How long a session lives without a refresh.
    package var sessionLifetime: Int64 = 90 * 86_400_000
    /// How long a ticket is good (A2).
    package var ticketLifetime: Int64 = 30_000
    /// Tickets at a time, in all and of one session.
    package var tickets = 20_000
    package var ticketsPerSession = 16
    /// Sessions whose liveness is kept in memory.
    package var cachedSessions = 100_000
    /// Store calls that may wait; beyond, requests are told to come back.
    package var storeQueue = 1_024
    /// Wrong passwords for one log-in name.
    package var triesPerName = Rate(burst: 10, interval: 10_000)
    /// Wrong passwords from one address.
    package var triesPerAddress = Rate(burst: 50, interval: 2_000)
    /// New accounts from one address; a name that was taken counts too.
    package var registrationsPerAddress = Rate(burst: 200, interval: 1_000)
    /// Buckets of tries that are kept.
    package var throttleBuckets = 65_536

    package init() {}
}
