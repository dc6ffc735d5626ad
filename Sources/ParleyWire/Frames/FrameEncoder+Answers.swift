package import NIOCore
package import ParleyDomain

/// Answers to questions.
extension FrameEncoder {
    /// Writes one answer: its type and the request's number, then what `fill` writes, each field with a comma before it.
    private mutating func answer(
        _ type: StaticString, _ id: Int64, into buffer: inout ByteBuffer, _ fill: (inout ByteBuffer) -> Void
    ) {
        self.frame(into: &buffer) { $0.writeRequest(type, id, fill) }
    }

    // MARK: Users

    /// - Parameter version: Where to go on asking who changed; nil where the page does not say.
    package mutating func members(
        id: Int64, _ conversation: ConversationID, _ members: [MemberProfile], more: Bool, version: SyncToken? = nil,
        into buffer: inout ByteBuffer
    ) {
        self.answer("members", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeList("members", members) { $0.writeMember($1) }
            body.writeField("more", more)
            if let version { body.writeField("version", text: version.text) }
        }
    }

    package mutating func users(id: Int64, _ users: [UserProfile], into buffer: inout ByteBuffer) {
        self.answer("users", id, into: &buffer) { $0.writeUsers(users) }
    }

    package mutating func blocks(id: Int64, _ users: [UserProfile], into buffer: inout ByteBuffer) {
        self.answer("blocks", id, into: &buffer) { $0.writeUsers(users) }
    }

    package mutating func reactions(
        id: Int64, _ conversation: ConversationID, sequence: Int64, emoji: String, _ users: [UserProfile], more: Bool,
        into buffer: inout ByteBuffer
    ) {
        self.answer("reactions", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeField("sequence", sequence)
            body.writeField("emoji", text: emoji)
            body.writeUsers(users)
            body.writeField("more", more)
        }
    }

    /// - Parameter online: How many of those asked for are online; in a conversation, of all who may be seen there.
    package mutating func presence(id: Int64, _ users: [PresenceLine], online: Int, into buffer: inout ByteBuffer) {
        self.answer("presence", id, into: &buffer) { body in
            body.writePresence(users)
            body.writeField("online", Int64(online))
        }
    }

    // MARK: Receipts

    package mutating func receipts(
        id: Int64, _ conversation: ConversationID, _ counts: [MessageReceipts], into buffer: inout ByteBuffer
    ) {
        self.answer("receipts", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeCounts(counts)
        }
    }

    package mutating func readers(
        id: Int64, _ conversation: ConversationID, sequence: Int64, list: ReaderList, _ members: [MemberProfile], more: Bool,
        into buffer: inout ByteBuffer
    ) {
        self.answer("readers", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeField("sequence", sequence)
            body.writeField("list", text: list.name)
            body.writeList("members", members) { body, member in
                body.writeProfile(member.profile)
                body.writeField("slot", Int64(member.membership.slot))
                body.writeStaticString("}")
            }
            body.writeField("more", more)
        }
    }

    /// - Parameter record: The encoded record (R44).
    package mutating func receiptRecord(
        id: Int64, _ conversation: ConversationID, sequence: Int64, _ record: [UInt8], into buffer: inout ByteBuffer
    ) {
        self.answer("receipt_record", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeField("sequence", sequence)
            body.writeStaticString(#","record":""#)
            body.writeBase64(record)
            body.writeStaticString("\"")
        }
    }

    // MARK: Links, records, settings

    /// - Parameter links: Each with its token: the name and the secret, which the server makes from it.
    package mutating func links(
        id: Int64, _ conversation: ConversationID, _ links: [(link: InviteLink, token: String)], into buffer: inout ByteBuffer
    ) {
        self.answer("links", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeList("links", links) { body, item in
                body.writeStaticString(#"{"link":"#)
                body.writeJSONString(item.link.link.id)
                body.writeField("token", text: item.token)
                body.writeField("user", item.link.user)
                body.writeField("expires", item.link.link.expires)
                body.writeField("uses", item.link.link.uses)
                body.writeField("used", item.link.used)
                body.writeStaticString("}")
            }
        }
    }

    package mutating func linkInfo(id: Int64, _ preview: LinkPreview, into buffer: inout ByteBuffer) {
        self.answer("link_info", id, into: &buffer) { body in
            body.writeField("conversation", preview.head.conversation)
            body.writeField("title", text: preview.head.title)
            body.writeField("members", Int64(preview.head.memberCount))
            body.writeField("role", text: preview.membership?.standing ?? "none")
            body.writeField("join", text: preview.head.rules.joining.name)
            body.writeAppearance(of: preview.head)
        }
    }

    package mutating func reports(
        id: Int64, _ conversation: ConversationID, _ reports: [Report], more: Bool, into buffer: inout ByteBuffer
    ) {
        self.answer("reports", id, into: &buffer) { body in
            body.writeField("conversation", conversation)
            body.writeList("reports", reports) { body, report in
                body.writeStaticString(#"{"report":"#)
                body.writeDecimal(report.number)
                body.writeField("sequence", report.sequence)
                body.writeField("user", report.user)
                body.writeField("reason", text: report.reason)
                body.writeField("time", report.time)
                body.writeStaticString("}")
            }
            body.writeField("more", more)
        }
    }

    package mutating func preferences(id: Int64, _ preferences: Preferences, into buffer: inout ByteBuffer) {
        self.answer("preferences", id, into: &buffer) { body in
            body.writeStaticString(preferences.receipts ? #","receipts":true"# : #","receipts":false"#)
            body.writeStaticString(preferences.presence ? #","presence":true"# : #","presence":false"#)
        }
    }

    /// - Parameter data: A JSON object; nil where there is none.
    package mutating func data(
        id: Int64, _ conversation: ConversationID?, _ data: [UInt8]?, into buffer: inout ByteBuffer
    ) {
        self.answer("data", id, into: &buffer) { body in
            if let conversation { body.writeField("conversation", conversation) }
            if let data { body.writeField("data", json: data) }
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func writeUsers(_ users: [UserProfile]) {
        self.writeList("users", users) { body, user in
            body.writeProfile(user)
            body.writeStaticString("}")
        }
    }

    /// The beginning of an object that tells of a user; its end is the caller's.
    fileprivate mutating func writeProfile(_ profile: UserProfile) {
        self.writeStaticString(#"{"user":""#)
        self.writeString(profile.user.rawValue)
        self.writeStaticString("\"")
        self.writeField("name", text: profile.name)
    }

    fileprivate mutating func writeMember(_ member: MemberProfile) {
        let membership = member.membership
        self.writeProfile(member.profile)
        self.writeField("slot", Int64(membership.slot))
        self.writeField("role", text: membership.role.name)
        self.writeField("active", membership.active)
        switch membership.state {
        case .active, .left: break
        case .banned, .invited, .requested: self.writeField("state", text: membership.state.name)
        }
        if membership.mutedUntil > 0 { self.writeField("muted_until", membership.mutedUntil) }
        self.writeStaticString("}")
    }
}
