package import NIOCore
package import ParleyDomain

/// Something of a conversation's log, as the profile shows it: a message, or the notice of who came or went (R3).
package struct CompatLine: Sendable, Equatable {
    package enum Event: Sendable {
        case speak, join, leave
    }

    package var event: Event
    /// The group; or of a private conversation, the other one.
    package var target: CompatTarget
    /// Who spoke, came or went.
    package var from: NumberedUser
    /// To whom a private message is.
    package var to: Int64?
    package var content: String
    package var clientID: ClientID
    package var sequence: Int64
    package var message: String
    /// In milliseconds since 1970.
    package var time: Int64
    package var recalled = false

    package init(
        _ event: Event, _ target: CompatTarget, from: NumberedUser, to: Int64? = nil, content: String, clientID: ClientID,
        sequence: Int64, message: String, time: Int64, recalled: Bool = false
    ) {
        self.event = event
        self.target = target
        self.from = from
        self.to = to
        self.content = content
        self.clientID = clientID
        self.sequence = sequence
        self.message = message
        self.time = time
        self.recalled = recalled
    }
}

/// One conversation in the answer to `sync`.
package struct CompatSummary: Sendable, Equatable {
    package var target: CompatTarget
    package var name: String
    package var head: Int64
    package var read: Int64
    package var unread: Int64

    package init(target: CompatTarget, name: String, head: Int64, read: Int64, unread: Int64) {
        self.target = target
        self.name = name
        self.head = head
        self.read = read
        self.unread = unread
    }
}

/// Writes the envelopes `{"code":...,"msg":...,"data":{"event":...}}` of the profile (R106). Text of others than ASCII is not escaped.
package enum CompatEncoder {
    /// What msg says where all is well.
    private static let success = "success"

    /// The answer to `auth`: who one is, and how often to `ping`.
    package static func ready(_ me: NumberedUser, connection: String, pingMilliseconds: Int64, into buffer: inout ByteBuffer) {
        self.envelope(self.success, "auth", into: &buffer) {
            $0.writeSender(me)
            $0.writeField("client_id", text: connection)
            $0.writeField("ping_ms", pingMilliseconds)
        }
    }

    /// The answer to `join`.
    ///
    /// - Parameter head: Of a group: everything above this sequence is told from here on; what is at or below it is `history`.
    package static func joined(
        _ group: Int64?, title: String, head: Int64, _ me: NumberedUser, connection: String, into buffer: inout ByteBuffer
    ) {
        self.envelope(self.success, "init", into: &buffer) {
            $0.writeField("mode", group == nil ? Int64(1) : 2)
            $0.writeField("group_id", group ?? 0)
            $0.writeSender(me)
            $0.writeField("client_id", text: connection)
            guard group != nil else { return }
            $0.writeField("group_name", text: title)
            $0.writeField("sequence", head)
        }
    }

    /// The answer to `speak`: it is stored.
    package static func acknowledged(_ target: CompatTarget, _ receipt: Receipt, into buffer: inout ByteBuffer) {
        self.envelope("stored", "ack", into: &buffer) {
            $0.writeTarget(target)
            $0.writeField("client_msg_id", receipt.clientID)
            $0.writeField("sequence", receipt.sequence)
            $0.writeField("message_id", text: receipt.id)
            $0.writeField("time", receipt.time)
        }
    }

    package static func line(_ line: CompatLine, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(#"{"code":0,"msg":""#)
        buffer.writeString(line.event == .leave ? "close" : self.success)
        buffer.writeStaticString(#"","data":"#)
        buffer.writeLine(line)
        buffer.writeStaticString("}")
    }

    /// The last connection of a user has closed.
    package static func closed(_ group: Int64, _ user: NumberedUser, connection: String, into buffer: inout ByteBuffer) {
        self.envelope("close", "leave", into: &buffer) {
            $0.writeField("group_id", group)
            $0.writeField("client_id", text: connection)
            $0.writeField("content", text: "leaving group")
            $0.writeSender(user)
        }
    }

    package static func pong(time: Int64, into buffer: inout ByteBuffer) {
        self.envelope("heartbeat", "pong", into: &buffer) { $0.writeField("time", time) }
    }

    /// - Parameters:
    ///   - next: Where the next page goes on: the sequence to give as `after` or `before`.
    ///   - head: The newest sequence that the user may see.
    package static func page(
        _ target: CompatTarget, _ lines: [CompatLine], next: Int64, head: Int64, more: Bool, into buffer: inout ByteBuffer
    ) {
        self.envelope(self.success, "history", into: &buffer) {
            $0.writeTarget(target)
            $0.writeList("list", lines) { $0.writeLine($1) }
            $0.writeField("next", next)
            $0.writeField("sequence", head)
            $0.writeField("more", more)
        }
    }

    /// How far the user has read: the answer to `read`, and news from another of his connections.
    package static func read(_ target: CompatTarget, sequence: Int64, into buffer: inout ByteBuffer) {
        self.envelope(self.success, "read", into: &buffer) {
            $0.writeTarget(target)
            $0.writeField("sequence", sequence)
        }
    }

    package static func synced(_ list: [CompatSummary], token: String, more: Bool, into buffer: inout ByteBuffer) {
        self.envelope(self.success, "sync", into: &buffer) {
            $0.writeList("list", list) { body, line in
                body.writeStaticString(#"{"mode":"#)
                body.writeStaticString(line.target.isGroup ? "2" : "1")
                body.writePlace(line.target)
                body.writeField("name", text: line.name)
                body.writeField("sequence", line.head)
                body.writeField("read", line.read)
                body.writeField("unread", line.unread)
                body.writeStaticString("}")
            }
            $0.writeField("token", text: token)
            $0.writeField("more", more)
        }
    }

    /// Something up to this sequence was not pushed: `history` has it.
    package static func behind(_ target: CompatTarget, sequence: Int64, into buffer: inout ByteBuffer) {
        self.envelope("behind", "behind", into: &buffer) {
            $0.writeTarget(target)
            $0.writeField("sequence", sequence)
        }
    }

    package static func reconnect(afterMilliseconds: Int64, into buffer: inout ByteBuffer) {
        self.envelope("reconnect", "reconnect", into: &buffer) { $0.writeField("after_ms", afterMilliseconds) }
    }

    /// An error: `code` is 400 or 500, and the number of the native protocol's table stands in the data (R106). What went wrong inside the
    /// server is not told (R108).
    package static func error(
        _ error: ReceivedError, echo: CompatEcho = CompatEcho(), into buffer: inout ByteBuffer
    ) {
        let isClients = error.code / 10_000 == 4
        buffer.writeStaticString(#"{"code":"#)
        buffer.writeStaticString(isClients ? "400" : "500")
        buffer.writeStaticString(#","msg":"#)
        buffer.writeJSONString(isClients ? error.message : (error.known ?? .internalError).advice)
        buffer.writeStaticString(#","data":{"#)
        if !echo.fields.isEmpty {
            buffer.writeBytes(echo.fields)
            buffer.writeStaticString(",")
        }
        buffer.writeStaticString(#""error":"#)
        buffer.writeDecimal(Int64(error.code))
        buffer.writeField("name", text: error.name)
        if isClients, !error.field.isEmpty { buffer.writeField("field", text: error.field) }
        if isClients, !error.rule.isEmpty { buffer.writeField("rule", text: error.rule) }
        buffer.writeField("retry", text: error.retry.rawValue)
        if error.retryMilliseconds > 0 { buffer.writeField("retry_ms", error.retryMilliseconds) }
        buffer.writeStaticString("}}")
    }

    private static func envelope(
        _ msg: String, _ event: StaticString, into buffer: inout ByteBuffer, _ fill: (inout ByteBuffer) -> Void
    ) {
        buffer.writeStaticString(#"{"code":0,"msg":""#)
        buffer.writeString(msg)
        buffer.writeStaticString(#"","data":{"event":""#)
        buffer.writeStaticString(event)
        buffer.writeStaticString("\"")
        fill(&buffer)
        buffer.writeStaticString("}}")
    }
}

extension CompatTarget {
    package var isGroup: Bool {
        switch self {
        case .user: false
        case .group: true
        }
    }
}

extension ByteBuffer {
    /// Numbers of users are strings, as in the articles.
    fileprivate mutating func writeSender(_ user: NumberedUser) {
        self.writeField("from_user_id", text: String(user.number))
        self.writeField("from_username", text: user.profile.name)
        // Users have no avatars.
        self.writeField("from_avatar", text: "")
    }

    fileprivate mutating func writePlace(_ target: CompatTarget) {
        switch target {
        case .group(let number): self.writeField("group_id", number)
        case .user(let number):
            self.writeField("group_id", 0)
            self.writeField("to_user_id", text: String(number))
        }
    }

    fileprivate mutating func writeTarget(_ target: CompatTarget) {
        self.writeField("mode", target.isGroup ? Int64(2) : 1)
        self.writePlace(target)
    }

    fileprivate mutating func writeLine(_ line: CompatLine) {
        self.writeStaticString(#"{"event":""#)
        switch line.event {
        case .speak: self.writeStaticString("speak\"")
        case .join: self.writeStaticString("join\"")
        case .leave: self.writeStaticString("leave\"")
        }
        self.writeField("mode", line.target.isGroup ? Int64(2) : 1)
        switch line.target {
        case .group(let number): self.writeField("group_id", number)
        case .user: self.writeField("group_id", 0)
        }
        self.writeSender(line.from)
        if let to = line.to { self.writeField("to_user_id", text: String(to)) }
        self.writeField("content", text: line.content)
        self.writeField("client_msg_id", line.clientID)
        self.writeField("sequence", line.sequence)
        self.writeField("message_id", text: line.message)
        self.writeField("time", line.time)
        if line.recalled { self.writeField("recalled", true) }
        self.writeStaticString("}")
    }
}

extension ReceivedError {
    /// The native field at fault by the name that it has in the profile; a field that the profile has not is not named.
    private static let names = [
        "members": "to_user_id", "client_id": "client_msg_id", "content.text": "content", "sequence": "sequence",
        "after": "after",
        "before": "before", "limit": "limit", "token": "token", "ticket": "ticket",
    ]

    /// The refusal of a native request as the profile tells it: what `msg` and `field` name is what its client wrote.
    package var inProfileNames: ReceivedError {
        guard !self.field.isEmpty, let known = self.known else { return self }
        var told = self
        told.field = Self.names[self.field] ?? ""
        told.message = Refusal(known, field: told.field, rule: self.rule).message
        return told
    }
}
