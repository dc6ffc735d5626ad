package import NIOCore
package import ParleyDomain

extension ByteBuffer {
    /// Writes an integer in decimal digits, without making a String of it.
    package mutating func writeDecimal(_ value: Int64) {
        if value < 0 { self.writeInteger(UInt8(ascii: "-")) }
        var rest = value.magnitude
        // 20 digits hold any UInt64. They are made from the last one on.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            self.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start..<20]))
        }
    }

    /// Writes a JSON string, quotes included. Only what JSON demands is escaped.
    package mutating func writeJSONString(_ text: String) {
        self.writeString(ControlContent.quoted(text))
    }

    /// The fields that an event, a page and a preview have in common, without braces.
    mutating func writeEntryFields(_ entry: Entry) {
        self.writeStaticString(#""sequence":"#)
        self.writeDecimal(entry.sequence)
        self.writeStaticString(#","message":""#)
        self.writeDecimal(entry.id)
        self.writeStaticString(#"","kind":""#)
        self.writeString(entry.kind.name)
        self.writeStaticString(#"","sender":""#)
        self.writeString(entry.sender.rawValue)
        self.writeStaticString(#"","client_id":""#)
        self.writeString(entry.clientID.rawValue)
        self.writeStaticString(#"","time":"#)
        self.writeDecimal(entry.time)
        if entry.relatesTo > 0 {
            self.writeStaticString(#","reply_to":"#)
            self.writeDecimal(entry.relatesTo)
        }
        self.writeStaticString(#","content":"#)
        self.writeBytes(entry.content)
    }

    mutating func writeEntries(_ entries: [Entry]) {
        self.writeStaticString("[")
        for index in entries.indices {
            self.writeStaticString(index > 0 ? ",{" : "{")
            self.writeEntryFields(entries[index])
            self.writeStaticString("}")
        }
        self.writeStaticString("]")
    }

    mutating func writeHeads(_ heads: [(ConversationID, Int64)]) {
        self.writeStaticString("{")
        for index in heads.indices {
            self.writeStaticString(index > 0 ? ",\"" : "\"")
            self.writeString(heads[index].0.rawValue)
            self.writeStaticString("\":")
            self.writeDecimal(heads[index].1)
        }
        self.writeStaticString("}")
    }

    /// One line of the conversation list.
    mutating func writeSummary(_ summary: ConversationSummary, page: Page?) {
        self.writeStaticString(#"{"conversation":""#)
        self.writeString(summary.head.conversation.rawValue)
        self.writeStaticString(#"","kind":""#)
        self.writeString(summary.head.kind.name)
        guard summary.membership.active else {
            self.writeStaticString(#"","role":"none"}"#)
            return
        }
        self.writeStaticString(#"","title":"#)
        self.writeJSONString(summary.head.title)
        if let peer = summary.peer {
            self.writeStaticString(#","peer":""#)
            self.writeString(peer.rawValue)
            self.writeStaticString("\"")
        }
        self.writeStaticString(#","role":""#)
        self.writeString(summary.membership.role.name)
        self.writeStaticString(#"","members":"#)
        self.writeDecimal(Int64(summary.head.memberCount))
        self.writeStaticString(#","head":"#)
        self.writeDecimal(summary.head.sequence)
        self.writeStaticString(#","read":"#)
        self.writeDecimal(summary.membership.read)
        self.writeStaticString(#","delivered":"#)
        self.writeDecimal(summary.membership.delivered)
        self.writeStaticString(#","unread":"#)
        self.writeDecimal(summary.unread)
        self.writeStaticString(#","visible_from":"#)
        self.writeDecimal(summary.membership.visibleFrom)
        self.writeStaticString(#","time":"#)
        self.writeDecimal(summary.head.time)
        if let preview = summary.preview {
            self.writeStaticString(#","preview":{"#)
            self.writeEntryFields(preview)
            self.writeStaticString("}")
        }
        if let page {
            self.writeStaticString(#","entries":"#)
            self.writeEntries(page.entries)
            self.writeStaticString(page.more ? #","more":true"# : #","more":false"#)
        }
        self.writeStaticString("}")
    }

    /// An error object, the same over the socket and over HTTP.
    package mutating func writeError(id: Int64?, _ refusal: Refusal) {
        self.writeStaticString(#"{"type":"error""#)
        if let id {
            self.writeStaticString(#","id":"#)
            self.writeDecimal(id)
        }
        self.writeStaticString(#","code":"#)
        self.writeDecimal(Int64(refusal.code.rawValue))
        self.writeStaticString(#","name":""#)
        self.writeString(refusal.code.name)
        self.writeStaticString(#"","message":"#)
        self.writeJSONString(refusal.message)
        if !refusal.field.isEmpty {
            self.writeStaticString(#","field":"#)
            self.writeJSONString(refusal.field)
        }
        if !refusal.rule.isEmpty {
            self.writeStaticString(#","rule":"#)
            self.writeJSONString(refusal.rule)
        }
        self.writeStaticString(#","retry":""#)
        self.writeString(refusal.code.retry.rawValue)
        self.writeStaticString("\"")
        if refusal.retryMilliseconds > 0 {
            self.writeStaticString(#","retry_ms":"#)
            self.writeDecimal(Int64(refusal.retryMilliseconds))
        }
        self.writeStaticString("}")
    }
}
