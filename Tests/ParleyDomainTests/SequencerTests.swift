import Testing

@testable import ParleyDomain

/// The order in which commands become entries, without a store, a clock or a thread.
@Suite struct SequencerTests {
    private static let ann = UserID(trusted: "ann")
    private static let bob = UserID(trusted: "bob")

    private static func room(_ name: String) -> ConversationID { ConversationID(trusted: name) }

    private static func origin(_ request: Int64, connection: UInt64 = 1) -> RequestOrigin {
        RequestOrigin(loop: 0, connection: connection, request: request)
    }

    private static func send(_ conversation: String, _ number: Int64, by user: UserID = ann) -> Submission {
        Submission(
            origin: origin(number), user: user,
            command: .send(room(conversation), ClientID(trusted: "m\(number)"), content: Array("{}".utf8), relatesTo: 0))
    }

    private static func head(_ name: String, sequence: Int64 = 1, kind: ConversationKind = .group) -> ConversationHead {
        ConversationHead(
            conversation: room(name), kind: kind, title: name, sequence: sequence, controlSequence: 1, memberCount: 2)
    }

    private static func membership(_ name: String, _ user: UserID, _ role: Role = .member) -> Membership {
        Membership(conversation: room(name), user: user, slot: 1, role: role)
    }

    /// A sequencer that knows these conversations, with Ann and Bob connected in all of them.
    private static func sequencer(_ names: [String], bob role: Role = .member) -> Sequencer {
        var sequencer = Sequencer()
        _ = sequencer.attach(origin(0), user: ann, memberships: names.map { (membership($0, ann, .owner), head($0)) })
        _ = sequencer.attach(
            origin(0, connection: 2), user: bob, memberships: names.map { (membership($0, bob, role), head($0)) })
        return sequencer
    }

    private static func entry(_ draft: Draft, _ sequence: Int64) -> Entry {
        Entry(
            conversation: draft.conversation, sequence: sequence, id: sequence, stamp: sequence, kind: draft.kind,
            sender: draft.sender,
            clientID: draft.clientID, time: draft.time, messageOrdinal: sequence - 1, senderOrdinal: 1, content: draft.content)
    }

    private static func turn(_ sequencer: inout Sequencer, from sequence: Int64 = 2) -> [Effect] {
        let picked = sequencer.pick()
        #expect(sequencer.unknown(for: picked).isEmpty)
        let batch = sequencer.decide(picked, at: 1_000)
        var next: [ConversationID: Int64] = [:]
        let outcomes = batch.drafts.map { draft in
            defer { next[draft.conversation, default: sequence] += 1 }
            return AppendOutcome.appended(entry(draft, next[draft.conversation, default: sequence]))
        }
        return sequencer.complete(batch, outcomes)
    }

    /// What rests on things that the store has damaged is answered; the rest of the batch goes on.
    @Test func damageIsAnsweredToWhoNeedsIt() {
        var sequencer = Self.sequencer(["a", "b"])
        for (number, name) in ["a", "b", "c", "b"].enumerated() { _ = sequencer.submit(Self.send(name, Int64(number))) }
        let react = Command(Self.room("a"), ClientID(trusted: "r"), .react(target: 1, emoji: "x", on: true))
        _ = sequencer.submit(Submission(origin: Self.origin(9), user: Self.ann, command: react))
        let ban = Command(Self.room("b"), ClientID(trusted: "ban"), .ban(UserID(trusted: "dan")))
        _ = sequencer.submit(Submission(origin: Self.origin(10), user: Self.ann, command: ban))
        let picked = sequencer.pick()
        // Somebody who types in a conversation whose place of his is not known yet.
        _ = sequencer.attach(.nobody, user: UserID(trusted: "eve"), memberships: [])
        sequencer.enter(UserID(trusted: "eve"), Self.room("c"))
        #expect(sequencer.type(Self.origin(11), UserID(trusted: "eve"), in: Self.room("c"), at: 1).isEmpty)
        var damaged = Unknown()
        damaged.conversations = [Self.room("c")]
        damaged.targets = [TargetQuery(conversation: Self.room("a"), sequence: 1, user: Self.ann)]
        damaged.places = [Unknown.Place(conversation: Self.room("b"), user: UserID(trusted: "dan"))]
        var effects: [Effect] = []
        let sound = sequencer.leaveOut(damaged, of: picked, &effects)
        #expect(sound.map(\.origin.request) == [0, 1, 3])
        let answered = effects.compactMap { effect -> Int64? in
            guard case .answer(let origin, .refused(let refusal)) = effect, refusal.code == .internalError else { return nil }
            return origin.request
        }
        #expect(answered.sorted() == [2, 9, 10, 11])
        #expect(sequencer.typeUnplaced(at: 1).isEmpty)
        #expect(sequencer.leaveOut(Unknown(), of: picked, &effects).count == picked.count)
    }

    @Test func hotConversationLeavesRoomForOthers() {
        var sequencer = Self.sequencer(["hot", "quiet"])
        for number in 0..<1_000 { #expect(sequencer.submit(Self.send("hot", Int64(number))) == nil) }
        #expect(sequencer.submit(Self.send("quiet", 5_000)) == nil)
        let picked = sequencer.pick()
        #expect(picked.count == Limits.draftsPerConversationAndBatch + 1)
        #expect(picked.last?.command.conversation == Self.room("quiet"))
        #expect(sequencer.waiting == 1_000 - Limits.draftsPerConversationAndBatch)
    }

    @Test func batchIsBoundedInDraftsAndBytes() {
        let names = (0..<40).map { "c\($0)" }
        var sequencer = Self.sequencer(names)
        for number in 0..<4_000 { _ = sequencer.submit(Self.send(names[number % 40], Int64(number))) }
        #expect(sequencer.pick().count == Limits.draftsPerBatch)

        var heavy = Self.sequencer(names)
        let content = [UInt8](repeating: 0x20, count: Limits.contentBytes)
        for number in 0..<200 {
            let command = Command.send(
                Self.room(names[number % 40]), ClientID(trusted: "m\(number)"), content: content, relatesTo: 0)
            _ = heavy.submit(Submission(origin: Self.origin(Int64(number)), user: Self.ann, command: command))
        }
        let bytes = heavy.pick().count * Limits.contentBytes
        #expect(bytes >= Limits.bytesPerBatch && bytes < Limits.bytesPerBatch + Limits.contentBytes)
    }

    @Test func lanesTakeTurnsInOrder() {
        var sequencer = Self.sequencer(["a", "b"])
        for number in 0..<200 { _ = sequencer.submit(Self.send("a", Int64(number))) }
        for number in 200..<203 { _ = sequencer.submit(Self.send("b", Int64(number))) }
        let first = sequencer.pick().map(\.origin.request)
        #expect(first == Array(0..<128) + [200, 201, 202])
        #expect(sequencer.pick().map(\.origin.request) == Array(128..<200))
        #expect(sequencer.waiting == 0)
    }

    @Test func waitingCommandsAreBounded() {
        var sequencer = Self.sequencer(["a"])
        for number in 0..<Limits.waitingCommands { #expect(sequencer.submit(Self.send("a", Int64(number))) == nil) }
        #expect(sequencer.submit(Self.send("a", 0))?.code == .overloaded)
    }

    @Test func ackedEntriesArePublishedOnceInOrder() throws {
        var sequencer = Self.sequencer(["a"])
        for number in 1...3 { _ = sequencer.submit(Self.send("a", Int64(number))) }
        let effects = Self.turn(&sequencer)
        #expect(effects.count == 1)
        guard case .publish(let publication) = try #require(effects.first) else { Issue.record("no publication"); return }
        #expect(publication.entries.map(\.sequence) == [2, 3, 4])
        #expect(publication.origins.map(\.request) == [1, 2, 3])
    }

    @Test func duplicateIsAnsweredAndNotPublishedAgain() throws {
        var sequencer = Self.sequencer(["a"])
        _ = sequencer.submit(Self.send("a", 1))
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        let stored = Self.entry(batch.drafts[0], 2)
        let effects = sequencer.complete(batch, [.duplicate(stored)])
        guard case .answer(_, .ack(let entry)) = try #require(effects.first), effects.count == 1 else {
            Issue.record("\(effects)"); return
        }
        #expect(entry == stored)
    }

    @Test func oneBadDraftFailsAlone() {
        var sequencer = Self.sequencer(["a"])
        for number in 1...3 { _ = sequencer.submit(Self.send("a", Int64(number))) }
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        let effects = sequencer.complete(
            batch, [.appended(Self.entry(batch.drafts[0], 2)), .refused(.conflict), .appended(Self.entry(batch.drafts[2], 3))])
        var published: [Int64] = []
        var refused: [ErrorCode] = []
        for effect in effects {
            if case .publish(let publication) = effect { published += publication.entries.map(\.sequence) }
            if case .answer(_, .refused(let refusal)) = effect { refused.append(refusal.code) }
        }
        #expect(published == [2, 3])
        #expect(refused == [.clientIDConflict])
    }

    @Test(arguments: [
        (StoreFailure.outcomeUnknown("x"), ErrorCode.outcomeUnknown), (.full("x"), .diskFull), (.unavailable("x"), .unavailable),
    ])
    func failedCommitFailsAllAndPublishesNothing(failure: StoreFailure, code: ErrorCode) {
        var sequencer = Self.sequencer(["a"])
        for number in 1...3 { _ = sequencer.submit(Self.send("a", Int64(number))) }
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        let effects = sequencer.fail(batch, failure)
        #expect(effects.count == 3)
        for effect in effects {
            guard case .answer(_, .refused(let refusal)) = effect else { Issue.record("\(effect)"); continue }
            #expect(refusal.code == code)
            #expect(refusal.code.retry == .later)
        }
        #expect(sequencer.hasDoubts == (code == .outcomeUnknown))
    }

    @Test func unknownOutcomeIsLookedUpBeforeAnythingElse() {
        var sequencer = Self.sequencer(["a"])
        _ = sequencer.submit(Self.send("a", 1))
        _ = sequencer.fail(sequencer.decide(sequencer.pick(), at: 1), .outcomeUnknown("x"))
        // Nothing was picked, and yet there is something to ask; those live in the conversation are told where it stands.
        #expect(sequencer.unknown(for: []).conversations == [Self.room("a")])
        let bells = sequencer.learn(heads: [Self.head("a", sequence: 4)], places: [])
        guard case .bell(_, head: 4)? = bells.first else { Issue.record("no bell"); return }
    }

    @Test func membershipChangeIsTheLastOfItsBatch() {
        var sequencer = Self.sequencer(["a"])
        _ = sequencer.submit(Self.send("a", 1))
        _ = sequencer.submit(
            Submission(
                origin: Self.origin(2), user: Self.ann, command: .remove(Self.room("a"), ClientID(trusted: "r"), user: Self.bob)))
        _ = sequencer.submit(Self.send("a", 3, by: Self.bob))
        let effects = Self.turn(&sequencer)
        // The message goes out, then the removal, then Bob's connections leave.
        var order: [String] = []
        for effect in effects {
            switch effect {
            case .publish(let publication): order.append("publish \(publication.entries.map(\.sequence))")
            case .part(let user, _): order.append("part \(user)")
            default: order.append("other")
            }
        }
        #expect(order == ["publish [2]", "publish [3]", "part bob"])
        // What Bob had sent behind his removal is decided on the rights that he has now: none.
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        #expect(batch.drafts.isEmpty)
        #expect(batch.lookups.map(\.1.code) == [.notMember])
    }

    @Test func decisionOnOldRightsIsMadeAgain() {
        var sequencer = Self.sequencer(["a"])
        _ = sequencer.submit(Self.send("a", 1))
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        #expect(sequencer.complete(batch, [.refused(.stale)]).isEmpty)
        #expect(sequencer.waiting == 1)
        let again = sequencer.pick()
        #expect(sequencer.unknown(for: again).conversations == [Self.room("a")])
    }

    @Test func addedUsersAreLiveFromTheEntryThatAddsThem() {
        var sequencer = Self.sequencer(["a"])
        let carl = UserID(trusted: "carl")
        _ = sequencer.attach(Self.origin(0, connection: 3), user: carl, memberships: [])
        _ = sequencer.submit(
            Submission(
                origin: Self.origin(1), user: Self.ann, command: .add(Self.room("a"), ClientID(trusted: "k"), users: [carl])))
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        let joined = [Joiner(user: carl, slot: 9, visibleFrom: 2)]
        let effects = sequencer.complete(batch, batch.drafts.map { .appended(Self.entry($0, 2), joined: joined) })
        guard case .join(let user, let seat)? = effects.first, effects.count == 2 else { Issue.record("\(effects)"); return }
        #expect(user == carl)
        #expect(seat == RoomSeat(conversation: Self.room("a"), head: 1, slot: 9, visibleFrom: 2))
    }

    @Test func seatsCarryTheSlotsOfTheMembers() {
        var sequencer = Sequencer()
        for user in [Self.ann, Self.bob] { _ = sequencer.attach(Self.origin(0), user: user, memberships: []) }
        let new = NewConversation(kind: .group, title: "N", historyVisible: false)
        _ = sequencer.submit(
            Submission(
                origin: Self.origin(1), user: Self.ann,
                command: .create(Self.room("n"), ClientID(trusted: "k"), new, members: [Self.bob])))
        let batch = sequencer.decide(sequencer.pick(), at: 1)
        let joined = [Self.ann, Self.bob].enumerated().map { Joiner(user: $1, slot: Int32($0 + 1), visibleFrom: 1) }
        let effects = sequencer.complete(batch, batch.drafts.map { .appended(Self.entry($0, 1), joined: joined) })
        let seats = effects.compactMap { if case .join(_, let seat) = $0 { seat } else { nil } }
        #expect(seats.map(\.slot) == [1, 2])
        #expect(seats.allSatisfy { $0.head == 0 && $0.visibleFrom == 1 })
        var membership = Self.membership("n", Self.bob)
        membership.slot = 70
        membership.visibleFrom = 5
        let attached = sequencer.attach(Self.origin(2), user: Self.bob, memberships: [(membership, Self.head("n"))])
        guard case .attached(_, _, let rooms) = attached else { Issue.record("\(attached)"); return }
        #expect(rooms == [RoomSeat(conversation: Self.room("n"), head: 1, slot: 70, visibleFrom: 5)])
    }

    @Test func positionsAreGatheredAndOnlyMoveForward() {
        var sequencer = Self.sequencer(["a"])
        for read in [1, 1] as [Int64] {
            _ = sequencer.advance(Self.origin(1), user: Self.bob, Self.room("a"), read: read, delivered: read)
        }
        let update = PositionUpdate(conversation: Self.room("a"), user: Self.bob, read: 1, delivered: 1, slot: 1)
        #expect(sequencer.takePositions() == [update])
        #expect(!sequencer.hasPositions)
        let beyond = sequencer.advance(Self.origin(2), user: Self.bob, Self.room("a"), read: 2, delivered: 2)
        guard case .answer(_, .refused(let refusal))? = beyond.first else { Issue.record("\(beyond)"); return }
        #expect(refusal.code == .outOfRange && refusal.field == "sequence")
        // Of who is not connected it must be looked up first whether he is a member.
        let eve = UserID(trusted: "eve")
        #expect(sequencer.advance(Self.origin(3), user: eve, Self.room("a"), read: 1, delivered: 1).isEmpty)
        let places = sequencer.unknown(for: []).places
        #expect(places.map(\.user) == [eve])
        _ = sequencer.learn(heads: [], places: places.map { ($0, nil) })
        let stranger = sequencer.advanceUnplaced()
        guard case .answer(_, .refused(let refused))? = stranger.first else { Issue.record("\(stranger)"); return }
        #expect(refused.code == .notMember)
    }
}
