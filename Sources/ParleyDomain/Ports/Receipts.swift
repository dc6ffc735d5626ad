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
