import ParleyDomain
import Testing

@testable import ParleyEngine

/// Tries by name and by address (A30).
@Suite struct LoginThrottleTests {
    private let rate = AccountSettings.Rate(burst: 3, interval: 1_000)

    @Test func burstThenOneEachInterval() {
        var throttle = LoginThrottle(capacity: 100)
        let bucket = [(LoginThrottle.Key.name("ann"), self.rate)]
        for _ in 0..<3 { #expect(throttle.take(bucket, at: 0) == nil) }
        #expect(throttle.take(bucket, at: 0) == 1_000)
        #expect(throttle.take(bucket, at: 400) == 600)
        #expect(throttle.take(bucket, at: 1_000) == nil)
        #expect(throttle.take(bucket, at: 1_000) == 1_000)
        #expect(throttle.take([(.name("bob"), self.rate)], at: 1_000) == nil)
        #expect(throttle.take([(.address("ann"), self.rate)], at: 1_000) == nil)
    }

    @Test func refusedTryTakesFromNoBucket() {
        var throttle = LoginThrottle(capacity: 100)
        let (name, address) = ((LoginThrottle.Key.name("ann"), self.rate), (LoginThrottle.Key.address("x"), self.rate))
        for _ in 0..<3 { _ = throttle.take([name], at: 0) }
        for _ in 0..<50 { #expect(throttle.take([name, address], at: 0) == 1_000) }
        for _ in 0..<3 { #expect(throttle.take([address], at: 0) == nil) }
    }

    @Test func triesGivenBackCanBeTakenAgain() {
        var throttle = LoginThrottle(capacity: 100)
        let bucket = [(LoginThrottle.Key.name("ann"), self.rate)]
        for _ in 0..<50 {
            #expect(throttle.take(bucket, at: 0) == nil)
            throttle.giveBack(bucket, at: 0)
        }
        #expect(throttle.count == 0)
    }

    @Test func clockSetBackLocksNobodyOut() {
        var throttle = LoginThrottle(capacity: 100)
        let bucket = [(LoginThrottle.Key.name("ann"), self.rate)]
        for _ in 0..<3 { _ = throttle.take(bucket, at: 1_000_000_000) }
        #expect(throttle.take(bucket, at: 0) == 1_000)
        #expect(throttle.take(bucket, at: 1_000) != nil || throttle.take(bucket, at: 3_000) == nil)
    }

    @Test func tableStaysBoundedAndKeepsTheEmptiestBuckets() {
        var throttle = LoginThrottle(capacity: 64)
        let victim = [(LoginThrottle.Key.name("victim"), self.rate)]
        for _ in 0..<3 { _ = throttle.take(victim, at: 0) }
        for number in 0..<10_000 { _ = throttle.take([(.name("n\(number)"), self.rate)], at: 0) }
        #expect(throttle.count <= 64)
        #expect(throttle.take(victim, at: 0) == 1_000)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2/64"), ("2001:db8:1:2::9%eth0", "2001:db8:1:2/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("", ""),
    ])
    func oneClientIsOneNetwork(address: String, network: String) {
        #expect(LoginThrottle.network(of: address) == network)
    }

    @Test func wrongPasswordsForOneNameAreSlowedDownFromAnywhere() async throws {
        let world = try AccountWorld()
        _ = try await world.register()
        for number in 0..<10 {
            let code = await world.loggingIn(
                number % 2 == 0 ? "Ann" : "aNN", password: "wrong password", from: "198.51.100.\(number)"
            ).code
            #expect(code == .wrongCredentials)
        }
        let before = world.hasher.completed
        #expect(
            await world.loggingIn(from: "203.0.113.1")
                == Refusal(.rateLimited, retryMilliseconds: 10_000))
        #expect(world.hasher.completed == before)
        world.clock.wind(10_000)
        _ = try await world.logIn(from: "203.0.113.1")
    }

    @Test func sprayingNamesFromOneAddressIsSlowedDown() async throws {
        let world = try AccountWorld()
        for number in 0..<50 {
            let code = await world.loggingIn("n\(number)", password: "Spring2026!").code
            #expect(code == .wrongCredentials)
        }
        #expect(await world.loggingIn("next") == Refusal(.rateLimited, retryMilliseconds: 2_000))
        #expect(await world.loggingIn("next", from: "203.0.113.1").code == .wrongCredentials)
    }

    @Test func manyTriesAtOnceDoNotPassTogether() async throws {
        let world = try AccountWorld()
        let codes = await withTaskGroup(of: ErrorCode.self) { group in
            for _ in 0..<40 {
                group.addTask { await world.loggingIn(password: "wrong password").code }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == .wrongCredentials }.count == 10)
        #expect(codes.filter { $0 == .rateLimited }.count == 30)
    }

    @Test func rightPasswordsAreNotCounted() async throws {
        let world = try AccountWorld()
        _ = try await world.register()
        for _ in 0..<60 { _ = try await world.logIn() }
    }

    @Test func registrationsFromOneAddressAreSlowedDown() async throws {
        var settings = AccountSettings()
        settings.registrationsPerAddress = .init(burst: 2, interval: 5_000)
        let world = try AccountWorld(settings)
        _ = (try await world.register("a"), try await world.register("b"))
        #expect(await world.registering("c") == Refusal(.rateLimited, retryMilliseconds: 5_000))
    }
}
