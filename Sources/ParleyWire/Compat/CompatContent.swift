package import ParleyDomain

/// What the profile shows of an entry's content.
package enum CompatContent {
    /// The plain text of a message: its own, or the fallback of another type; empty where there is none to be shown.
    package static func text(of content: [UInt8]) -> String {
        self.read(content) { (object, bytes) throws(Refusal) in
            JSONValue.string(bytes, at: try object.string("text", bytes))
        } ?? ""
    }

    /// Whether the entry ends a membership: a ban may also be of one who was no member.
    package static func endsMembership(_ content: [UInt8]) -> Bool {
        self.read(content) { (object, bytes) throws(Refusal) in try object.text("type", bytes) } == "ended"
    }

    /// Who came or went, by an entry about members: `users` or `user`; at most as many as one request can name.
    package static func users(in content: [UInt8]) -> [UserID] {
        self.read(content) { (object, bytes) throws(Refusal) in
            object.has("users", bytes) ? try object.users("users", bytes) : [try object.identifier("user", bytes)]
        } ?? []
    }

    /// The content of a message that says this.
    package static func bytes(of text: String) -> [UInt8] {
        Array((#"{"type":"text","text":"# + ControlContent.quoted(text) + "}").utf8)
    }

    private static func read<Value>(_ content: [UInt8], _ body: (inout ObjectReader, Span<UInt8>) throws(Refusal) -> Value)
        -> Value?
    {
        var fields: [JSONField] = []
        var place = ""
        let bytes = content.span
        do {
            try JSONScanner.fields(of: bytes, into: &fields, place: &place)
            var object = ObjectReader(fields: fields, path: "")
            return try body(&object, bytes)
        } catch {
            return nil
        }
    }
}
