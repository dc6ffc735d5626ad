import NIOCore
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyEngine

/// The translation as a value: frames of both sides in, native requests and envelopes out.
@Suite struct CompatTranslationTests {
    private static let ann = NumberedUser(profile: UserProfile(user: UserID(trusted: "uA"), name: "Ann"), number: 7)
    private static let ben = NumberedUser(profile: UserProfile(user: UserID(trusted: "uB"), name: "Ben"), number: 9)
    private static let group = ConversationID(trusted: "gX")
    private static let direct = ConversationID(trusted: "dX")
    private static let claims = #""from_user_id":7,"from_username":"Ann","from_avatar":"""#

    /// A translation that is logged in as Ann.
    private func entered() -> CompatTranslation {
        var translation = CompatTranslation(connection: "4f", mint: "c-1")
        _ = translation.wrote(.ready(id: 1, user: Self.ann.profile.user))
        _ = translation.found(CompatFacts(users: [Self.ann]), for: .written)
        return translation
    }

    private func say(_ text: String, to translation: inout CompatTranslation) -> [CompatTranslation.Step] {
        translation.received(ByteBuffer(string: text), waiting: 64)
    }

    private func envelopes(_ steps: [CompatTranslation.Step]) -> [String] {
        steps.compactMap { if case .envelope(let envelope) = $0 { String(buffer: envelope) } else { nil } }
    }

    private func requests(_ steps: [CompatTranslation.Step]) -> [ClientRequest] {
        steps.compactMap { if case .request(let request) = $0 { request } else { nil } }
    }

    private func message(_ sequence: Int64, from user: NumberedUser = Self.ben, _ text: String = "hi") -> ReceivedEntry {
        ReceivedEntry(
            sequence: sequence, id: "\(sequence)0", kind: .message, sender: user.profile.user,
            clientID: ClientID(trusted: "m\(sequence)"),
            time: 5, content: CompatContent.bytes(of: text))
    }

    private let garden = CompatFacts(
        conversations: [NumberedConversation(conversation: Self.group, number: 5, kind: .group, title: "Garden")])

    /// Joins the group at this head.
    private func join(_ translation: inout CompatTranslation, head: Int64) throws -> [String] {
        let asked = self.say(#"{"event":"join","mode":2,"group_id":5,\#(Self.claims)}"#, to: &translation)
        #expect(asked == [.look(CompatQuestion(line: .asked, subject: .target(.group(5))))])
        let request = try #require(self.requests(translation.found(self.garden, for: .asked)).first)
        #expect(request.frame == .history(Self.group, .before(.max), limit: 1))
        let page = ReceivedPage(entries: [], head: head, more: false)
        return self.envelopes(translation.wrote(.page(id: request.id, Self.group, page)))
    }

    @Test func whoEntersLearnsHisNumber() {
        var translation = CompatTranslation(connection: "4f", mint: "c-1")
        #expect(self.requests(self.say(#"{"event":"auth","token":"t"}"#, to: &translation)).map(\.frame) == [.auth(.token("t"))])
        let question = CompatQuestion(line: .written, subject: .names([Self.ann.profile.user], []))
        #expect(translation.wrote(.ready(id: 1, user: Self.ann.profile.user)) == [.look(question)])
        guard case .refuse(_, let refusal, false)? = self.say(#"{"event":"ping"}"#, to: &translation).first else {
            Issue.record("what comes before the answer to auth is refused")
            return
        }
        #expect(refusal.code == .alreadyAuthenticated)
        #expect(
            self.envelopes(translation.found(CompatFacts(users: [Self.ann]), for: .written)) == [
                #"{"code":0,"msg":"success","data":{"event":"auth","from_user_id":"7","from_username":"Ann","from_avatar":"","client_id":"4f","ping_ms":30000}}"#
            ])
    }

    @Test func whoOneIsComesFromTheLogIn() {
        var translation = self.entered()
        let other =
            #"{"event":"speak","mode":2,"group_id":5,"from_user_id":9,"from_username":"Ben","from_avatar":"","content":"x"}"#
        guard case .refuse(_, let refusal, false)? = self.say(other, to: &translation).first else {
            Issue.record("another one's number is refused")
            return
        }
        #expect(refusal.code == .outOfRange && refusal.field == "from_user_id")
    }

    @Test func aGroupIsToldFromWhereItWasJoined() throws {
        var translation = self.entered()
        #expect(translation.wrote(.event(Self.group, self.message(2))).isEmpty, "not joined")
        _ = self.say(#"{"event":"join","mode":2,"group_id":5,\#(Self.claims)}"#, to: &translation)
        let request = try #require(self.requests(translation.found(self.garden, for: .asked)).first)
        // It comes while the group is being joined, and is newer than the page: what init names is the newest of both.
        #expect(translation.wrote(.event(Self.group, self.message(4))).isEmpty)
        let answer = translation.wrote(.page(id: request.id, Self.group, ReceivedPage(entries: [], head: 3, more: false)))
        #expect(answer.first == .joined(Self.group))
        #expect(self.envelopes(answer).first?.hasSuffix(#""group_name":"Garden","sequence":4}}"#) == true)
        #expect(translation.wrote(.event(Self.group, self.message(4))).isEmpty)
        let question = CompatQuestion(line: .written, subject: .names([Self.ben.profile.user], []))
        #expect(translation.wrote(.event(Self.group, self.message(5))) == [.look(question)])
        #expect(translation.wrote(.event(Self.group, self.message(6))).isEmpty, "behind the one that waits")
        let told = self.envelopes(translation.found(CompatFacts(users: [Self.ben]), for: .written))
        #expect(
            told.map { $0.contains(#""sequence":5"#) } == [true, false]
                && told.map { $0.contains(#""sequence":6"#) } == [false, true])
    }

    @Test func aSpeakIsANativeSendAndItsAckTheEchoOfAGroup() throws {
        var translation = self.entered()
        _ = try self.join(&translation, head: 1)
        let speak = #"{"event":"speak","mode":2,"group_id":5,\#(Self.claims),"content":"say \"hi\"","client_msg_id":"k"}"#
        let request = try #require(self.requests(self.say(speak, to: &translation)).first)
        let content = Array(#"{"type":"text","text":"say \"hi\""}"#.utf8)
        #expect(request.frame == .command(Command(Self.group, ClientID(trusted: "k"), .send(NewMessage(content: content)))))
        let receipt = Receipt(conversation: Self.group, clientID: ClientID(trusted: "k"), sequence: 2, id: "20", time: 5)
        let told = self.envelopes(translation.wrote(.ack(id: request.id, receipt)))
        #expect(
            told == [
                #"{"code":0,"msg":"stored","data":{"event":"ack","mode":2,"group_id":5,"client_msg_id":"k","sequence":2,"message_id":"20","time":5}}"#,
                #"{"code":0,"msg":"success","data":{"event":"speak","mode":2,"group_id":5,"from_user_id":"7","from_username":"Ann","from_avatar":"","content":"say \"hi\"","client_msg_id":"k","sequence":2,"message_id":"20","time":5}}"#,
            ])
        let again = try #require(self.requests(self.say(speak, to: &translation)).first)
        #expect(
            self.envelopes(translation.wrote(.ack(id: again.id, receipt))) == [told[0]],
            "a repeat is acknowledged, not told again")
        let unnamed = #"{"event":"speak","mode":2,"group_id":5,\#(Self.claims),"content":"x"}"#
        let names = (1...2).compactMap { _ -> ClientID? in
            guard case .command(let command)? = self.requests(self.say(unnamed, to: &translation)).first?.frame else {
                return nil
            }
            return command.clientID
        }
        #expect(names == [ClientID(trusted: "c-1-1"), ClientID(trusted: "c-1-2")])
    }

    @Test func aFirstPrivateMessageMakesTheConversationAndNothingOvertakesIt() throws {
        var translation = self.entered()
        let speak = #"{"event":"speak","mode":1,"group_id":0,"to_user_id":9,\#(Self.claims),"content":"x"}"#
        #expect(self.say(speak, to: &translation) == [.look(CompatQuestion(line: .asked, subject: .target(.user(9))))])
        #expect(self.say(speak, to: &translation).isEmpty && self.say(#"{"event":"ping"}"#, to: &translation).isEmpty, "in line")
        let made = self.requests(translation.found(CompatFacts(users: [Self.ben]), for: .asked))
        let new = NewConversation(kind: .direct, title: "", memberCap: 2)
        #expect(made.map(\.frame) == [.create(ClientID(trusted: "compat:create"), new, members: [Self.ben.profile.user])])
        let sent = self.requests(translation.wrote(.created(id: made[0].id, Self.direct, ClientID(trusted: "compat:create"))))
        #expect(sent.count == 3 && sent.last?.frame == .ping)
        let receipt = Receipt(conversation: Self.direct, clientID: ClientID(trusted: "c-1-1"), sequence: 2, id: "20", time: 5)
        let told = self.envelopes(translation.wrote(.ack(id: sent[0].id, receipt)))
        #expect(told.count == 1 && told[0].contains(#""event":"ack","mode":1,"group_id":0,"to_user_id":"9""#), "no echo")
    }

    @Test func aPrivateConversationThatCannotBeMadeFailsItsMessageOnly() throws {
        var translation = self.entered()
        let speak = #"{"event":"speak","mode":1,"group_id":0,"to_user_id":9,\#(Self.claims),"content":"x"}"#
        _ = self.say(speak, to: &translation)
        _ = self.say(#"{"event":"ping"}"#, to: &translation)
        let made = try #require(self.requests(translation.found(CompatFacts(users: [Self.ben]), for: .asked)).first)
        let steps = translation.wrote(.error(id: made.id, ReceivedError(Refusal(.blocked))))
        #expect(self.envelopes(steps).first?.contains(#""error":40305"#) == true && self.requests(steps).map(\.frame) == [.ping])
    }

    @Test func privateMessagesAreToldWhereTheyWereAskedFor() throws {
        var translation = self.entered()
        #expect(translation.wrote(.event(Self.direct, self.message(2))).isEmpty)
        let bind = try #require(
            self.requests(self.say(#"{"event":"join","mode":1,"group_id":0,\#(Self.claims)}"#, to: &translation)).first)
        #expect(
            self.envelopes(translation.wrote(.pong(id: bind.id, time: 1))).first?.contains(
                #""event":"init","mode":1,"group_id":0"#) == true)
        #expect(
            translation.wrote(.event(Self.direct, self.message(3)))
                == [.look(CompatQuestion(line: .written, subject: .names([], [Self.direct])))])
        let known = NumberedConversation(
            conversation: Self.direct, number: 6, kind: .direct, title: "", peer: Self.ben.profile.user)
        let told = self.envelopes(translation.found(CompatFacts(users: [Self.ben], conversations: [known]), for: .written))
        #expect(
            told.count == 1
                && told[0].contains(
                    #""mode":1,"group_id":0,"from_user_id":"9","from_username":"Ben","from_avatar":"","to_user_id":"7""#)
        )
        #expect(translation.wrote(.event(Self.group, self.message(2))).count == 1, "a group is looked up once")
        #expect(self.envelopes(translation.found(self.garden, for: .written)).isEmpty, "and not told: nobody joined it")
    }

    @Test func whatWasDroppedIsToldByItsSequence() throws {
        var translation = self.entered()
        _ = try self.join(&translation, head: 3)
        _ = translation.found(CompatFacts(users: [Self.ben]), for: .written)
        for frame in [
            ServerFrame.behind(heads: [KnownHead(Self.group, 9)]), .heartbeat(time: 1, heads: [KnownHead(Self.group, 9)]),
        ] {
            let told = self.envelopes(translation.wrote(frame))
            if case .behind = frame {
                #expect(told == [#"{"code":0,"msg":"behind","data":{"event":"behind","mode":2,"group_id":5,"sequence":9}}"#])
            } else {
                #expect(told.isEmpty, "once")
            }
        }
        let gap = self.envelopes(translation.wrote(.event(Self.group, self.message(12))))
        #expect(gap.count == 2 && gap[0].contains(#""event":"behind""#) && gap[0].contains(#""sequence":11"#))
    }

    @Test func errorsHaveThreeCodesAndTellNothingOfTheInside() throws {
        var translation = self.entered()
        for (refusal, code, text) in [
            (Refusal(.notMember), 400, "You are not a member"), (Refusal(.rateLimited, retryMilliseconds: 9), 400, "Slow down"),
            (Refusal(.internalError, rule: "table entries is locked"), 500, "Try again"),
            (Refusal(.unavailable, rule: "disk 3", retryMilliseconds: 9), 500, "The store does not answer"),
        ] {
            let ping = try #require(self.requests(self.say(#"{"event":"ping","content":"mine"}"#, to: &translation)).first)
            let told = try #require(self.envelopes(translation.wrote(.error(id: ping.id, ReceivedError(refusal)))).first)
            #expect(
                told.hasPrefix(#"{"code":\#(code),"msg":""#) && told.contains(text)
                    && told.contains(#""error":\#(refusal.code.rawValue)"#))
            #expect(told.contains(#""data":{"event":"ping","content":"mine","#))
            #expect(!told.contains("locked") && !told.contains("disk 3"))
        }
    }

    /// A native refusal names what the profile's client wrote, in `msg` as in `field`; his own refusals are told as they are.
    @Test func aFieldIsToldByItsNameHere() throws {
        for (refusal, field) in [
            (Refusal(.outOfRange, field: "members", rule: "others only"), "to_user_id"),
            (Refusal(.clientIDConflict, field: "client_id"), "client_msg_id"),
            (Refusal(.outOfRange, field: "sequence", rule: "at most 4"), "sequence"),
            (Refusal(.tooLong, field: "content.text", rule: "at most 8000"), "content"),
        ] {
            var translation = self.entered()
            let ping = try #require(self.requests(self.say(#"{"event":"ping"}"#, to: &translation)).first)
            let told = try #require(self.envelopes(translation.wrote(.error(id: ping.id, ReceivedError(refusal)))).first)
            var named = refusal
            named.field = field
            #expect(told.contains(#""msg":\#(ControlContent.quoted(named.message))"#) && told.contains(#""field":"\#(field)""#))
            #expect(refusal.rule.isEmpty || told.contains(#""rule":"\#(refusal.rule)""#))
        }
        var translation = self.entered()
        let steps = self.say(#"{"event":"ping","members":1}"#, to: &translation)
        guard case .refuse(let id, let refusal, _)? = steps.first else {
            Issue.record("a field that there is not")
            return
        }
        let told = self.envelopes(translation.wrote(.error(id: id, ReceivedError(refusal))))
        #expect(told.first?.contains(#""field":"members""#) == true)
    }

    @Test func whatItHoldsIsBounded() throws {
        var translation = self.entered()
        _ = try self.join(&translation, head: 1)
        for sequence in 2..<Int64(2 + Limits.compatHeldFrames) {
            #expect(!translation.isFull)
            _ = translation.wrote(.event(Self.group, self.message(sequence)))
        }
        #expect(translation.isFull)
        _ = translation.found(CompatFacts(users: [Self.ben]), for: .written)
        #expect(!translation.isFull && translation.written.frames.isEmpty)
        for number in 1...Int64(5 * Limits.compatKnown) {
            let user = NumberedUser(profile: UserProfile(user: UserID(trusted: "u\(number)"), name: ""), number: 100 + number)
            _ = translation.found(CompatFacts(users: [user]), for: .written)
            translation.learn(ConversationID(trusted: "c\(number)"), .init(target: .group(100 + number), title: ""))
        }
        #expect(translation.users.count <= Limits.compatKnown && translation.peers.count <= Limits.compatKnown)
        #expect(translation.places.count <= Limits.compatKnown + Limits.compatGroups)
        #expect(
            translation.conversations.count == translation.places.count && translation.places[Self.group] != nil,
            "joined ones stay")
        // Requests in line: the one above the bound is refused.
        _ = self.say(#"{"event":"join","mode":2,"group_id":99999,\#(Self.claims)}"#, to: &translation)
        for _ in 1..<64 { #expect(self.say(#"{"event":"ping"}"#, to: &translation).isEmpty) }
        guard case .refuse(_, let refusal, false)? = self.say(#"{"event":"ping"}"#, to: &translation).first else {
            Issue.record("the line has no end")
            return
        }
        #expect(refusal.code == .tooManyRequests)
    }

    @Test func namesThatCannotBeLookedUpFailWhatNeedsThem() throws {
        var translation = self.entered()
        _ = try self.join(&translation, head: 1)
        _ = translation.wrote(.event(Self.group, self.message(2)))
        let overloaded = Refusal(.overloaded, retryMilliseconds: 1_000)
        #expect(translation.failed(overloaded, for: .written).isEmpty)
        let told = self.envelopes(
            translation.wrote(.event(Self.group, self.message(3)))
                + translation.found(CompatFacts(users: [Self.ben]), for: .written))
        #expect(told.count == 2 && told[0].contains("behind"), "the gap shows")
        _ = self.say(#"{"event":"history","mode":2,"group_id":77}"#, to: &translation)
        guard case .refuse(_, overloaded, false)? = translation.failed(overloaded, for: .asked).first else {
            Issue.record("the request is refused")
            return
        }
    }
}
