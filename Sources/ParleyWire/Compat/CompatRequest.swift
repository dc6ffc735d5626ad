package import ParleyDomain

/// Where a frame of the compatibility profile goes: `mode` with `group_id` or `to_user_id`. Users and conversations are named by their
/// numbers (decision 0013).
package enum CompatTarget: Sendable, Hashable {
    /// Mode 1: the private conversation with this user.
    case user(Int64)
    /// Mode 2.
    case group(Int64)
}

/// A frame of a client that speaks the profile (R105).
package struct CompatRequest: Sendable, Equatable {
    package enum Call: Sendable, Equatable {
        case auth(Credential)
        /// Mode 1: from here on private messages reach this connection.
        case bind
        case join(group: Int64)
        case speak(CompatTarget, content: String, ClientID?)
        case ping
        case history(CompatTarget, HistoryRange, limit: Int)
        case read(CompatTarget, sequence: Int64)
        case sync(SyncToken)
    }

    package var call: Call
    /// The number of the user whom the client says it is; nil where it does not say.
    package var from: Int64?
    /// The frame's own fields, for the answer.
    package var echo: CompatEcho

    package init(_ call: Call, from: Int64? = nil, echo: CompatEcho = CompatEcho()) {
        self.call = call
        self.from = from
        self.echo = echo
    }
}

/// What is wrong with a frame.
package struct CompatFailure: Error, Sendable, Equatable {
    package var refusal: Refusal
    package var echo: CompatEcho
}

/// The fields that a frame came with, which an error gives back, so that a client finds what it was about.
package struct CompatEcho: Sendable, Equatable {
    /// JSON fields as they came, with commas between them: no credential, none that an error has itself, none of a frame of more than
    /// `Limits.compatEchoBytes`.
    package var fields: [UInt8]

    package init(fields: [UInt8] = []) { self.fields = fields }

    init(_ all: [JSONField], _ bytes: Span<UInt8>) {
        self.fields = []
        guard bytes.count <= Limits.compatEchoBytes else { return }
        for field in all where !Self.isLeftOut(field, bytes) {
            if !self.fields.isEmpty { self.fields.append(UInt8(ascii: ",")) }
            self.fields += JSONValue.copy(bytes, at: field.quotedKey)
            self.fields.append(UInt8(ascii: ":"))
            self.fields += JSONValue.copy(bytes, at: field.value)
        }
    }

    private static let leftOut: [StaticString] = [
        "token", "ticket", "error", "name", "field", "rule", "retry", "retry_ms",
    ]

    private static func isLeftOut(_ field: JSONField, _ bytes: Span<UInt8>) -> Bool {
        for name in self.leftOut where field.isNamed(name, bytes) { return true }
        return false
    }
}
