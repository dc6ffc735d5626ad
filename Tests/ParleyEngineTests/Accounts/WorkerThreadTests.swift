import Dispatch
import Glibc
import ParleyDomain
import ParleyEngine
import ParleyTestKit
import Testing

/// Holds up the thread that passes it until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)

    /// On the thread that is to be held.
    func pass() {
        self.arrival.yield()
        self.semaphore.wait()
    }

    /// Returns when a thread is held.
    func entered() async {
        for await _ in self.arrivals { return }
    }

    func open() { self.semaphore.signal() }
}

/// A store whose first look-up of users holds up its thread.
final class GatedStore: AccountStore {
    private let inner = MemoryAccountStore()
    private let gate = Gate()

    func entered() async { await self.gate.entered() }
    /// Lets all pass, now and later.
    func open() { for _ in 0..<16 { self.gate.open() } }

    func accounts(prefix: String, limit: Int) throws(AccountFailure) -> [UserProfile] {
        self.gate.pass()
        return try self.inner.accounts(prefix: prefix, limit: limit)
    }

    func createAccount(_ account: Account) throws(AccountFailure) { try self.inner.createAccount(account) }
    func account(named name: String) throws(AccountFailure) -> Account? { try self.inner.account(named: name) }
    func account(id: UserID) throws(AccountFailure) -> Account? { try self.inner.account(id: id) }
    func createSession(_ session: Session, verified hash: String?) throws(AccountFailure) {
        try self.inner.createSession(session, verified: hash)
    }
    func session(tokenHash: [UInt8], at now: Int64) throws(AccountFailure) -> Session? {
        try self.inner.session(tokenHash: tokenHash, at: now)
    }
    func session(id: SessionID, at now: Int64) throws(AccountFailure) -> Session? { try self.inner.session(id: id, at: now) }
    func rotateSession(
        _ id: SessionID, from old: [UInt8], to new: [UInt8], expires: Int64, at now: Int64
    ) throws(AccountFailure) -> Bool {
        try self.inner.rotateSession(id, from: old, to: new, expires: expires, at: now)
    }
    func revokeSession(_ id: SessionID, at now: Int64) throws(AccountFailure) { try self.inner.revokeSession(id, at: now) }
    func deleteSessions(expiredBefore time: Int64, limit: Int) throws(AccountFailure) -> Int {
        try self.inner.deleteSessions(expiredBefore: time, limit: limit)
    }
    func secret(named name: String, make: () -> [UInt8]) throws(AccountFailure) -> [UInt8] {
        try self.inner.secret(named: name, make: make)
    }
    func provision(_ plan: ProvisionPlan, at now: Int64) throws(AccountFailure) { try self.inner.provision(plan, at: now) }
}

@Suite struct WorkerThreadTests {
    /// A31: where processors are short, messages go before hashes.
    @Test func threadThatMakesWayIsNicerThanTheOthers() async throws {
        @Sendable func niceness() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
        let usual = try #require(await WorkerThread(capacity: 1).run { niceness() }).get()
        let nicer = try #require(await WorkerThread(capacity: 1, makesWay: true).run { niceness() }).get()
        #expect(nicer == min(19, usual + WorkerThread.niceness))
        #expect(await WorkerThread(capacity: 1).run { niceness() } == .success(usual))
    }

    @Test func jobsRunInOrderAndBeyondTheBoundAreRefused() async {
        let thread = WorkerThread(capacity: 3)
        let gate = Gate()
        #expect(thread.submit { gate.pass() })
        await gate.entered()
        let (results, result) = AsyncStream.makeStream(of: Int.self)
        for number in 0..<3 {
            #expect(
                thread.submit {
                    result.yield(number)
                    if number == 2 { result.finish() }
                })
        }
        #expect(thread.waiting == 3)
        #expect(!thread.submit {})
        #expect(await thread.run { 1 } == nil)
        gate.open()
        #expect(await results.reduce(into: []) { $0.append($1) } == [0, 1, 2])
        #expect(await thread.run { 7 } == .success(7))
    }

    @Test func stoppedThreadFinishesWhatWaitsAndTakesNoMore() async {
        let thread = WorkerThread(capacity: 3)
        let gate = Gate()
        #expect(thread.submit { gate.pass() })
        await gate.entered()
        async let waiting = thread.run { 5 }
        while thread.waiting == 0 { await Task.yield() }
        thread.stop()
        #expect(!thread.submit {})
        gate.open()
        #expect(await waiting == .success(5))
    }

    @Test func threadThatIsLetGoFinishesWhatWaits() async {
        let gate = Gate()
        let (results, result) = AsyncStream.makeStream(of: Int.self)
        do {
            let thread = WorkerThread(capacity: 4)
            #expect(thread.submit { gate.pass() })
            await gate.entered()
            #expect(thread.submit { result.yield(1) })
            #expect(thread.submit { result.finish() })
        }
        gate.open()
        #expect(await results.reduce(into: []) { $0.append($1) } == [1])
    }
}

@Suite struct PasswordHasherTests {
    @Test(arguments: [
        PasswordHasher.Parameters(memoryKiB: 19_455, passes: 2, lanes: 1), .init(memoryKiB: 19_456, passes: 1, lanes: 1),
        .init(memoryKiB: 19_456, passes: 2, lanes: 0), .init(memoryKiB: 0, passes: 0, lanes: 0),
    ])
    func parametersBelowTheFloorAreRefused(parameters: PasswordHasher.Parameters) {
        #expect(throws: PasswordHasher.TooWeak()) { _ = try PasswordHasher(parameters: parameters) }
    }

    @Test func hashAtTheFloorIsArgon2idAndSalted() async throws {
        let hasher = try PasswordHasher()
        let (first, second) = (try await hasher.hash("correct horse"), try await hasher.hash("correct horse"))
        #expect(first.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$") && first != second)
        let clock = ContinuousClock()
        var right = false
        let time = try await clock.measure { right = try await hasher.verify("correct horse", against: first) }
        print("one hash at the floor: \(time)")
        #expect(right)
        #expect(try await hasher.verify("correct horse ", against: first) == false)
        #expect(try await hasher.verify("correct horse", against: nil) == false)
        #expect(hasher.completed == 5)
    }

    @Test func fullQueueSaysOverloadedAndWhenToComeBack() async throws {
        let thread = WorkerThread(capacity: 1)
        let hasher = try PasswordHasher(parameters: AccountWorld.cheap, thread: thread, weakForTests: true)
        // The hasher's own first job.
        while hasher.waiting > 0 { await Task.yield() }
        _ = try await hasher.hash("x")
        let gate = Gate()
        #expect(thread.submit { gate.pass() })
        await gate.entered()
        async let waiting = hasher.hash("y")
        while hasher.waiting == 0 { await Task.yield() }
        await #expect(throws: Refusal(.overloaded, retryMilliseconds: 2_000)) { try await hasher.verify("z", against: nil) }
        gate.open()
        #expect(try await waiting.hasPrefix("$argon2id$"))
    }

    @Test func hashThatCannotBeReadIsAnErrorAndNeverRight() async throws {
        let hasher = try PasswordHasher(parameters: AccountWorld.cheap, weakForTests: true)
        for broken in ["", "x", "$argon2id$v=19$m=8,t=1,p=1$", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA"] {
            await #expect(throws: Refusal(.internalError)) { try await hasher.verify("password", against: broken) }
        }
    }
}
