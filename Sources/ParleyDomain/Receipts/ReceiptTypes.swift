/// What the sender of a message is told in numbers (R43). `read + unread == total` always (R46).
package struct ReceiptCounts: Sendable, Equatable {
    /// Members who were in when the message was sent, without the sender and without those who had receipts off (R45).
    package var total: Int
    /// Those of them whose read position has reached the message.
    package var read: Int
    /// Those of them whose delivered position has. What is read is delivered, so never less than `read`.
    package var delivered: Int

    package var unread: Int { self.total - self.read }

    package init(total: Int, read: Int, delivered: Int) {
        self.total = total
        self.read = read
        self.delivered = delivered
    }
}

/// Which of the members counted for a message are listed (R43).
package enum ReaderList: UInt8, Sendable, CaseIterable {
    case read = 1
    case unread = 2
    case delivered = 3

    /// The name of the list on the wire.
    package var name: String {
        switch self {
        case .read: "read"
        case .unread: "unread"
        case .delivered: "delivered"
        }
    }

    package init?(name: String) {
        guard let list = ReaderList.allCases.first(where: { $0.name == name }) else { return nil }
        self = list
    }
}

/// A page of a list of readers.
package struct ReaderPage: Sendable, Equatable {
    /// Slots, ascending.
    package var slots: [Int32]
    /// Whether the list goes on after the last of them.
    package var more: Bool

    package init(slots: [Int32], more: Bool) {
        self.slots = slots
        self.more = more
    }
}

/// How far one member has come.
package struct ReceiptPosition: Sendable, Equatable {
    package var read: Int64
    package var delivered: Int64

    package init(read: Int64, delivered: Int64) {
        self.read = read
        self.delivered = delivered
    }
}

/// One member, or former member, as the store has him: what a `ReceiptBook` is loaded from.
package struct ReceiptRow: Sendable, Equatable {
    package var slot: Int32
    package var read: Int64
    package var delivered: Int64
    /// His memberships in order: from the joining entry to the entry that ended it, both inside; nil while it lasts.
    package var intervals: [Interval]
    /// Where he is not counted although he is a member (receipts off): first and last sequence, both inside. In order; one
    /// that ends before it begins says nothing.
    package var exclusions: [Interval]

    package init(slot: Int32, read: Int64, delivered: Int64, intervals: [Interval], exclusions: [Interval] = []) {
        self.slot = slot
        self.read = read
        self.delivered = delivered
        self.intervals = intervals
        self.exclusions = exclusions
    }
}

/// A row that cannot be: the store is at fault. Rows before it were taken.
package enum ReceiptFault: Error, Sendable, Equatable {
    /// Rows come in the order of their slots, from 1, none left out.
    case slotOutOfOrder(found: Int32, wanted: Int32)
    /// Intervals and exclusions begin at 1 or later, do not overlap, and only the last may be open.
    case badIntervals(slot: Int32)
}
