import ParleyDomain
import ParleyEngine
import ParleyTestKit
import Testing

@Suite struct AccountManagerTests {
    @Test func registeringGivesAnAccountAndASessionThatIsLive() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        #expect(grant.name == "Ann")
        #expect(grant.user.rawValue.count == 21 && grant.user.rawValue.hasPrefix("u"))
        #expect(grant.session.rawValue.count == 27 && grant.session.rawValue.hasPrefix("s"))
        #expect(UserID(rawValue: grant.user.rawValue) != nil && SessionID(rawValue: grant.session.rawValue) != nil)
        #expect(grant.accessExpires == world.clock.now + 600_000)
        #expect(grant.accessToken.hasPrefix("pa1.") && grant.refreshToken.hasPrefix("pr1."))
        let identity = try await world.accounts.authenticate(token: grant.accessToken)
        #expect(identity == Identity(user: grant.user, name: "Ann", session: grant.session, device: "phone"))
    }

    @Test func sessionKeepsAddressDeviceAndAgentForAudit() async throws {
        let world = try AccountWorld()
        let agent = "Browser\u{1B}[31m" + String(repeating: "x", count: 300)
        _ = try await world.accounts.register(
            name: "Ann", password: "correct horse", device: " My phone ", from: Origin(address: "2001:db8::1", agent: agent))
        let session = try #require(world.store.sessions.first)
        #expect(session.address == "2001:db8::1")
        #expect(session.device == "My phone")
        #expect(session.agent.unicodeScalars.count == 200 && session.agent.hasPrefix("Browser[31mxx"))
    }

    @Test func nothingThatIsStoredOpensASession() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let session = try #require(world.store.sessions.first)
        #expect(session.tokenHash.count == 32)
        #expect(!Array(grant.refreshToken.utf8).contains(session.tokenHash))
        let account = try #require(try world.store.account(named: "ann"))
        #expect(account.passwordHash?.hasPrefix("$argon2id$v=19$m=8,t=1,p=1$") == true)
    }

    @Test func takenNameIsRefusedWhateverItsCase() async throws {
        let world = try AccountWorld()
        _ = try await world.register("Ann")
        #expect(await world.registering(" aNN ") == Refusal(.nameTaken, field: "name"))
    }

    @Test func twoAtOnceForOneNameMakeOneAccount() async throws {
        let world = try AccountWorld()
        let results = await withTaskGroup(of: ErrorCode?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do throws(Refusal) {
                        _ = try await world.register("Ann")
                        return nil
                    } catch { return error.code }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.filter { $0 == nil }.count == 1)
        #expect(results.filter { $0 == .nameTaken }.count == 7)
    }

    @Test func registrationSwitchedOffIsRefused() async throws {
        var settings = AccountSettings()
        settings.registration = false
        let world = try AccountWorld(settings)
        #expect(await world.registering().code == .forbidden)
        #expect(world.hasher.completed == 0)
    }

    @Test func logInGivesANewSessionEachTime() async throws {
        let world = try AccountWorld()
        let first = try await world.register()
        let second = try await world.logIn("ANN")
        #expect(second.user == first.user && second.session != first.session && second.name == "Ann")
        #expect(second.refreshToken != first.refreshToken)
        #expect(try await world.accounts.authenticate(token: second.accessToken).device == "laptop")
    }

    @Test func unknownNameAndWrongPasswordLookAndCostTheSame() async throws {
        let world = try AccountWorld()
        _ = try await world.register()
        let before = world.hasher.completed
        let wrong = await world.loggingIn("Ann", password: "wrong password")
        #expect(world.hasher.completed == before + 1)
        let unknown = await world.loggingIn("Bob", password: "wrong password")
        #expect(world.hasher.completed == before + 2)
        #expect(wrong == Refusal(.wrongCredentials) && unknown == wrong)
    }

    /// What an operator does while a log-in waits for its hash counts for it.
    @Test func whoIsDisabledOrGetsAnotherPasswordMeanwhileDoesNotComeIn() async throws {
        for isDisabled in [true, false] {
            let world = try AccountWorld()
            let user = try await world.register().user
            world.store.beforeNextSession { [store = world.store] in
                store.change(user) { if isDisabled { $0.isDisabled = true } else { $0.passwordHash = "other" } }
            }
            #expect(await world.loggingIn() == Refusal(.wrongCredentials))
            #expect(world.store.sessions.count == 1)
        }
    }

    @Test func sessionOfADisabledAccountIsOver() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        world.store.change(grant.user) { $0.isDisabled = true }
        let fresh = try AccountWorld(store: world.store)
        #expect(await fresh.authenticating(grant.accessToken) == .sessionEnded)
        #expect(await fresh.refreshing(grant.refreshToken) == .sessionEnded)
        world.store.change(grant.user) { $0.isDisabled = false }
        _ = try await fresh.accounts.refresh(token: grant.refreshToken, from: AccountWorld.here)
    }

    @Test func expiredSessionsAreForgottenAfterADay() async throws {
        var settings = AccountSettings()
        settings.sessionLifetime = 60_000
        let world = try AccountWorld(settings)
        for number in 0..<3 { _ = try await world.register("a\(number)") }
        world.clock.wind(86_400_000 + 60_000)
        #expect(try await world.accounts.forgetSessions() == 0)
        world.clock.wind(1)
        #expect(try await world.accounts.forgetSessions() == 3)
        #expect(world.store.sessions.isEmpty)
    }

    @Test func accountWithoutPasswordCannotLogIn() async throws {
        let world = try AccountWorld()
        try world.store.createAccount(Account(id: UserID(trusted: "bot"), name: "bot", passwordHash: nil, created: 0))
        #expect(await world.loggingIn("bot", password: "").code == .empty)
        #expect(await world.loggingIn("bot", password: "anything at all").code == .wrongCredentials)
        #expect(world.hasher.completed == 1)
    }

    @Test(arguments: [
        ("short", ErrorCode.outOfRange), ("", .empty), (String(repeating: "é", count: 513), .tooLong), ("7 chars", .outOfRange),
    ])
    func newPasswordOutsideTheBoundsIsRefused(password: String, code: ErrorCode) async throws {
        let world = try AccountWorld()
        let refusal = await world.registering(password: password)
        #expect(refusal.code == code && refusal.field == "password" && !refusal.rule.isEmpty)
        #expect(world.hasher.completed == 0)
    }

    @Test(arguments: [String(repeating: "é", count: 512), "8 chars!", "\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}"])
    func passwordWithinTheBoundsWorks(password: String) async throws {
        let world = try AccountWorld()
        _ = try await world.register(password: password)
        _ = try await world.logIn(password: password)
        #expect(await world.loggingIn(password: password + "x").code != .internalError)
    }

    @Test(arguments: [
        (AccountFailure.store(.unavailable("disk /secret")), ErrorCode.unavailable), (.store(.full("")), .diskFull),
        (.store(.outcomeUnknown("")), .outcomeUnknown), (.store(.corrupt("page 7")), .internalError),
    ])
    func failingStoreIsToldByItsCodeAlone(failure: AccountFailure, code: ErrorCode) async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let fresh = try AccountWorld(store: world.store)
        world.store.failure = failure
        for refusal in [
            await world.loggingIn(),
            await world.registering("Bob"),
            await world.refusal { () throws(Refusal) in
                try await world.accounts.refresh(token: grant.refreshToken, from: AccountWorld.here)
            },
            await fresh.refusal { () throws(Refusal) in try await fresh.accounts.authenticate(token: grant.accessToken) },
        ] {
            #expect(refusal.code == code)
            #expect(!refusal.message.contains("secret") && !refusal.message.contains("page"))
        }
    }

    @Test func fullStoreQueueSaysOverloaded() async throws {
        var settings = AccountSettings()
        settings.storeQueue = 1
        let store = GatedStore()
        let accounts = try AccountManager(
            store: store, hasher: try PasswordHasher(parameters: AccountWorld.cheap, weakForTests: true), settings: settings)
        async let running = accounts.users(prefix: "a", limit: 1)
        await store.entered()
        async let waiting = accounts.users(prefix: "a", limit: 1)
        while accounts.waitingForStore == 0 { await Task.yield() }
        await #expect(throws: Refusal(.overloaded, retryMilliseconds: 1_000)) { try await accounts.users(prefix: "a", limit: 1) }
        store.open()
        _ = try await (running, waiting)
    }

    @Test func usersAreFoundByTheBeginningOfTheirNames() async throws {
        let world = try AccountWorld()
        for name in ["Ann", "Anna", "Bob", "anton"] { _ = try await world.register(name) }
        #expect(try await world.accounts.users(prefix: "AN", limit: 2).map(\.name) == ["Ann", "Anna"])
        #expect(await world.code { () throws(Refusal) in try await world.accounts.users(prefix: " ", limit: 2) } == .empty)
    }
}
