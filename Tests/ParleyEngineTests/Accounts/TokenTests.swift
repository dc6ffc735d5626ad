import ParleyDomain
import ParleyEngine
import ParleyTestKit
import Testing

/// Forged, old and revoked credentials (A2, A28, A29, A32, A51).
@Suite struct TokenTests {
    @Test func everyFlippedBitOfAnAccessTokenIsRefused() async throws {
        let world = try AccountWorld()
        let token = Array(try await world.register().accessToken.utf8)
        for index in token.indices {
            for bit in 0..<7 {
                var forged = token
                forged[index] ^= 1 << bit
                let code = await world.authenticating(String(decoding: forged, as: UTF8.self))
                #expect(code == .badToken, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func truncatedOrExtendedTokensAreRefused() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        for token in [grant.accessToken, grant.refreshToken] {
            for length in 0..<token.utf8.count {
                let short = String(token.prefix(length))
                #expect(await world.authenticating(short) == .badToken)
                #expect(
                    await world.refreshing(short)
                        == .badToken)
            }
        }
        for extra in ["=", "A", ".", " ", "\n", ".AAAA", String(repeating: "A", count: 100_000)] {
            let token = grant.accessToken + extra
            #expect(await world.authenticating(token) == .badToken)
        }
        // None of this has ended the session.
        _ = try await world.accounts.refresh(token: grant.refreshToken, from: AccountWorld.here)
    }

    @Test func everyFlippedBitOfARefreshTokenIsRefusedWithoutTheStore() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let (token, calls) = (Array(grant.refreshToken.utf8), world.store.calls)
        for index in token.indices {
            for bit in 0..<7 {
                var forged = token
                forged[index] ^= 1 << bit
                let text = String(decoding: forged, as: UTF8.self)
                #expect(
                    await world.refreshing(text)
                        == .badToken)
            }
        }
        #expect(world.store.calls == calls)
        #expect(world.ended.sessions.isEmpty)
    }

    @Test func tokensOfAnotherServerAreRefused() async throws {
        let (world, other) = (try AccountWorld(), try AccountWorld())
        let grant = try await other.register()
        _ = try await world.register()
        #expect(await world.authenticating(grant.accessToken) == .badToken)
        #expect(
            await world.refreshing(grant.refreshToken)
                == .badToken)
    }

    @Test func oneKindOfCredentialIsNoOther() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let identity = try await world.accounts.authenticate(token: grant.accessToken)
        let ticket = try await world.accounts.makeTicket(for: identity).ticket
        let bodies = [grant.accessToken, grant.refreshToken, ticket].map { String($0.dropFirst(4)) }
        for prefix in ["pa1.", "pr1.", "pl1.", "pt1.", "pa2.", "PA1.", "", "Bearer "] {
            for body in bodies {
                let token = prefix + body
                if token != grant.accessToken {
                    let code = await world.authenticating(token)
                    #expect(code == .badToken, "\(prefix)")
                }
                if token != grant.refreshToken {
                    let code = await world.refreshing(token)
                    #expect(code == .badToken, "\(prefix)")
                }
                if token != ticket {
                    let code = await world.redeeming(token)
                    #expect(code == .badToken, "\(prefix)")
                }
            }
        }
        _ = try await world.accounts.redeem(ticket: ticket)
    }

    @Test func accessTokenIsGoodForTenMinutesAndNoLonger() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        world.clock.wind(599_999)
        _ = try await world.accounts.authenticate(token: grant.accessToken)
        world.clock.wind(1)
        #expect(await world.authenticating(grant.accessToken) == .badToken)
    }

    @Test func liveSessionIsAskedOfTheStoreOnce() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let fresh = try AccountWorld(store: world.store)
        let calls = world.store.calls
        for _ in 0..<5 { _ = try await fresh.accounts.authenticate(token: grant.accessToken) }
        #expect(world.store.calls == calls + 2)
    }

    @Test func loggingOutEndsTheSessionAtOnceAndOnlyThatOne() async throws {
        let world = try AccountWorld()
        let (phone, laptop) = (try await world.register(), try await world.logIn())
        let identity = try await world.accounts.authenticate(token: phone.accessToken)
        let ticket = try await world.accounts.makeTicket(for: identity).ticket
        try await world.accounts.logOut(identity)
        #expect(world.ended.sessions == [phone.session])
        #expect(world.accounts.wasEnded(phone.session) && !world.accounts.wasEnded(laptop.session))
        #expect(await world.authenticating(phone.accessToken) == .sessionEnded)
        #expect(await world.redeeming(ticket) == .sessionEnded)
        #expect(
            await world.refreshing(phone.refreshToken)
                == .sessionEnded)
        _ = try await world.accounts.authenticate(token: laptop.accessToken)
        // A second time is no error.
        try await world.accounts.logOut(identity)
    }

    @Test func loggingOutThatTheStoreRefusesIsNotSaidToBeDone() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let identity = try await world.accounts.authenticate(token: grant.accessToken)
        world.store.failure = .store(.unavailable(""))
        #expect(await world.code { () throws(Refusal) in try await world.accounts.logOut(identity) } == .unavailable)
        #expect(world.ended.sessions.isEmpty)
        world.store.failure = .store(.outcomeUnknown(""))
        #expect(await world.code { () throws(Refusal) in try await world.accounts.logOut(identity) } == .outcomeUnknown)
        #expect(world.ended.sessions == [grant.session])
    }

    @Test func refreshGivesNewTokensOfTheSameSession() async throws {
        let world = try AccountWorld()
        let first = try await world.register()
        world.clock.wind(seconds: 3_600)
        let second = try await world.accounts.refresh(token: first.refreshToken, from: AccountWorld.here)
        #expect(second.session == first.session && second.user == first.user && second.name == "Ann")
        #expect(second.refreshToken != first.refreshToken && second.accessToken != first.accessToken)
        _ = try await world.accounts.authenticate(token: second.accessToken)
        _ = try await world.accounts.refresh(token: second.refreshToken, from: AccountWorld.here)
        #expect(world.ended.sessions.isEmpty)
    }

    @Test func usedRefreshTokenEndsTheWholeSession() async throws {
        let world = try AccountWorld()
        let first = try await world.register()
        let second = try await world.accounts.refresh(token: first.refreshToken, from: AccountWorld.here)
        let third = try await world.accounts.refresh(token: second.refreshToken, from: AccountWorld.here)
        // Not only the last one used: any old one of the family.
        #expect(
            await world.refreshing(first.refreshToken)
                == .badToken)
        #expect(world.ended.sessions == [first.session])
        #expect(await world.authenticating(third.accessToken) == .sessionEnded)
        #expect(
            await world.refreshing(third.refreshToken)
                == .sessionEnded)
        #expect(world.store.sessions.isEmpty)
    }

    @Test func oneRefreshTokenUsedInParallelWinsOnceAtMostAndEndsTheSession() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let wins = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    do throws(Refusal) {
                        _ = try await world.accounts.refresh(token: grant.refreshToken, from: AccountWorld.here)
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
        #expect(world.ended.sessions == [grant.session])
    }

    @Test func sessionEndsByItselfWhereItIsNeverRefreshed() async throws {
        var settings = AccountSettings()
        settings.sessionLifetime = 60_000
        let world = try AccountWorld(settings)
        let grant = try await world.register()
        #expect(grant.accessExpires == world.clock.now + 60_000)
        world.clock.wind(60_000)
        #expect(
            await world.refreshing(grant.refreshToken)
                == .sessionEnded)
    }

    @Test func ticketIsGoodOnceAndForThirtySeconds() async throws {
        let world = try AccountWorld()
        let grant = try await world.register()
        let identity = try await world.accounts.authenticate(token: grant.accessToken)
        let first = try await world.accounts.makeTicket(for: identity)
        #expect(first.expires == world.clock.now + 30_000 && first.ticket.hasPrefix("pt1.") && first.ticket.count == 47)
        #expect(try await world.accounts.redeem(ticket: first.ticket) == identity)
        #expect(await world.redeeming(first.ticket) == .badToken)
        let (second, third) = (
            try await world.accounts.makeTicket(for: identity).ticket, try await world.accounts.makeTicket(for: identity).ticket
        )
        world.clock.wind(29_999)
        _ = try await world.accounts.redeem(ticket: second)
        world.clock.wind(1)
        #expect(await world.redeeming(third) == .badToken)
    }

    @Test(arguments: [-86_400_000, 86_400_000])
    func clockThatIsSetKeepsNoTicket(by milliseconds: Int64) async throws {
        var settings = AccountSettings()
        settings.tickets = 3
        let world = try AccountWorld(settings)
        let identity = try await world.accounts.authenticate(token: try await world.register().accessToken)
        let first = try await world.accounts.makeTicket(for: identity).ticket
        for _ in 0..<2 { _ = try await world.accounts.makeTicket(for: identity) }
        world.clock.set(by: milliseconds)
        if milliseconds < 0 { _ = try await world.accounts.redeem(ticket: first) }
        #expect(await world.code { () throws(Refusal) in try await world.accounts.makeTicket(for: identity) } == .overloaded)
        world.clock.wind(30_000)
        let made = try await world.accounts.makeTicket(for: identity)
        #expect(made.expires == world.clock.now + 30_000)
    }

    @Test func oneTicketUsedInParallelOpensOneSocket() async throws {
        let world = try AccountWorld()
        let identity = try await world.accounts.authenticate(token: try await world.register().accessToken)
        let ticket = try await world.accounts.makeTicket(for: identity).ticket
        let wins = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 { group.addTask { (try? await world.accounts.redeem(ticket: ticket)) != nil } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
    }

    @Test func ticketsAreBoundedPerSessionAndInAll() async throws {
        var settings = AccountSettings()
        settings.tickets = 5
        settings.ticketsPerSession = 3
        let world = try AccountWorld(settings)
        let ann = try await world.accounts.authenticate(token: try await world.register("Ann").accessToken)
        let bob = try await world.accounts.authenticate(token: try await world.register("Bob").accessToken)
        for _ in 0..<3 { _ = try await world.accounts.makeTicket(for: ann) }
        #expect(await world.code { () throws(Refusal) in try await world.accounts.makeTicket(for: ann) } == .rateLimited)
        for _ in 0..<2 { _ = try await world.accounts.makeTicket(for: bob) }
        #expect(await world.code { () throws(Refusal) in try await world.accounts.makeTicket(for: bob) } == .overloaded)
        world.clock.wind(30_000)
        for _ in 0..<3 { _ = try await world.accounts.makeTicket(for: ann) }
    }
}
