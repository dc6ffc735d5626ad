import ParleyDomain
import ParleyEngine
import ParleyTestKit
import Synchronization

/// A clock wound by hand, in milliseconds since 1970.
final class HandClock: Sendable {
    private let time = Mutex<Int64>(1_700_000_000_000)
    private let passed = Mutex<Int64>(0)

    var now: Int64 { self.time.withLock { $0 } }
    /// By the clock that nobody sets.
    var steady: Int64 { self.passed.withLock { $0 } }
    func wind(_ milliseconds: Int64) {
        self.time.withLock { $0 += milliseconds }
        self.passed.withLock { $0 += milliseconds }
    }
    /// Somebody sets the clock; no time passes.
    func set(by milliseconds: Int64) { self.time.withLock { $0 += milliseconds } }
    func wind(seconds: Int64) { self.wind(seconds * 1_000) }
}

/// Sessions that were told to have ended.
final class EndedSessions: Sendable {
    private let list = Mutex<[SessionID]>([])

    var sessions: [SessionID] { self.list.withLock { $0 } }
    func add(_ session: SessionID) { self.list.withLock { $0.append(session) } }
}

/// An account manager over a store in memory, with a clock wound by hand and hashes that cost next to nothing.
struct AccountWorld {
    static let here = Origin(address: "192.0.2.1", agent: "test")
    static let cheap = PasswordHasher.Parameters(memoryKiB: 8, passes: 1, lanes: 1)

    let clock = HandClock()
    let ended = EndedSessions()
    let store: MemoryAccountStore
    let hasher: PasswordHasher
    let accounts: AccountManager

    init(_ settings: AccountSettings = AccountSettings(), store: MemoryAccountStore = MemoryAccountStore()) throws {
        self.store = store
        self.hasher = try PasswordHasher(parameters: Self.cheap, weakForTests: true)
        let clock = self.clock
        self.accounts = try AccountManager(
            store: store, hasher: self.hasher, settings: settings, clock: { clock.now }, steady: { clock.steady })
        let ended = self.ended
        self.accounts.whenSessionEnds { session, _ in ended.add(session) }
    }

    func register(_ name: String = "Ann", password: String = "correct horse") async throws(Refusal) -> LoginGrant {
        try await self.accounts.register(name: name, password: password, device: "phone", from: Self.here)
    }

    func logIn(
        _ name: String = "Ann", password: String = "correct horse", from address: String = "192.0.2.1"
    ) async throws(Refusal) -> LoginGrant {
        try await self.accounts.logIn(
            name: name, password: password, device: "laptop", from: Origin(address: address, agent: "test"))
    }

    /// The error of a call that must fail; `internalError` with a rule that says so where it does not.
    func refusal<Value>(_ body: () async throws(Refusal) -> Value) async -> Refusal {
        do throws(Refusal) {
            _ = try await body()
            return Refusal(.internalError, rule: "was not refused")
        } catch {
            return error
        }
    }

    func code<Value>(_ body: () async throws(Refusal) -> Value) async -> ErrorCode { await self.refusal(body).code }

    /// The codes of calls that must fail.
    func authenticating(_ token: String) async -> ErrorCode {
        await self.code { () throws(Refusal) in try await self.accounts.authenticate(token: token) }
    }
    func refreshing(_ token: String) async -> ErrorCode {
        await self.code { () throws(Refusal) in try await self.accounts.refresh(token: token, from: Self.here) }
    }
    func redeeming(_ ticket: String) async -> ErrorCode {
        await self.code { () throws(Refusal) in try await self.accounts.redeem(ticket: ticket) }
    }
    func loggingIn(_ name: String = "Ann", password: String = "correct horse", from address: String = "192.0.2.1") async
        -> Refusal
    {
        await self.refusal { () throws(Refusal) in try await self.logIn(name, password: password, from: address) }
    }
    func registering(_ name: String = "Ann", password: String = "correct horse") async -> Refusal {
        await self.refusal { () throws(Refusal) in try await self.register(name, password: password) }
    }
}
