import ParleyDomain
import ParleyEngine
import ParleyTestKit
import Testing

@Suite struct ProvisionPlanFileTests {
    private let tokens = ProvisionTokens(secret: Array(0..<32))

    @Test func planOfTheLoadToolIsRead() throws {
        let file = try ProvisionPlanFile(
            Array("user 0 bench0 p0\nuser 1 bench1 p1\r\n\n# note\nuser 7 bench7 p7\ngroup 83g0 1 0\ngroup 83g1 7\n".utf8))
        #expect(file.users.map(\.id.rawValue) == ["bench0", "bench1", "bench7"])
        let plan = file.plan(tokens: self.tokens, at: 5)
        #expect(plan.users.map(\.account.name) == ["bench0", "bench1", "bench7"])
        #expect(
            plan.users.allSatisfy {
                $0.account.passwordHash == nil && $0.account.created == 5 && $0.session.user == $0.account.id
            })
        #expect(plan.groups.map(\.conversation.rawValue) == ["83g0", "83g1"] && plan.groups.map(\.title) == ["83g0", "83g1"])
        #expect(plan.groups.map { $0.members.map(\.rawValue) } == [["bench1", "bench0"], ["bench7"]])
    }

    @Test func provisionedTokensLogInAndStayTheSame() async throws {
        let world = try AccountWorld()
        let file = try ProvisionPlanFile(Array("user 0 ann x\nuser 1 bob x\n".utf8))
        try world.store.provision(file.plan(tokens: self.tokens, at: world.clock.now), at: world.clock.now)
        let lines = file.accountsFile(tokens: self.tokens).split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
        #expect(lines.map { $0[0] } == ["ann", "bob"] && lines.map { $0[1] } == ["-", "-"])
        #expect(lines.allSatisfy { $0[2].hasPrefix("pl1.") && $0[2].utf8.count == 47 } && lines[0][2] != lines[1][2])
        let identity = try await world.accounts.authenticate(token: lines[0][2])
        #expect(identity.user.rawValue == "ann" && identity.name == "ann")
        world.clock.wind(seconds: 10 * 365 * 86_400)
        let calls = world.store.calls
        #expect(try await world.accounts.authenticate(token: lines[0][2]) == identity)
        #expect(world.store.calls == calls)
        #expect(file.accountsFile(tokens: ProvisionTokens(secret: Array(0..<32))) == file.accountsFile(tokens: self.tokens))
        #expect(file.accountsFile(tokens: ProvisionTokens(secret: Array(1..<33))) != file.accountsFile(tokens: self.tokens))

        // A provisioned token is ended like any other, and provisioning again does not bring it back.
        try await world.accounts.logOut(identity)
        try world.store.provision(file.plan(tokens: self.tokens, at: world.clock.now), at: world.clock.now)
        #expect(await world.authenticating(lines[0][2]) == .badToken)
        _ = try await world.accounts.authenticate(token: lines[1][2])
    }

    @Test(arguments: [
        ("user 0 ann", 1, "user N NAME PASSWORD"), ("user 0 ann p q", 1, "user N NAME PASSWORD"),
        ("\n\nuser x ann p", 3, "N is a number of at most 9 digits"), ("user -1 ann p", 1, "N is a number of at most 9 digits"),
        ("user 1234567890 ann p", 1, "N is a number of at most 9 digits"),
        ("user 99999999999999999999 ann p", 1, "N is a number of at most 9 digits"),
        ("user 0 ann/lee p", 1, "NAME is 1 to 64 of the characters A-Z a-z 0-9 . _ - : @"),
        ("user 0 ann p\nuser 0 bob p", 2, "number 0 stands here twice"),
        ("user 0 ann p\nuser 1 Ann p", 2, "user Ann stands here twice"),
        ("user 0 a p\ngroup g", 2, "group NAME MEMBER_N ..."),
        ("user 0 a p\ngroup g 1", 2, "no user line before this one has number 1"),
        ("user 0 a p\ngroup g 0 0", 2, "member 0 stands here twice"),
        ("user 0 a p\ngroup g 0\ngroup g 0", 3, "group g stands here twice"),
        ("user 0 a p\ngroup é 0", 2, "NAME is 1 to 64 of the characters A-Z a-z 0-9 . _ - : @"),
        ("room 0 ann p", 1, "a line begins with user or group"), ("\u{FEFF}user 0 a p", 1, "a line begins with user or group"),
    ])
    func badLineIsNamed(text: String, line: Int, rule: String) {
        #expect(throws: ProvisionPlanFile.Failure(line: line, rule: rule)) { try ProvisionPlanFile(Array(text.utf8)) }
    }

    /// Prints how long it takes (target: 2 s apart from the store); time itself is for the bench, not for a test.
    @Test func tenThousandUsersAreRead() throws {
        var text = ""
        for number in 0..<10_000 { text += "user \(number) bench\(number) p\(number)\n" }
        text += "group big " + (0..<10_000).map { "\($0)" }.joined(separator: " ") + "\n"
        let (bytes, clock) = (Array(text.utf8), ContinuousClock())
        var (users, lines) = (0, 0)
        let time = try clock.measure {
            let file = try ProvisionPlanFile(bytes)
            users = file.plan(tokens: self.tokens, at: 0).users.count
            lines = file.accountsFile(tokens: self.tokens).utf8.count { $0 == UInt8(ascii: "\n") }
        }
        print("10,000 users: \(time)")
        #expect(users == 10_000 && lines == 10_000)
    }
}
