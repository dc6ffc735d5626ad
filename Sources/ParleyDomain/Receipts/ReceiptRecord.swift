/// The receipt record of one message (R44): which slots there were, which of them are not counted, which have read.
///
/// It is computed from a `ReceiptBook`, and stored only where a message is frozen (R52). Who is counted never changes after
/// the message was sent; who has read does. `ReceiptRecord+Coding.swift` has its bytes.
package struct ReceiptRecord: Sendable, Equatable {
    /// What the record says of one slot.
    package enum State: UInt8, Sendable, CaseIterable {
        case unread = 0
        case read = 1
        /// Not counted: had left, or had receipts off, when the message was sent (R45).
        case quit = 2
        case sender = 3
    }

    /// The largest slot handed out when the message was sent (maxid), from 1.
    package let lastSlot: Int32
    /// The slot that sent it. It is neither read nor unread, and its bits are 0. Not in the bytes: it stands with the message.
    package let senderSlot: Int32
    /// Bit m-1, least significant first, is slot m: counted, and has read.
    let readBits: [UInt8]
    /// In the same way: not counted.
    let quitBits: [UInt8]

    /// Both arrays have a bit for each slot, none for the sender or above the last, and none is in both.
    init(lastSlot: Int32, senderSlot: Int32, readBits: [UInt8], quitBits: [UInt8]) {
        self.lastSlot = lastSlot
        self.senderSlot = senderSlot
        self.readBits = readBits
        self.quitBits = quitBits
    }

    /// Members counted: all slots but those that quit and the sender (R46).
    package var total: Int { Int(self.lastSlot) - Self.population(self.quitBits) - 1 }

    package var read: Int { Self.population(self.readBits) }

    package var unread: Int { self.total - self.read }

    /// What is said of a slot; nil for one that did not exist when the message was sent.
    package func state(of slot: Int32) -> State? {
        guard slot >= 1, slot <= self.lastSlot else { return nil }
        if slot == self.senderSlot { return .sender }
        if Self.bit(slot, in: self.readBits) { return .read }
        return Self.bit(slot, in: self.quitBits) ? .quit : .unread
    }

    /// The slots of one state, ascending.
    package func slots(_ state: State) -> [Int32] {
        guard state != .sender else { return [self.senderSlot] }
        var slots: [Int32] = []
        for byte in self.readBits.indices {
            var bits =
                switch state {
                case .read: self.readBits[byte]
                case .quit: self.quitBits[byte]
                case .unread, .sender: ~(self.readBits[byte] | self.quitBits[byte])
                }
            while bits != 0 {
                let slot = Int32(clamping: byte * 8 + bits.trailingZeroBitCount + 1)
                bits &= bits - 1
                if slot <= self.lastSlot, slot != self.senderSlot { slots.append(slot) }
            }
        }
        return slots
    }

    static func bit(_ slot: Int32, in bits: [UInt8]) -> Bool {
        bits[Int(slot - 1) >> 3] >> UInt8((slot - 1) & 7) & 1 == 1
    }

    private static func population(_ bits: [UInt8]) -> Int { bits.reduce(0) { $0 + $1.nonzeroBitCount } }
}
