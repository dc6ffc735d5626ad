import Foundation
import NIOCore
import NIOEmbedded
import ParleyDomain
import ParleyWire
import Testing

@testable import ParleyEngine

/// The profile's session between a socket and an ordinary connection.
@Suite(.timeLimit(.minutes(10))) struct CompatSessionTests {
    private static func claims(_ number: Int, _ name: String) -> String {
        #""from_user_id":\#(number),"from_username":"\#(name)","from_avatar":"""#
    }

    /// The event and code of each envelope.
    private static func events(_ socket: FakeSocket) -> [String] {
        socket.texts.map { text in
            let object = (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:]
            let data = object["data"] as? [String: Any] ?? [:]
            return "\(object["code"] as? Int ?? -1) \(data["event"] as? String ?? "?")"
        }
    }

    private func enter(_ user: String, _ bench: EngineBench) async throws -> (FakeSocket, any SocketSession) {
        let (socket, session) = try await bench.connect(.compat)
        #expect(socket.texts.isEmpty, "there is no hello")
        try await bench.say(#"{"event":"auth","token":"token-\#(user)"}"#, on: session)
        try await bench.until { Self.events(socket) == ["0 auth"] }
        return (socket, session)
    }

    /// A group of two: ann speaks the native protocol, bob has joined it by the profile.
    private struct JoinedRoom {
        var bench: EngineBench
        var group: String
        var ann: FakeSocket
        var native: any SocketSession
        var bob: FakeSocket
        var compat: any SocketSession
    }

    private func joinedRoom() async throws -> JoinedRoom {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, native) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: native, at: ann)
        let (bob, compat) = try await self.enter("bob", bench)
        try await bench.say(#"{"event":"join","mode":2,"group_id":1,\#(Self.claims(2, "bob"))}"#, on: compat)
        try await bench.until { Self.events(bob).last == "0 init" }
        return JoinedRoom(bench: bench, group: group, ann: ann, native: native, bob: bob, compat: compat)
    }

    @Test func bothProtocolsMeetInOneGroup() async throws {
        let room = try await self.joinedRoom()
        let (bench, group, ann, native, bob, compat) = (room.bench, room.group, room.ann, room.native, room.bob, room.compat)
        try await bench.send(group, 7, on: native)
        try await bench.until { Self.events(bob).last == "0 speak" }
        #expect(bob.texts.last?.contains(#""from_user_id":"1","from_username":"ann""#) == true)
        try await bench.say(#"{"event":"speak","mode":2,"group_id":1,\#(Self.claims(2, "bob")),"content":"hello"}"#, on: compat)
        try await bench.until { ann.summary.last == "event 3" }
        try await bench.until { Self.events(bob).suffix(2) == ["0 ack", "0 speak"] }
        #expect(ann.texts.last?.contains(#""sender":"bob""#) == true)
        await bench.close()
    }

    /// Who is refused for good hears why before the socket closes.
    @Test(
        arguments: [
            ("[1]", 4400, 40000), (#"{"event":"ping"}"#, 4401, 40100), (#"{"event":"auth","token":"x"}"#, 4401, 40101),
        ] as [(String, UInt16, Int)])
    func anEndIsExplained(text: String, close: UInt16, error: Int) async throws {
        let bench = try EngineBench(users: ["ann"])
        let (socket, session) = try await bench.connect(.compat)
        try await bench.say(text, on: session)
        try await bench.until { socket.closed != nil }
        #expect(socket.closed == close && socket.texts.count == 1)
        #expect(
            socket.texts.last?.hasPrefix(#"{"code":400,"#) == true && socket.texts.last?.contains("\"error\":\(error)") == true)
        await bench.close()
    }

    @Test func aSettingMakesAnInvalidFrameTheLast() async throws {
        var settings = EngineSettings()
        settings.compatClosesOnInvalid = true
        settings.compatContentCharacters = 3
        let bench = try EngineBench(users: ["ann"], settings: settings)
        let (socket, session) = try await self.enter("ann", bench)
        try await bench.say(#"{"event":"speak","mode":2,"group_id":1,\#(Self.claims(1, "ann")),"content":"four"}"#, on: session)
        try await bench.until { socket.closed != nil }
        #expect(socket.closed == 4400 && socket.texts.last?.contains("at most 3 characters") == true)
        await bench.close()
    }

    @Test func framesOfTheProfileHaveTheRateOfAllFrames() async throws {
        var settings = EngineSettings()
        settings.framesPerSecond = 1
        settings.frameBurst = 3
        let bench = try EngineBench(users: ["ann"], settings: settings)
        let (socket, session) = try await self.enter("ann", bench)
        // Also those that become no native request.
        for _ in 0..<4 { try await bench.say(#"{"event":"dance"}"#, on: session) }
        try await bench.until { socket.texts.count == 5 }
        let wanted = [false, false, false, true, true]
        #expect(socket.texts.map { $0.contains(#""error":42900"#) } == wanted)
        await bench.close()
    }

    /// The last connection, whatever it speaks; who hides himself is not told of; who comes back within the second never went.
    @Test func leaveIsToldOnceTheLastConnectionIsGone() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (owner, native) = try await bench.enter("ann")
        _ = try await bench.group(of: ["bob", "cem"], by: native, at: owner)
        let (seer, seeing) = try await self.enter("ann", bench)
        try await bench.say(#"{"event":"join","mode":2,"group_id":1,\#(Self.claims(1, "ann"))}"#, on: seeing)
        try await bench.until { Self.events(seer).last == "0 init" }

        func end(_ session: any SocketSession) async throws {
            let session = Carried(session)
            try await bench.loop.executeInContext { session.value.disconnected() }
        }
        @Sendable func leaves() -> [String] { seer.texts.filter { $0.contains(#""event":"leave""#) } }
        let (_, first) = try await self.enter("bob", bench)
        let (_, second) = try await bench.enter("bob")
        try await end(first)
        for _ in 0..<3 { await bench.advance(1_000) }
        #expect(leaves().isEmpty)
        let (_, third) = try await self.enter("cem", bench)
        try await end(third)
        let (_, fourth) = try await self.enter("cem", bench)
        for _ in 0..<3 { await bench.advance(1_000) }
        #expect(leaves().isEmpty, "he was back within the second")
        _ = try await bench.exchange(#"{"type":"preferences","id":1,"presence":false}"#, as: "cem")
        let (_, hidden) = try await bench.enter("cem")
        try await end(fourth)
        try await end(hidden)
        try await end(second)
        for _ in 0..<3 { await bench.advance(1_000) }
        try await bench.until { !leaves().isEmpty }
        #expect(
            leaves() == [
                #"{"code":0,"msg":"close","data":{"event":"leave","group_id":1,"client_id":"0","content":"leaving group","from_user_id":"2","from_username":"bob","from_avatar":""}}"#
            ])
        await bench.close()
    }

    /// While names are looked up, what is held is bounded: beyond, its client counts as slow until they are there.
    @Test func aSessionThatHoldsTooMuchIsNotWritten() async throws {
        let room = try await self.joinedRoom()
        let (bench, group, bob) = (room.bench, room.group, room.bob)
        let session = Carried(try #require(room.compat as? CompatSession))
        try await bench.loop.executeInContext {
            var frames = ByteBuffer()
            for sequence in 2..<2 + Limits.compatHeldFrames {
                let event =
                    #"{"type":"event","conversation":"\#(group)","sequence":\#(sequence),"message":"1","kind":"message","sender":"ann","client_id":"x","time":1,"content":{"type":"text","text":"x"}}"#
                WebSocketFrameHeader.writeFrame(ByteBuffer(string: event), into: &frames)
            }
            #expect(session.value.isWritable)
            session.value.write(frames)
            #expect(!session.value.isWritable)
        }
        try await bench.until { Self.events(bob).count == 2 + Limits.compatHeldFrames }
        try await bench.loop.executeInContext { #expect(session.value.isWritable) }
        await bench.close()
    }

    /// Whoever waits for an answer that cannot be read is told so; he does not wait for ever.
    @Test func anAnswerThatCannotBeReadIsAnError() async throws {
        let room = try await self.joinedRoom()
        let (bench, bob, session) = (room.bench, room.bob, Carried(try #require(room.compat as? CompatSession)))
        try await bench.loop.executeInContext {
            var frames = ByteBuffer()
            WebSocketFrameHeader.writeFrame(ByteBuffer(string: #"{"type":"page","id":77,"entries":[{}]}"#), into: &frames)
            session.value.write(frames)
        }
        try await bench.until { bob.texts.last?.contains(#""error":50000"#) == true }
        await bench.close()
    }

    /// What a session has joined goes with it, and nothing else.
    @Test func whatHasEndedIsToldOfNobody() async throws {
        let room = try await self.joinedRoom()
        let (bench, bob) = (room.bench, room.bob)
        let (second, other) = try await self.enter("bob", bench)
        try await bench.say(#"{"event":"join","mode":2,"group_id":1,\#(Self.claims(2, "bob"))}"#, on: other)
        try await bench.until { Self.events(second).last == "0 init" }
        let (first, native) = (Carried(room.compat), Carried(room.native))
        let told = try await bench.loop.executeInContext {
            first.value.disconnected()
            return bob.texts.count
        }
        try await bench.loop.executeInContext { native.value.disconnected() }
        for _ in 0..<3 { await bench.advance(1_000) }
        try await bench.until { second.texts.contains { $0.contains(#""event":"leave""#) } }
        try await bench.loop.executeInContext { #expect(bob.texts.count == told) }
        await bench.close()
    }

    /// A client that does not read is pushed nothing, and told where it stands when it reads again (R42).
    @Test func aSlowClientIsToldThatItIsBehind() async throws {
        let room = try await self.joinedRoom()
        let (bench, group, ann, native, bob, compat) = (room.bench, room.group, room.ann, room.native, room.bob, room.compat)
        try await bench.loop.executeInContext { bob.isWritable = false }
        for id in 10..<14 { try await bench.send(group, id, on: native) }
        try await bench.until { ann.summary.last == "ack 5" }
        let session = Carried(compat)
        try await bench.loop.executeInContext {
            bob.isWritable = true
            session.value.becameWritable()
        }
        try await bench.until { Self.events(bob).last == "0 behind" }
        #expect(bob.texts.last?.hasSuffix(#""group_id":1,"sequence":5}}"#) == true && bob.resumes == 1)
        await bench.close()
    }
}
