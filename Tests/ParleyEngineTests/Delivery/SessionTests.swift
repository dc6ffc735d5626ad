import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyTestKit
import Synchronization
import Testing

@testable import ParleyEngine

/// How a connection comes in, is kept in bounds, and ends.
@Suite(.timeLimit(.minutes(10))) struct SessionTests {
    /// Positions are written once a second; a page that is loaded again within it must not show as unread what was read.
    @Test func whoComesBackAtOnceFindsWhatHeRead() async throws {
        let bench = try EngineBench(users: ["a", "b"])
        let (owner, writing) = try await bench.enter("a")
        let group = try await bench.group(of: ["b"], by: writing, at: owner)
        let (reader, reading) = try await bench.enter("b")
        try await bench.send(group, 2, on: writing)
        try await bench.until { owner.summary.contains("ack 2") }
        try await bench.say(#"{"type":"read","id":3,"conversation":"\#(group)","sequence":2}"#, on: reading)
        try await bench.until { reader.texts.contains { $0.hasPrefix(#"{"type":"ok""#) } }
        let (again, syncing) = try await bench.enter("b")
        try await bench.say(#"{"type":"sync","id":4}"#, on: syncing)
        try await bench.until { again.texts.contains { $0.hasPrefix(#"{"type":"synced""#) } }
        let answer = try #require(again.texts.first { $0.hasPrefix(#"{"type":"synced""#) })
        #expect(answer.contains(#""read":2"#), "\(answer)")
        #expect(answer.contains(#""unread":0"#), "\(answer)")
        await bench.close()
    }

    @Test func onlyAuthIsTakenFromAStranger() async throws {
        let bench = try EngineBench(users: ["ann"])
        let (socket, session) = try await bench.connect()
        try await bench.say(EngineBench.sending("g", 1), on: session)
        try await bench.until { socket.closed != nil }
        #expect(socket.summary == ["hello", "error not_authenticated"])
        #expect(socket.closed == 4401)
        await bench.close()
    }

    @Test func badTokenEndsTheConnection() async throws {
        let bench = try EngineBench(users: ["ann"])
        let (socket, session) = try await bench.connect()
        try await bench.say(#"{"type":"auth","id":0,"token":"nonsense"}"#, on: session)
        try await bench.until { socket.closed != nil }
        #expect(socket.summary == ["hello", "error bad_token"])
        await bench.close()
    }

    @Test func socketEndsWithTheTokenOfAnotherApplicationThatOpenedIt() async throws {
        let bench = try EngineBench(users: ["guest", "ann"])
        let (guest, session) = try await bench.connect()
        try await bench.say(#"{"type":"auth","id":0,"token":"token-guest"}"#, on: session)
        let (ann, other) = try await bench.connect()
        try await bench.say(#"{"type":"auth","id":0,"token":"token-ann"}"#, on: other)
        try await bench.until { guest.summary.contains("ready") && ann.summary.contains("ready") }
        for _ in 0..<80 { await bench.advance(1_000) }
        #expect(guest.closed == nil)
        for _ in 0..<11 { await bench.advance(1_000) }
        try await bench.until { guest.closed != nil }
        #expect(guest.closed == 4401 && guest.summary.last == "error bad_token")
        #expect(ann.closed == nil)
        await bench.close()
    }

    /// Whatever kept a client from coming in, its connection ends: it could not ask again on this one.
    @Test func aLogInThatFailsForNowEndsTheConnection() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["ann"], by: bobSession, at: bob)
        bench.store.failNextAppend(.unknownAndLost)
        try await bench.send(group, 5, on: bobSession)
        try await bench.until { bob.summary.last == "error outcome_unknown" }
        // The store does not answer from here on.
        let (socket, session) = try await bench.connect()
        try await bench.say(#"{"type":"auth","id":3,"token":"token-ann"}"#, on: session)
        try await bench.until { socket.closed != nil }
        #expect(socket.summary == ["hello", "error unavailable"])
        #expect(socket.texts.last?.contains(#""id":3,"#) == true)
        bench.store.crash()
        _ = try await bench.enter("ann")
        await bench.close()
    }

    /// A client that does not read while the server goes down is not asked for more when it does.
    @Test func whoDrainsReadsNoMore() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        bob.isWritable = false
        try await bench.send(group, 5, on: annSession)
        try await bench.until { bob.pauses == 1 }
        let (engine, loop) = (bench.engine, bench.loop)
        try await loop.executeInContext { _ = engine.drain(on: loop) }
        bob.isWritable = true
        let session = Carried(bobSession)
        try await loop.executeInContext { session.value.becameWritable() }
        #expect(bob.resumes == 0)
        await bench.close()
    }

    @Test func strangerIsCutAtTheDeadline() async throws {
        let bench = try EngineBench(users: ["ann"])
        let (socket, _) = try await bench.connect()
        for _ in 0..<4 { await bench.advance(1_000) }
        #expect(socket.closed == nil)
        await bench.advance(1_000)
        try await bench.until { socket.closed != nil }
        #expect(socket.summary == ["hello", "error auth_timeout"])
        #expect(socket.closed == 4401)
        await bench.close()
    }

    @Test func longFrameBeforeAuthIsRefused() async throws {
        let bench = try EngineBench(users: ["ann"])
        let (socket, session) = try await bench.connect()
        try await bench.say(#"{"type":"auth","id":0,"token":"\#(String(repeating: "x", count: 5_000))"}"#, on: session)
        try await bench.until { socket.closed == 1009 }
        await bench.close()
    }

    @Test func endedSessionClosesItsConnectionsAndNoOthers() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, _) = try await bench.enter("ann")
        let (bob, _) = try await bench.enter("bob")
        bench.engine.endSession(SessionID(trusted: "s-ann"), of: UserID(trusted: "ann"))
        try await bench.until { ann.closed != nil }
        #expect(ann.summary.last == "error session_ended")
        #expect(bob.closed == nil)
        // A log-in that was ended cannot come back in on another connection.
        let (again, session) = try await bench.connect()
        try await bench.say(#"{"type":"auth","id":0,"token":"token-ann"}"#, on: session)
        try await bench.until { again.closed != nil }
        #expect(again.summary.last == "error session_ended")
        await bench.close()
    }

    @Test func whoAsksTooOftenIsToldToWait() async throws {
        var settings = EngineSettings()
        settings.framesPerSecond = 10
        settings.frameBurst = 3
        let bench = try EngineBench(users: ["ann"], settings: settings)
        let (socket, session) = try await bench.enter("ann")
        for id in 1...4 { try await bench.say(#"{"type":"ping","id":\#(id)}"#, on: session) }
        #expect(socket.summary == ["hello", "ready", "pong", "pong", "error rate_limited", "error rate_limited"])
        #expect(try #require(socket.texts.last).contains(#""retry_ms":100"#))
        await bench.advance(100)
        try await bench.say(#"{"type":"ping","id":9}"#, on: session)
        #expect(socket.summary.last == "pong")
        await bench.close()
    }

    @Test func badFramesAreAnsweredAndOnlyBrokenOnesEndTheConnection() async throws {
        let bench = try EngineBench(users: ["ann"])
        let (socket, session) = try await bench.enter("ann")
        try await bench.say(#"{"type":"dance","id":1}"#, on: session)
        try await bench.say(#"{"type":"ping","id":2,"x":1}"#, on: session)
        #expect(socket.summary.suffix(2) == ["error unknown_type", "error unknown_field"])
        #expect(socket.closed == nil)
        try await bench.say("[]", on: session)
        #expect(socket.summary.last == "error not_json")
        #expect(socket.closed == 4400)
        await bench.close()
    }

    @Test func goneConnectionGetsNothingMore() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        let session = Carried(bobSession)
        try await bench.loop.executeInContext { session.value.disconnected() }
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" }
        #expect(bob.summary.last == "event 1")
        await bench.close()
    }

    @Test func drainAnswersWhatWasAskedAndTellsWhenToComeBack() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (socket, session) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: session, at: socket)
        let (engine, loop) = (bench.engine, bench.loop)
        let drained = Mutex(false)
        let carried = Carried(session)
        try await loop.executeInContext {
            for id in 10..<40 { carried.value.received(text: ByteBuffer(string: EngineBench.sending(group, id))) }
            engine.drain(on: loop).whenComplete { _ in drained.withLock { $0 = true } }
        }
        while !drained.withLock({ $0 }) { await loop.advanceTime(by: .milliseconds(10)) }
        #expect(socket.summary.filter { $0.hasPrefix("ack") }.count == 30)
        #expect(socket.summary.contains("reconnect"))
        #expect(socket.pauses == 1)
        await bench.close()
    }

    enum Cause: CaseIterable, Sendable { case clientClosed, sessionEnded, brokenFrame, tooManyFrames }

    /// Whatever ends a connection, what is left of it is the same: nothing (R83).
    @Test(arguments: Cause.allCases) func everyCauseLeavesTheSameState(cause: Cause) async throws {
        var settings = EngineSettings()
        settings.framesPerSecond = 1
        settings.frameBurst = 8
        let bench = try EngineBench(users: ["ann", "bob"], settings: settings)
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        let session = Carried(bobSession)
        switch cause {
        case .clientClosed: break
        case .sessionEnded: bench.engine.endSession(SessionID(trusted: "s-bob"), of: UserID(trusted: "bob"))
        case .brokenFrame: try await bench.say("{", on: bobSession)
        case .tooManyFrames: for id in 0..<1_100 { try await bench.say(#"{"type":"ping","id":\#(id)}"#, on: bobSession) }
        }
        if cause != .clientClosed { try await bench.until { bob.closed != nil } }
        // The gateway says so once the socket is gone, whoever ended it.
        try await bench.loop.executeInContext { session.value.disconnected() }
        let (engine, loop) = (bench.engine, bench.loop)
        let left = try await loop.executeInContext { engine.delivery(on: loop).connections.count }
        #expect(left == 1)
        let writes = bob.writes.count
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" }
        #expect(bob.writes.count == writes)
        await bench.close()
    }
}
