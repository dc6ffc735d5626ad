package import NIOCore
import Synchronization

/// Where a connection comes from, as far as counting goes: an IPv4 address, or the /64 of an IPv6 address, which is what one
/// customer gets.
package struct AddressKey: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package init(_ address: IPAddress) { (self.high, self.low) = (address.high, address.isV4 ? address.low : 0) }

    /// Nil for addresses that are not of the internet, such as a Unix socket's.
    package init?(_ address: SocketAddress) {
        guard let address = IPAddress(address) else { return nil }
        self.init(address)
    }
}

/// Counts connections against two caps: over all, and per address before log-in (A3, A52).
///
/// Asked once per connection at accept and once at its end, so one lock for all event loops is enough.
package final class ConnectionLedger: Sendable {
    package enum Admission: Sendable, Equatable {
        case admitted
        /// The server has as many connections as it may have.
        case full
        /// The address has as many connections that have not logged in as it may have.
        case tooManyFromAddress
    }

    private struct State {
        var total = 0
        var perAddress: [AddressKey: Int] = [:]
        var onEmpty: (@Sendable () -> Void)?
    }

    private let maximum: Int
    private let perAddressMaximum: Int
    private let state = Mutex(State())

    package init(maximum: Int, perAddressMaximum: Int) {
        self.maximum = maximum
        self.perAddressMaximum = perAddressMaximum
    }

    package var total: Int { self.state.withLock { $0.total } }

    /// Counts a new connection; refused ones are not counted. A nil key is not counted per address.
    package func admit(_ key: AddressKey?) -> Admission {
        self.state.withLock { state in
            guard state.total < self.maximum else { return .full }
            if let key, !self.take(key, in: &state) { return .tooManyFromAddress }
            state.total += 1
            return .admitted
        }
    }

    /// Counts an address that became known later, from a trusted proxy's header.
    package func admitAddress(_ key: AddressKey) -> Bool {
        self.state.withLock { self.take(key, in: &$0) }
    }

    /// The connection has logged in, or lived so long that it must have: its address counts one less.
    package func graduate(_ key: AddressKey) {
        self.state.withLock { Self.give(key, in: &$0) }
    }

    /// The connection has ended. `key` where its address still counts.
    package func release(_ key: AddressKey?) {
        let onEmpty = self.state.withLock { state -> (@Sendable () -> Void)? in
            if let key { Self.give(key, in: &state) }
            state.total -= 1
            return state.total == 0 ? state.onEmpty : nil
        }
        onEmpty?()
    }

    /// Calls `body` as soon as no connection is left: at once where there is none. May call more than once.
    package func whenEmpty(_ body: @escaping @Sendable () -> Void) {
        let isEmpty = self.state.withLock { state in
            state.onEmpty = body
            return state.total == 0
        }
        if isEmpty { body() }
    }

    private func take(_ key: AddressKey, in state: inout State) -> Bool {
        let count = state.perAddress[key, default: 0]
        guard count < self.perAddressMaximum else { return false }
        state.perAddress[key] = count + 1
        return true
    }

    private static func give(_ key: AddressKey, in state: inout State) {
        guard let count = state.perAddress[key] else { return }
        state.perAddress[key] = count > 1 ? count - 1 : nil
    }
}

/// A connection's entry in the ledger; ends once.
package struct Admission {
    private let ledger: ConnectionLedger
    private var key: AddressKey?
    private var isCounted = true

    package init(ledger: ConnectionLedger, key: AddressKey?) {
        self.ledger = ledger
        self.key = key
    }

    /// Counts the client's own address, told by a trusted proxy; false when it has too many connections.
    package mutating func adopt(_ key: AddressKey) -> Bool {
        guard self.key == nil, self.isCounted else { return true }
        guard self.ledger.admitAddress(key) else { return false }
        self.key = key
        return true
    }

    package mutating func graduate() {
        guard let key = self.key else { return }
        self.key = nil
        self.ledger.graduate(key)
    }

    /// The entry moves to another owner: what is left here ends nothing.
    package mutating func handOver() -> Admission {
        let moved = self
        self.isCounted = false
        self.key = nil
        return moved
    }

    package mutating func release() {
        guard self.isCounted else { return }
        self.isCounted = false
        self.ledger.release(self.key)
        self.key = nil
    }
}
