import DequeModule

/// The newest messages of connected senders in one conversation, whose counts are pushed to them while they change (R50).
///
/// At most `Limits.receiptsFollowed` of a sender, and `Limits.receiptsFollowedInAll`; the oldest go first.
struct FollowedMessages: Sendable {
    private struct Message: Sendable {
        let sequence: Int64
        let sender: UserID
        let senderSlot: Int32
        /// What he was last told.
        var told: ReceiptCounts?
    }

    /// By sequence.
    private var messages: Deque<Message> = []
    /// How many there are of each sender.
    private var counts: [UserID: Int] = [:]

    var isEmpty: Bool { self.messages.isEmpty }

    /// A message that was stored now: newer than all that are followed.
    mutating func append(_ sequence: Int64, by sender: UserID, slot: Int32) {
        if self.counts[sender, default: 0] >= Limits.receiptsFollowed {
            self.drop(at: self.messages.firstIndex { $0.sender == sender })
        } else if self.messages.count >= Limits.receiptsFollowedInAll {
            self.drop(at: self.messages.startIndex)
        }
        self.messages.append(Message(sequence: sequence, sender: sender, senderSlot: slot))
        self.counts[sender, default: 0] += 1
    }

    /// A sender was told the counts of these messages of his, because he asked: from here on he hears of what changes. So it goes on after
    /// he was away, or the process was started anew.
    mutating func resume(_ asked: [(message: SentMessage, told: ReceiptCounts)], by sender: UserID) {
        var known = self.messages.filter { $0.sender != sender }
        var own: [Int64: Message] = [:]
        for message in self.messages where message.sender == sender { own[message.sequence] = message }
        for (message, told) in asked {
            own[message.sequence] = Message(
                sequence: message.sequence, sender: sender, senderSlot: message.senderSlot, told: told)
        }
        known.append(contentsOf: own.values.sorted { $0.sequence < $1.sequence }.suffix(Limits.receiptsFollowed))
        self.messages = Deque(known.sorted { $0.sequence < $1.sequence }.suffix(Limits.receiptsFollowedInAll))
        self.counts = self.messages.reduce(into: [:]) { $0[$1.sender, default: 0] += 1 }
    }

    /// Nobody is told of these any more.
    mutating func drop(_ isDropped: (_ sequence: Int64, _ sender: UserID) -> Bool) {
        guard self.messages.contains(where: { isDropped($0.sequence, $0.sender) }) else { return }
        self.messages.removeAll { isDropped($0.sequence, $0.sender) }
        self.counts = self.messages.reduce(into: [:]) { $0[$1.sender, default: 0] += 1 }
    }

    private mutating func drop(at index: Int?) {
        guard let index else { return }
        let sender = self.messages.remove(at: index).sender
        let left = self.counts[sender, default: 1] - 1
        self.counts[sender] = left > 0 ? left : nil
    }

    /// Counts that changed since the senders were last told, by sender. A message that all have read is not followed on.
    mutating func takeNews(_ book: ReceiptBook) -> [UserID: [MessageReceipts]] {
        var news: [UserID: [MessageReceipts]] = [:]
        var isDone = false
        for index in self.messages.indices {
            let message = self.messages[index]
            guard let now = book.counts(of: message.sequence, senderSlot: message.senderSlot), now != message.told else {
                continue
            }
            let isNews = message.told != nil || now.delivered > 0
            self.messages[index].told = now
            isDone = isDone || now.read == now.total
            if isNews { news[message.sender, default: []].append(MessageReceipts(sequence: message.sequence, counts: now)) }
        }
        if isDone {
            self.messages.removeAll { message in message.told.map { $0.read == $0.total } ?? false }
            self.counts = self.messages.reduce(into: [:]) { $0[$1.sender, default: 0] += 1 }
        }
        return news
    }
}
