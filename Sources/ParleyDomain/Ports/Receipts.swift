/// One member's row as receipts need it: what a restart rebuilds them from.
package struct ReceiptRow: Sendable, Equatable {
    /// From 1 (R6).
    package var slot: Int32
    package var read: Int64
    package var delivered: Int64
    /// His memberships, by their first sequence.
    package var intervals: [Interval]
    /// The sequences for which his receipts were off (R54), by their first one.
    package var exclusions: [Interval]

    package init(slot: Int32, read: Int64, delivered: Int64, intervals: [Interval], exclusions: [Interval] = []) {
        self.slot = slot
        self.read = read
        self.delivered = delivered
        self.intervals = intervals
        self.exclusions = exclusions
    }
}

/// How many of those who are counted have a message. `total` = read + unread, always (R46).
package struct ReceiptCounts: Sendable, Equatable {
    package var total: Int
    package var read: Int
    package var delivered: Int

    package init(total: Int, read: Int, delivered: Int) {
        self.total = total
        self.read = read
        self.delivered = delivered
    }
}

/// The counts of one message.
package struct MessageReceipts: Sendable, Equatable {
    package var sequence: Int64
    package var counts: ReceiptCounts

    package init(sequence: Int64, counts: ReceiptCounts) {
        self.sequence = sequence
        self.counts = counts
    }
}

/// A message and its sender, as receipts need them.
package struct SentMessage: Sendable, Equatable {
    package var sequence: Int64
    package var sender: UserID
    package var senderSlot: Int32

    package init(sequence: Int64, sender: UserID, senderSlot: Int32) {
        self.sequence = sequence
        self.sender = sender
        self.senderSlot = senderSlot
    }
}
