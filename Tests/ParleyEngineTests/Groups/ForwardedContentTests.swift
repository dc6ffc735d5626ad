import ParleyDomain
import Testing

@testable import ParleyEngine

/// What a forwarded message says, at the bounds of content.
@Suite struct ForwardedContentTests {
    private static func entry(_ content: String, by sender: String) -> Entry {
        Entry(
            conversation: ConversationID(trusted: "c"), sequence: 2, id: 1, stamp: 1, kind: .message,
            sender: UserID(trusted: sender),
            clientID: ClientID(trusted: "x"), time: 5, messageOrdinal: 1, senderOrdinal: 1, content: Array(content.utf8))
    }

    /// The copy of a message with as many keys as there may be has one more; its copy is the same.
    @Test func theFirstAuthorStays() throws {
        let wide = (2..<Limits.syncPositions).map { #","k\#($0)":0"# }.joined()
        let first = try ForwardedContent.make(of: Self.entry(#"{"type":"text","text":"x"\#(wide)}"#, by: "ann"))
        #expect(String(decoding: first, as: UTF8.self).hasSuffix(#","forwarded":{"sender":"ann","time":5}}"#))
        let again = try ForwardedContent.make(of: Self.entry(String(decoding: first, as: UTF8.self), by: "ben"))
        #expect(again == first)
    }
}
