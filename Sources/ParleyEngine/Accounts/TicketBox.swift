import Crypto
import ParleyDomain

/// Tickets for sockets: in memory only, single use, short-lived, bounded in number (A2).
///
/// Kept by SHA-256, so that looking one up tells nothing about the others. All tickets live equally long, so the order of
/// issue is the order of expiry, by a clock that nobody sets.
struct TicketBox: Sendable {
    private typealias Key = SHA256Digest
    private struct Ticket: Sendable {
        var identity: Identity
        /// In milliseconds of a steady clock.
        var expires: Int64
    }

    private let capacity: Int
    private let perSession: Int
    private let lifetime: Int64
    private var tickets: [Key: Ticket] = [:]
    private var counts: [SessionID: Int] = [:]
    /// Keys in order of issue, from `first` on; redeemed ones stay until their turn.
    private var issued: [(key: Key, expires: Int64)] = []
    private var first = 0

    /// - Parameters:
    ///   - capacity: tickets at a time.
    ///   - perSession: tickets at a time of one session, so that no client takes the room of all.
    ///   - lifetime: in milliseconds.
    init(capacity: Int, perSession: Int, lifetime: Int64) {
        self.capacity = capacity
        self.perSession = perSession
        self.lifetime = lifetime
    }

    var count: Int { self.tickets.count }

    /// Keeps the ticket.
    /// - Parameter now: In milliseconds of a steady clock.
    /// - Throws: `rateLimited` where the session has too many, `overloaded` where there are too many in all.
    mutating func issue(_ text: String, for identity: Identity, at now: Int64) throws(Refusal) {
        self.purge(at: now)
        let own = self.counts[identity.session, default: 0]
        guard own < self.perSession else { throw Refusal(.rateLimited, retryMilliseconds: Int(self.lifetime)) }
        // Redeemed tickets wait in `issued` for their turn: they count, else that list would not be bounded.
        guard self.issued.count - self.first < self.capacity else { throw Refusal(.overloaded, retryMilliseconds: 1_000) }
        let (key, expires) = (Self.key(text), now + self.lifetime)
        self.tickets[key] = Ticket(identity: identity, expires: expires)
        self.counts[identity.session] = own + 1
        self.issued.append((key, expires))
    }

    /// Takes the ticket out; nil where there is none, or it has expired.
    mutating func redeem(_ text: String, at now: Int64) -> Identity? {
        guard let ticket = self.remove(Self.key(text)), ticket.expires > now else { return nil }
        return ticket.identity
    }

    private mutating func purge(at now: Int64) {
        while self.first < self.issued.count, self.issued[self.first].expires <= now {
            _ = self.remove(self.issued[self.first].key)
            self.first += 1
        }
        if self.first > 1_024, self.first * 2 > self.issued.count {
            self.issued.removeFirst(self.first)
            self.first = 0
        }
    }

    private mutating func remove(_ key: Key) -> Ticket? {
        guard let ticket = self.tickets.removeValue(forKey: key) else { return nil }
        let left = self.counts[ticket.identity.session, default: 1] - 1
        self.counts[ticket.identity.session] = left > 0 ? left : nil
        return ticket
    }

    private static func key(_ text: String) -> Key { SHA256.hash(data: Array(text.utf8)) }
}
