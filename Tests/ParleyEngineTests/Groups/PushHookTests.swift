import Foundation
import ParleyDomain
import Synchronization
import Testing

@testable import ParleyEngine

/// Who is woken, how often, and with which badge (R40).
@Suite(.timeLimit(.minutes(10))) struct PushHookTests {
    final class RecordingHook: PushHook {
        private let calls = Mutex<[PushNotice]>([])
        var notices: [PushNotice] { self.calls.withLock { $0 } }
        func wake(_ notices: [PushNotice]) { self.calls.withLock { $0.append(contentsOf: notices) } }
    }

    /// Many messages within the interval wake an offline member once, with a badge of all of them; who is connected is not woken, nor is
    /// who wants to hear of mentions only.
    @Test func offlineMembersAreWokenOncePerInterval() async throws {
        let hook = RecordingHook()
        let bench = try EngineBench(users: ["ann", "bob", "cem", "dan"], pushHook: hook)
        let (ann, annSession) = try await bench.enter("ann")
        _ = try await bench.enter("bob")
        let group = try await bench.group(of: ["bob", "cem", "dan"], by: annSession, at: ann)
        _ = try await bench.exchange(#"{"type":"notify","id":1,"conversation":"\#(group)","level":"mentions"}"#, as: "dan")
        for number in 10..<17 { try await bench.send(group, number, on: annSession) }
        try await bench.until { ann.summary.last == "ack 8" }
        await bench.advance(2_000)
        try await bench.until { !hook.notices.isEmpty }
        await bench.advance(2_000)
        await bench.advance(2_000)
        let id = ConversationID(trusted: group)
        let cem = UserID(trusted: "cem")
        #expect(hook.notices == [PushNotice(user: cem, conversation: id, sequence: 8, mentioned: false, badge: 7)])
        // A mention wakes him too.
        let mention =
            #"{"type":"send","id":30,"conversation":"\#(group)","client_id":"m30","content":{"type":"text","text":"@dan","mentions":["dan"]}}"#
        try await bench.say(mention, on: annSession)
        try await bench.until { ann.summary.last == "ack 9" }
        await bench.advance(2_000)
        try await bench.until { hook.notices.count == 3 }
        let dan = PushNotice(user: UserID(trusted: "dan"), conversation: id, sequence: 9, mentioned: true, badge: 1)
        #expect(hook.notices.contains(dan))
        // And one that others follow at once.
        try await bench.say(mention.replacingOccurrences(of: "30", with: "31"), on: annSession)
        try await bench.send(group, 32, on: annSession)
        try await bench.until { ann.summary.last == "ack 11" }
        await bench.advance(2_000)
        try await bench.until { hook.notices.count == 5 }
        #expect(hook.notices.contains(PushNotice(user: dan.user, conversation: id, sequence: 11, mentioned: true, badge: 2)))
        await bench.close()
    }
}
