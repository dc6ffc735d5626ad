import ParleyDomain
import ParleyTestKit
import Testing

@testable import ParleyEngine

/// Users of another application beside own accounts (B5, A28, A32).
@Suite struct ExternalAccountTests {
    private func world(_ store: MemoryAccountStore = MemoryAccountStore()) throws -> AccountWorld {
        let world = try AccountWorld(store: store)
        world.accounts.takeTokens(of: try TokenSmith.verifier())
        return world
    }

    @Test func firstTokenMakesAnAccountAndLaterOnesFindIt() async throws {
        let world = try self.world()
        let first = try await world.accounts.authenticate(token: TokenSmith.good())
        #expect(first.user == UserID(trusted: "x:ann") && first.name == "Ann")
        #expect(first.ends == (TokenSmith.start + 600) * 1_000)
        let renamed = try await world.accounts.authenticate(token: TokenSmith.good([("name", #""Other""#), ("jti", #""2""#)]))
        #expect(renamed.user == first.user && renamed.name == "Ann" && renamed.session != first.session)
        let ticket = try await world.accounts.makeTicket(for: first).ticket
        #expect(try await world.accounts.redeem(ticket: ticket) == first)
    }

    /// An application may let its users choose their names.
    @Test func nameOfTheFormOfAnIDIsNotTakenFromAToken() async throws {
        let world = try self.world()
        let own = try await world.register("Zoe")
        let name = #""\#(own.user.rawValue.uppercased())""#
        #expect(try await world.accounts.authenticate(token: TokenSmith.good([("name", name)])).name == "ann")
    }

    @Test func whoIsDisabledMeanwhileDoesNotComeIn() async throws {
        let world = try self.world()
        let ann = UserID(trusted: "x:ann")
        world.store.beforeNextSession { [store = world.store] in store.change(ann) { $0.isDisabled = true } }
        #expect(await world.authenticating(try TokenSmith.good()) == .sessionEnded)
        #expect(world.store.sessions.isEmpty)
    }

    @Test func withoutTheOperatorsWordNoTokenIsTaken() async throws {
        let world = try AccountWorld()
        #expect(await world.authenticating(try TokenSmith.good()) == .badToken)
    }

    @Test func disabledAccountIsShutOutWhoeverVouchesForIt() async throws {
        let store = MemoryAccountStore()
        try store.createAccount(
            Account(id: UserID(trusted: "x:ann"), name: "Ann", passwordHash: nil, created: 1, isDisabled: true))
        #expect(await (try self.world(store)).authenticating(try TokenSmith.good()) == .sessionEnded)
    }

    @Test func noTokenTakesOverAnOwnAccountNorTheOtherWayRound() async throws {
        let world = try self.world()
        let own = try await world.register("Ann")
        for subject in [own.user.rawValue, "Ann", own.session.rawValue] {
            let identity = try await world.accounts.authenticate(token: TokenSmith.good([("sub", "\"\(subject)\"")]))
            #expect(identity.user != own.user && identity.user.rawValue == "x:" + subject)
            #expect(identity.name != "Ann" && identity.name.hasPrefix("Ann "))
        }
        // Nobody logs in with a password to an account that an application vouches for, nor registers its name.
        _ = try await world.accounts.authenticate(token: TokenSmith.good([("sub", #""bob""#), ("name", #""Bob""#)]))
        #expect(await world.loggingIn("Bob").code == .wrongCredentials)
        #expect(await world.registering("bob").code == .nameTaken)
        // Nor is anybody kept out by a name that was registered before him.
        _ = try await world.register("Carl")
        #expect(await world.registering("x:carl").code == .badText)
        let carl = try await world.accounts.authenticate(token: TokenSmith.good([("sub", #""carl""#), ("name", #""Carl""#)]))
        #expect(carl.user.rawValue == "x:carl" && carl.name.hasPrefix("Carl "))
    }

    @Test func planCannotNameAnExternalUser() throws {
        for name in ["x:ann", "X:ann", "xh:abc"] {
            #expect(throws: (any Error).self) { try ProvisionPlanFile(Array("user 1 \(name) password\n".utf8)) }
        }
        _ = try ProvisionPlanFile(Array("user 1 xann password\n".utf8))
    }

    @Test(arguments: [
        ("auth0|5f7c", "xh:"), ("a b", "xh:"), ("Zoë", "xh:"), (String(repeating: "s", count: 63), "xh:"),
        (String(repeating: "s", count: 62), "x:"), ("h:abc", "x:h:"),
    ])
    func subjectsThatAreNoIdentifiersAreHashed(_ subject: String, _ prefix: String) async throws {
        let world = try self.world()
        let identity = try await world.accounts.authenticate(token: TokenSmith.good([("sub", "\"\(subject)\"")]))
        #expect(identity.user.rawValue.hasPrefix(prefix) && isIdentifier(identity.user.rawValue))
        #expect(isIdentifier(identity.session.rawValue))
    }

    @Test(arguments: [#""""#, #""a\u202eb""#, #""\#(String(repeating: "n", count: 65))""#, "7", #""\n""#])
    func nameThatBreaksTheRulesIsReplacedBySubject(_ name: String) async throws {
        let world = try self.world()
        #expect(try await world.accounts.authenticate(token: TokenSmith.good([("name", name)])).name == "ann")
    }

    @Test func longNameWithATailStaysWithinTheBound() async throws {
        let world = try self.world()
        let long = "a " + String(repeating: "n", count: 62)
        _ = try await world.register(long)
        let identity = try await world.accounts.authenticate(token: TokenSmith.good([("name", "\"\(long)\"")]))
        #expect(identity.name.unicodeScalars.count == Limits.nameCharacters)
        #expect(try NamePolicy.name(identity.name) == identity.name)
    }

    @Test func revokedSessionNeverComesBackWhateverToken() async throws {
        let world = try self.world()
        let token = try TokenSmith.good([("sid", #""phone""#)])
        let identity = try await world.accounts.authenticate(token: token)
        let laptop = try await world.accounts.authenticate(token: TokenSmith.good([("sid", #""laptop""#)]))
        try await world.accounts.logOut(identity)
        #expect(world.ended.sessions == [identity.session])
        let newer = try TokenSmith.good([("sid", #""phone""#), ("exp", "\(TokenSmith.start + 900)")])
        for _ in 0..<2 {
            #expect(await world.authenticating(token) == .sessionEnded)
            #expect(await world.authenticating(newer) == .sessionEnded)
        }
        let again = try self.world(world.store)
        #expect(await again.authenticating(newer) == .sessionEnded, "after a restart")
        #expect(try await again.accounts.authenticate(token: TokenSmith.good([("sid", #""laptop""#)])).session == laptop.session)
    }

    @Test func sessionGoesOnWithANewerTokenOfTheSameSid() async throws {
        let world = try self.world()
        let first = try await world.accounts.authenticate(token: TokenSmith.good([("sid", #""phone""#)]))
        let newer = try TokenSmith.good([("sid", #""phone""#), ("exp", "\(TokenSmith.start + 900)")])
        let second = try await world.accounts.authenticate(token: newer)
        #expect(second.session == first.session && second.ends == (TokenSmith.start + 900) * 1_000)
        // An older token of the session does not shorten it.
        #expect(try await world.accounts.authenticate(token: TokenSmith.good([("sid", #""phone""#)])).ends == second.ends)
        // Also after it had expired.
        world.clock.wind(seconds: 1_000)
        #expect(await world.authenticating(newer) == .badToken)
        let late = try TokenSmith.good([("sid", #""phone""#), ("exp", "\(TokenSmith.start + 1_600)")])
        #expect(try await world.accounts.authenticate(token: late).session == first.session)
    }

    @Test func sameTokenWithoutSidIsOneSessionAndIsAskedOfTheStoreOnce() async throws {
        let world = try self.world()
        let token = try TokenSmith.good()
        let first = try await world.accounts.authenticate(token: token)
        let calls = world.store.calls
        for _ in 0..<5 { #expect(try await world.accounts.authenticate(token: token) == first) }
        #expect(world.store.calls == calls)
        // Another user with the same sid has a session of his own.
        let ann = try await world.accounts.authenticate(token: TokenSmith.good([("sid", #""1""#)]))
        let bob = try await world.accounts.authenticate(token: TokenSmith.good([("sid", #""1""#), ("sub", #""bob""#)]))
        #expect(ann.session != bob.session)
    }

    @Test func manyFirstSightsAtOnceMakeOneAccount() async throws {
        let world = try self.world()
        try await withThrowingTaskGroup(of: UserID.self) { group in
            for number in 0..<20 {
                let token = try TokenSmith.good([("jti", "\"\(number)\"")])
                group.addTask { try await world.accounts.authenticate(token: token).user }
            }
            for try await user in group { #expect(user.rawValue == "x:ann") }
        }
        #expect(world.store.sessions.count == 20)
    }

    @Test func newKeysCountAtOnceAndOldOnesNoMore() async throws {
        let world = try self.world()
        let token = try TokenSmith.good()
        _ = try await world.accounts.authenticate(token: token)
        let other = Array("another secret of more than 32 bytes ...".utf8)
        world.accounts.takeTokens(
            of: TokenVerifier(
                keys: try TokenKeys(algorithm: .hs256, keyFile: other), issuer: TokenSmith.issuer, audience: TokenSmith.audience))
        #expect(await world.authenticating(token) == .badToken)
    }

    @Test func dataBelongsToOneIssuer() throws {
        let world = try self.world()
        #expect(try world.accounts.claim(issuer: "https://a.example"))
        #expect(try world.accounts.claim(issuer: "https://a.example"))
        #expect(try !world.accounts.claim(issuer: "https://b.example"))
    }

    @Test func ownTokensGoOnBesideThem() async throws {
        let world = try self.world()
        let grant = try await world.register("Dora")
        #expect(try await world.accounts.authenticate(token: grant.accessToken).ends == nil)
        #expect(await world.refreshing(try TokenSmith.good()) == .badToken)
        #expect(await world.redeeming(try TokenSmith.good()) == .badToken)
    }
}
