import ParleyDomain
import ParleyTestKit
import Testing

/// Groups, links and relations on their way through the sequencer: what is looked up, what ends a batch, who gets a seat.
@Suite struct SequencerGroupTests {
    private static let room: ConversationID = "a"

    private static func origin(_ request: Int64) -> RequestOrigin { RequestOrigin(loop: 0, connection: 1, request: request) }

    private static let head = ConversationHead(
        conversation: room, kind: .group, title: "A", sequence: 5, controlSequence: 1, memberCount: 3)

    private static func row(_ user: UserID, _ state: MemberState = .active, role: Role = .member) -> Membership {
        Membership(conversation: room, user: user, slot: state == .active ? 2 : 0, role: role, state: state)
    }

    /// Ann (owner), Bob and Carl are members and connected; Dan is connected and nothing else.
    private static func sequencer() -> Sequencer {
        var sequencer = Sequencer()
        for (user, role) in [("ann", Role.owner), ("bob", .member), ("carl", .member)] as [(UserID, Role)] {
            _ = sequencer.attach(origin(0), user: user, memberships: [(row(user, role: role), head)])
        }
        _ = sequencer.attach(origin(0), user: "dan", memberships: [])
        return sequencer
    }

    private static func submit(
        _ sequencer: inout Sequencer, _ action: Command.Action, by user: UserID = "ann", _ number: Int64 = 1
    ) {
        let command = Command(room, ClientID(trusted: "k\(number)"), action)
        #expect(sequencer.submit(Submission(origin: origin(number), user: user, command: command)) == nil)
    }

    private static func entry(_ draft: Draft, _ sequence: Int64 = 6) -> Entry {
        Entry(
            conversation: draft.conversation, sequence: sequence, id: sequence, stamp: sequence, kind: draft.kind,
            sender: draft.sender, clientID: draft.clientID, time: draft.time, messageOrdinal: 1, senderOrdinal: 1,
            relatesTo: draft.relatesTo, content: draft.content)
    }

    /// Looks everything up that the batch needs, with these rows for users who are not known.
    private static func learn(_ sequencer: inout Sequencer, _ picked: [Submission], _ rows: [Membership] = []) -> [Effect] {
        let unknown = sequencer.unknown(for: picked)
        let places = unknown.places.sorted { $0.user < $1.user }.map { place in (place, rows.first { $0.user == place.user }) }
        return sequencer.learn(heads: unknown.conversations.isEmpty ? [] : [head], places: places)
    }

    private static func words(_ effects: [Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .publish(let publication): "publish \(publication.entries.map(\.kind.name).joined(separator: " "))"
            case .answer(_, .refused(let refusal)): "refuse \(refusal.code.name)"
            case .answer(_, .ack): "ack"
            case .answer: "answer"
            case .join(let user, let seat): "join \(user) slot \(seat.slot) from \(seat.visibleFrom) above \(seat.head)"
            case .part(let user, _): "part \(user)"
            case .bell(_, let head): "bell \(head)"
            case .told(let user, _, let head): "told \(user) \(head)"
            default: "other"
            }
        }
    }

    /// Decides and stores one command; what follows from it.
    private static func run(
        _ action: Command.Action, by user: UserID, rows: [Membership] = [], joined: [Joiner] = [],
        in sequencer: inout Sequencer
    ) -> [String] {
        submit(&sequencer, action, by: user)
        let picked = sequencer.pick()
        _ = learn(&sequencer, picked, rows)
        let batch = sequencer.decide(picked, at: 1)
        return words(sequencer.complete(batch, batch.drafts.map { .appended(entry($0), joined: joined) }))
    }

    // MARK: What is kept

    /// Conversations that nobody connected is in are forgotten beyond a number, those first that were so longest; others never.
    @Test func idleConversationsAreForgottenInTurn() {
        var sequencer = Sequencer()
        func rows(_ names: [String], _ user: UserID) -> [(Membership, ConversationHead)] {
            names.map { name in
                let id = ConversationID(trusted: name)
                let head = ConversationHead(conversation: id, kind: .group, title: "A", sequence: 5, memberCount: 3)
                return (Membership(conversation: id, user: user, slot: 1, role: .member), head)
            }
        }
        let names = (0..<Limits.idleConversations).map { "g\($0)" }
        _ = sequencer.attach(.nobody, user: "bob", memberships: rows(["kept", "shared"], "bob"))
        for (user, held) in [("early", ["g"]), ("ann", names + ["shared"])] as [(UserID, [String])] {
            _ = sequencer.attach(.nobody, user: user, memberships: rows(held, user))
            _ = sequencer.detach(user: user)
        }
        sequencer.forgetIdle()
        #expect(!sequencer.knows("g"))
        #expect(names.allSatisfy { sequencer.knows(ConversationID(trusted: $0)) })
        _ = sequencer.detach(user: "bob")
        _ = sequencer.attach(.nobody, user: "bob", memberships: rows(["kept"], "bob"))
        sequencer.forgetIdle()
        #expect(sequencer.knows("kept") && sequencer.knows("shared"))
        #expect(names.count { !sequencer.knows(ConversationID(trusted: $0)) } == 2)
    }

    /// Of one conversation, those who are connected are kept, and a number of others.
    @Test func placesOfMembersWhoAreNotConnectedAreForgotten() {
        var sequencer = Self.sequencer()
        for number in 0...Int64(Limits.idlePlaces) {
            let user = UserID(trusted: "visitor\(number)")
            Self.submit(&sequencer, .send(NewMessage(content: [])), by: user, number)
            let picked = sequencer.pick()
            _ = Self.learn(&sequencer, picked, [Self.row(user)])
            #expect(sequencer.decide(picked, at: 1).drafts.count == 1)
            sequencer.forgetIdle()
        }
        Self.submit(&sequencer, .send(NewMessage(content: [])), by: "visitor0")
        #expect(sequencer.unknown(for: sequencer.pick()).places.map(\.user) == ["visitor0"])
        Self.submit(&sequencer, .send(NewMessage(content: [])), by: "carl")
        #expect(sequencer.unknown(for: sequencer.pick()).places.isEmpty)
    }

    // MARK: Targets

    @Test(
        arguments: [
            (Command.Action.edit(target: 4, NewMessage(content: [])), 4), (.recall(target: 4), 4),
            (.react(target: 4, emoji: "x", on: true), 4),
            (.pin(target: 4, on: true), 4), (.send(NewMessage(content: [], thread: 3)), 3), (.send(NewMessage(content: [])), 0),
            (.send(NewMessage(content: [], relatesTo: 3)), 0), (.leave, 0),
        ] as [(Command.Action, Int64)])
    func targetsAreLookedUp(action: Command.Action, sequence: Int64) {
        var sequencer = Self.sequencer()
        Self.submit(&sequencer, action, by: "bob")
        let targets = sequencer.unknown(for: sequencer.pick()).targets
        #expect(targets == (sequence == 0 ? [] : [TargetQuery(conversation: Self.room, sequence: sequence, user: "bob")]))
    }

    @Test func targetOfOneUserDecidesForNobodyElse() {
        var sequencer = Self.sequencer()
        let react = Command.Action.react(target: 4, emoji: "x", on: true)
        Self.submit(&sequencer, react, by: "bob", 1)
        Self.submit(&sequencer, react, by: "carl", 2)
        let picked = sequencer.pick()
        var targets: [TargetQuery: Target] = [:]
        for query in sequencer.unknown(for: picked).targets {
            targets[query] = Target(sender: "ann", kind: .message, time: 0, visible: query.user == "bob")
        }
        #expect(targets.count == 2)
        let batch = sequencer.decide(picked, targets: targets, at: 1)
        #expect(batch.drafts.map(\.sender) == ["bob"])
        #expect(batch.lookups.map(\.1.code) == [.noMessage])
    }

    // MARK: Ends of batches

    @Test func whatADecisionMayRestOnEndsTheBatch() throws {
        let staying = ["send", "send_ahead", "send_thread", "mention_all", "react"]
        var seen = 0
        for name in Set(DecisionTable.cells(DecisionTable.group).map(\.action)) {
            let action = try #require(DecisionTable.action(name))
            var sequencer = Self.sequencer()
            Self.submit(&sequencer, action, 1)
            Self.submit(&sequencer, .send(NewMessage(content: [])), 2)
            #expect(sequencer.pick().count == (staying.contains(name) ? 2 : 1), "\(name)")
            seen += 1
        }
        #expect(seen == 45)
    }

    @Test func secondMessageOfABatchWaitsInSlowMode() {
        var sequencer = Self.sequencer()
        var slow = SettingsChange()
        slow.rules.slowMilliseconds = 1_000
        _ = Self.run(.change(slow), by: "ann", in: &sequencer)
        for (number, user) in [(10, "bob"), (11, "bob"), (12, "carl"), (13, "ann"), (14, "ann")] as [(Int64, UserID)] {
            Self.submit(&sequencer, .send(NewMessage(content: [])), by: user, number)
        }
        let batch = sequencer.decide(sequencer.pick(), at: 5_000)
        #expect(batch.drafts.map(\.sender) == ["bob", "carl", "ann", "ann"])
        #expect(batch.lookups.map(\.1.code) == [.rateLimited])
    }

    // MARK: Seats

    @Test func whoJoinsGetsHisSeatBelowTheEntryThatLetHimIn() {
        let joiner = Joiner(user: "dan", slot: 7, visibleFrom: 6)
        let seat = "join dan slot 7 from 6 above 5"
        var sequencer = Self.sequencer()
        #expect(
            Self.run(.join(link: "l"), by: "dan", joined: [joiner], in: &sequencer) == [seat, "publish joined"])
        sequencer = Self.sequencer()
        #expect(
            Self.run(.join(link: nil), by: "dan", rows: [Self.row("dan", .invited)], joined: [joiner], in: &sequencer) == [
                seat, "publish joined",
            ])
        sequencer = Self.sequencer()
        #expect(
            Self.run(
                .add(["dan", "eve"]), by: "ann", joined: [joiner, Joiner(user: "eve", slot: 8, visibleFrom: 6)], in: &sequencer)
                == [seat, "publish added"])
        #expect(sequencer.conversations(of: "dan") == [Self.room])
    }

    @Test func whoIsOnlyInvitedOrAskingGetsNone() {
        var sequencer = Self.sequencer()
        #expect(Self.run(.invite(["dan"]), by: "ann", in: &sequencer) == ["publish invited", "told dan 6"])
        var rules = SettingsChange()
        rules.rules.joining = .approval
        _ = Self.run(.change(rules), by: "ann", in: &sequencer)
        #expect(Self.run(.join(link: "l"), by: "dan", in: &sequencer) == ["publish requested", "told dan 6"])
        #expect(sequencer.conversations(of: "dan").isEmpty)
    }

    @Test func banPartsWhoWasAMemberAndNobodyElse() {
        var sequencer = Self.sequencer()
        #expect(Self.run(.ban("bob"), by: "ann", in: &sequencer) == ["publish banned", "part bob"])
        #expect(sequencer.conversations(of: "bob").isEmpty)
        #expect(Self.run(.ban("dan"), by: "ann", in: &sequencer) == ["publish banned"])
        #expect(Self.run(.ban("eve"), by: "ann", in: &sequencer) == ["publish banned"])
        #expect(Self.run(.remove("carl"), by: "ann", in: &sequencer) == ["publish removed", "part carl"])
    }

    @Test func whoComesBackIsLookedUpAndKeepsHisMute() {
        var sequencer = Self.sequencer()
        _ = Self.run(.leave, by: "bob", in: &sequencer)
        _ = Self.run(.join(link: "l"), by: "bob", joined: [Joiner(user: "bob", slot: 2, visibleFrom: 1)], in: &sequencer)
        Self.submit(&sequencer, .send(NewMessage(content: [])), by: "bob", 9)
        let picked = sequencer.pick()
        #expect(sequencer.unknown(for: picked).places == [Unknown.Place(conversation: Self.room, user: "bob")])
        var muted = Self.row("bob")
        muted.mutedUntil = 1_000
        _ = Self.learn(&sequencer, picked, [muted])
        #expect(sequencer.decide(picked, at: 5).lookups.map(\.1.code) == [.muted])
    }

    // MARK: Refusals of the store

    @Test(
        arguments: [
            (AppendRefusal.groupFull, "group_full"), (.blocked, "blocked"), (.nobody, "unknown_user"),
            (.badLink, "bad_link"), (.banned("dan"), "forbidden"),
            (.notMember("dan"), "unknown_user"), (.unknownUser("dan"), "unknown_user"), (.tooMany("t"), "too_many"),
            (.recalled, "recalled"), (.conflict, "client_id_conflict"), (.invalid("i"), "internal_error"),
        ] as [(AppendRefusal, String)])
    func refusalsOfTheStoreAreTold(refusal: AppendRefusal, name: String) {
        var sequencer = Self.sequencer()
        Self.submit(&sequencer, .add(["dan"]))
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        #expect(Self.words(sequencer.complete(batch, [.refused(refusal)])) == ["refuse \(name)"])
    }

    // MARK: Unknown outcomes

    /// What became of a change whose batch may be stored or not is looked up before anything else, for those connected whom it moves.
    @Test(
        arguments: [
            (Command.Action.add(["dan", "eve"]), "ann", ["dan"]), (.invite(["dan"]), "ann", ["dan"]),
            (.join(link: "l"), "dan", ["dan"]),
            (.remove("bob"), "ann", ["bob"]), (.leave, "bob", ["bob"]), (.ban("bob"), "ann", ["bob"]),
            (.ban("dan"), "ann", ["dan"]),
            (.mute("bob", until: 9), "ann", ["bob"]), (.setRole("bob", .administrator), "ann", ["bob"]),
            (.transfer("bob"), "ann", ["ann", "bob"]), (.dissolve, "ann", []), (.makeLink(NewLink(id: "l")), "ann", []),
            (.send(NewMessage(content: [])), "bob", []),
        ] as [(Command.Action, UserID, Set<UserID>)])
    func unknownOutcomeOfEachChangeIsSettled(action: Command.Action, by user: UserID, users: Set<UserID>) {
        for isStored in [true, false] {
            var sequencer = Self.sequencer()
            Self.submit(&sequencer, action, by: user)
            let picked = sequencer.pick()
            _ = Self.learn(&sequencer, picked)
            let batch = sequencer.decide(picked, at: 1)
            #expect(batch.drafts.count == 1)
            #expect(Self.words(sequencer.fail(batch, .outcomeUnknown("x"))) == ["refuse outcome_unknown"])
            let unknown = sequencer.unknown(for: [])
            #expect(unknown.conversations == [Self.room])
            #expect(Set(unknown.places.map(\.user)) == users)
            // The store's word: stored, all of them are members; or none is.
            let rows = isStored ? users.map { Self.row($0) } : []
            let told = Self.words(Self.learn(&sequencer, [], rows)).sorted()
            let seats = users.sorted().map { isStored ? "join \($0) slot 2 from 1 above 0" : "part \($0)" }
            #expect(told == (["bell 5"] + seats).sorted())
            #expect(!sequencer.hasDoubts)
            for one in users { #expect(sequencer.conversations(of: one).contains(Self.room) == isStored) }
        }
    }
}

extension Sequencer {
    /// Where the user has a seat: what a presence question of his is answered for.
    fileprivate func conversations(of user: UserID) -> [ConversationID] {
        let id: ConversationID = "a"
        guard case .online(_, _, _, let online, _, _) = self.online(.nobody, "ann", .conversation(id), watch: false) else {
            return []
        }
        return online.contains(user) ? [id] : []
    }
}
