/// The names that the binary encoding writes as numbers: of fields, and the words that stand in them most often.
///
/// A name's number is its place in the list. It belongs to `parley.bin.1` for ever: a name that is not here travels as text, and
/// the next list is another subprotocol's. `docs/parley.cddl` publishes it; a test compares the two.
package enum BinaryNames {
    package static let all: [StaticString] = [
        "type", "id", "conversation", "sequence", "message", "kind", "sender", "client_id", "time", "content", "text", "target",
        "reply_to", "thread", "read", "delivered", "user", "users", "name", "head", "heads", "entries", "more", "title", "ack",
        "active", "add", "added", "administrator", "administrators", "after", "after_change", "after_ms", "after_slot", "all",
        "approval", "audio", "audit", "auth", "auth_ms", "avatar", "ban", "banned", "before", "behind", "block", "blocked",
        "blocks", "change", "changed", "closed", "code", "connection", "conversations", "count", "counts", "create", "created",
        "data", "decline", "declined", "description", "direct", "dissolve", "dissolved", "edit", "edited", "emoji", "ended",
        "epoch", "error", "event", "expires", "field", "file", "follow", "forward", "forwarded", "frame_bytes", "from", "group",
        "heartbeat", "heartbeat_ms", "hello", "history", "history_visible", "image", "invite", "invited", "join", "joined",
        "later", "leave", "left", "level", "limit", "limits", "link", "link_info", "links", "list", "member", "member_cap",
        "members", "mention_all", "mentions", "mine", "mute", "muted", "muted_until", "never", "none", "notify", "off", "ok",
        "on", "online", "owner", "page", "page_entries", "peer", "pin", "ping", "pinned", "pins", "pong", "position",
        "positions", "preferences", "presence", "preview", "protocol", "push", "react", "reaction", "reactions", "readers",
        "ready", "reason", "recall", "recall_ms", "recalled", "receipt_record", "receipts", "reconnect", "record", "red_packet",
        "remove", "removed", "replies", "report", "reports", "requested", "requests_in_flight", "retry", "retry_ms",
        "revisions", "role", "root", "rule", "rules", "seen", "send", "sequences", "session", "slot", "slots", "slow_ms",
        "state", "sticker", "sync", "synced", "system", "text_characters", "ticket", "token", "total", "transfer",
        "transferred", "typing", "unban", "unbanned", "unlink", "unread", "until", "used", "uses", "version", "video",
        "visible_from", "watch", "withheld",
    ]

    /// The longest of them, in bytes.
    private static let longest = Self.all.reduce(0) { max($0, $1.utf8CodeUnitCount) }

    /// Open addressing by hash: the number of a name plus one, 0 where there is none. At most a quarter is taken.
    private static let slots: [UInt16] = {
        var slots = [UInt16](repeating: 0, count: 1_024)
        for (number, name) in Self.all.enumerated() {
            var hash = Hash()
            for offset in 0..<name.utf8CodeUnitCount { hash.add(name.utf8Start[offset]) }
            var slot = hash.slot
            while slots[slot] != 0 { slot = (slot + 1) & 1_023 }
            slots[slot] = UInt16(truncatingIfNeeded: number + 1)
        }
        return slots
    }()

    /// FNV-1a.
    private struct Hash {
        private var value: UInt32 = 2_166_136_261

        mutating func add(_ byte: UInt8) { self.value = (self.value ^ UInt32(byte)) &* 16_777_619 }
        var slot: Int { Int((self.value ^ self.value >> 15) & 1_023) }
    }

    /// The number of the name that stands there; nil where it is none of these.
    static func number(_ bytes: Span<UInt8>, _ range: ByteRange) -> UInt8? {
        guard range.count >= 2, range.count <= Self.longest else { return nil }
        var hash = Hash()
        for index in range.start..<range.end { hash.add(bytes[index]) }
        var slot = hash.slot
        while Self.slots[slot] != 0 {
            let number = Int(Self.slots[slot]) - 1
            if equals(bytes, range, Self.all[number]) { return UInt8(truncatingIfNeeded: number) }
            slot = (slot + 1) & 1_023
        }
        return nil
    }
}
