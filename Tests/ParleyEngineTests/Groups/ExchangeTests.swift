import NIOCore
import ParleyDomain
import ParleyWire
import Synchronization
import Testing

@testable import ParleyEngine

/// One request without a socket, invite links, forwarding, and what is pushed besides entries.
@Suite(.timeLimit(.minutes(10))) struct ExchangeTests {
    /// The same decision, the same frame: by a socket or without one.
    @Test func exchangeAnswersAsASocketWould() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let sent = try await bench.exchange(EngineBench.sending(group, 10), as: "bob")
        #expect(sent.status == 200)
        #expect(sent.text.hasPrefix(#"{"type":"ack","id":10,"conversation":"\#(group)","client_id":"m10","sequence":2"#))
        try await bench.until { ann.summary.last == "event 2" }
        #expect(try await bench.exchange(EngineBench.sending(group, 10), as: "bob").text == sent.text)
        let refused = try await bench.exchange(EngineBench.sending(group, 11), as: "eve")
        #expect(refused.status == 403)
        #expect(try await bench.exchange("nonsense", as: "bob").status == 400)
        #expect(try await bench.exchange(#"{"type":"typing","id":1,"conversation":"\#(group)"}"#, as: "bob").status == 400)
        await bench.close()
    }

    /// What the frame says of when to come back is told beside it, for a header.
    @Test func exchangeTellsWhenToComeBack() async throws {
        var settings = EngineSettings()
        (settings.framesPerSecond, settings.frameBurst) = (1, 1)
        let bench = try EngineBench(users: ["ann"], settings: settings)
        let ping = ByteBuffer(string: #"{"type":"ping","id":1}"#)
        #expect(try await bench.exchange(ping, in: .json, as: "ann").retryMilliseconds == 0)
        let refused = try await bench.exchange(ping, in: .json, as: "ann")
        #expect(refused.status == 429 && refused.retryMilliseconds > 0)
        #expect(String(buffer: refused.body).contains(#""retry_ms":\#(refused.retryMilliseconds)"#))
        await bench.close()
    }

    /// A link lets in whoever holds its secret, and nobody who guesses; a repeat of the join gets the same ack when the link is used up.
    @Test func linkLetsInByItsSecret() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem", "dan"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["dan"], by: annSession, at: ann)
        _ = try await bench.exchange(#"{"type":"link","id":1,"conversation":"\#(group)","client_id":"l","uses":1}"#, as: "ann")
        let links = try await bench.exchange(#"{"type":"links","id":1,"conversation":"\#(group)"}"#, as: "ann").text
        let token = try #require(links.firstMatch(of: /"token":"([^"]+)"/)).output.1
        let wrong = String(token.dropLast()) + (token.last == "a" ? "b" : "a")
        let guess = try await bench.exchange(#"{"type":"join","id":1,"client_id":"j","link":"\#(wrong)"}"#, as: "bob")
        #expect(guess.text.contains("bad_link"))
        let join = #"{"type":"join","id":1,"client_id":"j","link":"\#(token)"}"#
        let joined = try await bench.exchange(join, as: "bob")
        #expect(joined.status == 200)
        #expect(try await bench.exchange(join, as: "bob").text == joined.text)
        #expect(try await bench.exchange(join, as: "cem").text.contains("bad_link"))
        await bench.close()
    }

    /// The copy is made by the server, names the author, and a repeat gets the first ack though the original was edited since.
    @Test func forwardIsACopyByTheServer() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.send(group, 10, on: annSession)
        try await bench.until { ann.summary.last == "ack 2" }
        let direct = try await bench.exchange(
            #"{"type":"create","id":1,"client_id":"d","kind":"direct","members":["cem"]}"#, as: "bob")
        let other = try #require(direct.text.firstMatch(of: /"conversation":"([^"]+)"/)).output.1
        let source = #"{"conversation":"\#(group)","sequence":2}"#
        let forward = #"{"type":"forward","id":1,"conversation":"\#(other)","client_id":"f","from":\#(source)}"#
        let first = try await bench.exchange(forward, as: "bob")
        #expect(first.status == 200)
        let page = try await bench.exchange(#"{"type":"history","id":1,"conversation":"\#(other)"}"#, as: "cem").text
        #expect(page.contains(#""text":"hi","forwarded":{"sender":"ann","time":"#))
        let edit =
            #"{"type":"edit","id":2,"conversation":"\#(group)","client_id":"e","target":2,"content":{"type":"text","text":"x"}}"#
        _ = try await bench.exchange(edit, as: "ann")
        #expect(try await bench.exchange(forward, as: "bob").text == first.text)
        _ = try await bench.exchange(
            #"{"type":"recall","id":3,"conversation":"\#(group)","client_id":"r","target":2}"#, as: "ann")
        #expect(try await bench.exchange(forward, as: "bob").text == first.text)
        // What one may not see, one cannot forward.
        let stolen = #"{"type":"forward","id":1,"conversation":"\#(other)","client_id":"g","from":\#(source)}"#
        #expect(try await bench.exchange(stolen, as: "cem").status == 403)
        await bench.close()
    }

    /// Whom the original calls, it calls in its own conversation: the copy calls nobody, whatever its sender may do there.
    @Test func forwardCallsNobody() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let content = #"{"type":"text","mention_all":true, "text":"all","mentions":["bob"],"mine":{"mentions":1}}"#
        _ = try await bench.exchange(
            #"{"type":"send","id":1,"conversation":"\#(group)","client_id":"m","content":\#(content)}"#, as: "ann")
        _ = try await bench.exchange(
            #"{"type":"forward","id":1,"conversation":"\#(group)","client_id":"f","from":{"conversation":"\#(group)","sequence":2}}"#,
            as: "bob")
        let page = try await bench.exchange(#"{"type":"history","id":1,"conversation":"\#(group)","after":2}"#, as: "bob").text
        #expect(page.contains(#""content":{"type":"text","text":"all","mine":{"mentions":1},"forwarded":{"sender":"ann""#))
        await bench.close()
    }

    /// A message that is there, and whose copy would be too long, is not said to be missing.
    @Test func forwardOfWhatIsTooLongSaysSo() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        let pad = String(repeating: "y", count: Limits.contentBytes - 40)
        let content = #"{"type":"text","text":"x","pad":"\#(pad)"}"#
        let sent = try await bench.exchange(
            #"{"type":"send","id":1,"conversation":"\#(group)","client_id":"m","content":\#(content)}"#, as: "ann")
        #expect(sent.status == 200)
        for (sequence, name) in [(2, "too_long"), (1, "no_message"), (9, "no_message")] {
            let from = #"{"conversation":"\#(group)","sequence":\#(sequence)}"#
            let answer = try await bench.exchange(
                #"{"type":"forward","id":1,"conversation":"\#(group)","client_id":"f","from":\#(from)}"#, as: "bob")
            #expect(answer.text.contains(#""name":"\#(name)""#) && answer.text.contains(#""field":"from""#), "\(answer.text)")
        }
        await bench.close()
    }

    /// An edit of what was said before a member came reaches him without its content, where history is hidden.
    @Test func editOfAnUnseenMessageIsWithheld() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, _) = try await bench.enter("bob")
        let (cem, _) = try await bench.enter("cem")
        let make =
            #"{"type":"create","id":1,"client_id":"g","kind":"group","title":"G","members":["bob"],"history_visible":false}"#
        try await bench.say(make, on: annSession)
        try await bench.until { ann.summary.contains("created 1") }
        let created = try #require(ann.texts.last { $0.hasPrefix(#"{"type":"created""#) })
        let group = String(try #require(created.firstMatch(of: /"conversation":"([^"]+)"/)).output.1)
        try await bench.send(group, 10, on: annSession)
        try await bench.say(#"{"type":"add","id":2,"conversation":"\#(group)","client_id":"a","users":["cem"]}"#, on: annSession)
        try await bench.until { cem.summary.last == "event 3" }
        let edit =
            #"{"type":"edit","id":3,"conversation":"\#(group)","client_id":"e","target":2,"content":{"type":"text","text":"secret"}}"#
        try await bench.say(edit, on: annSession)
        try await bench.until { cem.summary.last == "event 4" && bob.summary.last == "event 4" }
        #expect(bob.texts.last?.contains("secret") == true)
        #expect(cem.texts.last?.contains(#""withheld":true"#) == true)
        #expect(cem.texts.allSatisfy { !$0.contains("secret") })
        await bench.close()
    }

    /// However often a member types, the others hear of it once a second; he does not hear of himself.
    @Test func typingIsToldOnceASecond() async throws {
        let bench = try EngineBench(users: ["ann", "bob"])
        let (ann, annSession) = try await bench.enter("ann")
        let (bob, bobSession) = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob"], by: annSession, at: ann)
        try await bench.until { bob.summary.last == "event 1" }
        for number in 1...5 {
            try await bench.say(#"{"type":"typing","id":\#(number),"conversation":"\#(group)"}"#, on: bobSession)
        }
        try await bench.until { bob.summary.filter { $0 == "ok" }.count == 5 }
        await bench.advance(1_000)
        await bench.advance(1_000)
        #expect(
            ann.texts.filter { $0.hasPrefix(#"{"type":"typing""#) } == [
                #"{"type":"typing","conversation":"\#(group)","users":["bob"]}"#
            ])
        #expect(!bob.summary.contains("typing"))
        await bench.close()
    }

    /// Presence is told to who watches, and not of somebody who does not let himself be seen.
    @Test func presenceIsToldToWhoWatches() async throws {
        let bench = try EngineBench(users: ["ann", "bob", "cem", "eve"])
        let (ann, annSession) = try await bench.enter("ann")
        let group = try await bench.group(of: ["bob", "cem"], by: annSession, at: ann)
        _ = try await bench.exchange(#"{"type":"preferences","id":1,"presence":false}"#, as: "cem")
        try await bench.say(#"{"type":"presence","id":5,"users":["bob","cem","eve"],"watch":true}"#, on: annSession)
        try await bench.until { ann.summary.last == "presence" }
        // Only Bob: Cem does not let himself be seen, and Eve shares nothing with Ann.
        #expect(ann.texts.last == #"{"type":"presence","id":5,"users":[{"user":"bob","online":false}],"online":0}"#)
        _ = try await bench.enter("bob")
        _ = try await bench.enter("cem")
        await bench.advance(1_000)
        try await bench.until { ann.texts.last == #"{"type":"presence","users":[{"user":"bob","online":true}]}"# }
        let online = try await bench.exchange(#"{"type":"presence","id":6,"conversation":"\#(group)"}"#, as: "bob")
        #expect(online.text.contains(#"{"user":"ann","online":true}"#))
        #expect(!online.text.contains("cem"))
        await bench.close()
    }
}
