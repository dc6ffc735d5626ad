package import ParleyDomain
import Synchronization

/// An `AccountStore` in memory, for tests: keeps the port's promises but the one of durability.
package final class MemoryAccountStore: AccountStore {
    private struct State {
        var accounts: [UserID: Account] = [:]
        var ids: [String: UserID] = [:]
        var sessions: [SessionID: Session] = [:]
        /// Their ids are never free again.
        var revoked: Set<SessionID> = []
        var secrets: [String: [UInt8]] = [:]
        var groups: [ConversationID: ProvisionPlan.Group] = [:]
        var failure: AccountFailure?
        var onVerify: (@Sendable () -> Void)?
        var calls = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// While set, every call fails with it and does nothing.
    package var failure: AccountFailure? {
        get { self.state.withLock { $0.failure } }
        set { self.state.withLock { $0.failure = newValue } }
    }

    /// How many calls were made.
    package var calls: Int { self.state.withLock { $0.calls } }
    /// Every session that is not over, whatever its expiry.
    package var sessions: [Session] { self.state.withLock { Array($0.sessions.values) } }
    package var groups: [ProvisionPlan.Group] { self.state.withLock { Array($0.groups.values) } }

    package func createAccount(_ account: Account) throws(AccountFailure) {
        try self.change { (state) throws(AccountFailure) in
            let folded = account.name.lowercased()
            guard state.accounts[account.id] == nil, state.ids[folded] == nil else { throw .taken }
            state.accounts[account.id] = account
            state.ids[folded] = account.id
        }
    }

    package func account(named name: String) throws(AccountFailure) -> Account? {
        try self.change { state in state.ids[name.lowercased()].flatMap { state.accounts[$0] } }
    }

    package func account(id: UserID) throws(AccountFailure) -> Account? {
        try self.change { $0.accounts[id] }
    }

    package func accounts(prefix: String, limit: Int) throws(AccountFailure) -> [UserProfile] {
        try self.change { state in
            let found = state.ids.filter { $0.key.hasPrefix(prefix.lowercased()) }.sorted { $0.key < $1.key }
            let accounts = found.prefix(max(0, limit)).compactMap { state.accounts[$0.value] }
            return accounts.map { UserProfile(user: $0.id, name: $0.name) }
        }
    }

    /// Puts another password or an operator's lock on an account, as `parley admin` does.
    package func change(_ user: UserID, _ body: (inout Account) -> Void) {
        self.state.withLock { state in
            guard var account = state.accounts[user] else { return }
            body(&account)
            state.accounts[user] = account
        }
    }

    /// Runs once, when the next session is about to be made: what comes between the check of a password and its session.
    package func beforeNextSession(_ body: @escaping @Sendable () -> Void) { self.state.withLock { $0.onVerify = body } }

    package func createSession(_ session: Session, verified hash: String?) throws(AccountFailure) {
        let before = self.state.withLock { state in
            defer { state.onVerify = nil }
            return state.onVerify
        }
        before?()
        try self.change { (state) throws(AccountFailure) in
            if let account = state.accounts[session.user] {
                guard account.passwordHash == hash, !account.isDisabled else { throw .outdated }
            }
            guard state.sessions[session.id] == nil, !state.revoked.contains(session.id) else { throw .taken }
            state.sessions[session.id] = session
        }
    }

    package func session(tokenHash: [UInt8], at now: Int64) throws(AccountFailure) -> Session? {
        try self.change { $0.sessions.values.first { $0.tokenHash == tokenHash && $0.expires > now } }
    }

    package func session(id: SessionID, at now: Int64) throws(AccountFailure) -> Session? {
        try self.change { $0.sessions[id].flatMap { $0.expires > now ? $0 : nil } }
    }

    package func rotateSession(
        _ id: SessionID, from old: [UInt8], to new: [UInt8], expires: Int64, at now: Int64
    ) throws(AccountFailure) -> Bool {
        try self.change { state in
            guard var session = state.sessions[id], session.expires > now, session.tokenHash == old,
                state.accounts[session.user]?.isDisabled != true
            else { return false }
            session.tokenHash = new
            session.expires = expires
            state.sessions[id] = session
            return true
        }
    }

    package func revokeSession(_ id: SessionID, at now: Int64) throws(AccountFailure) {
        try self.change { state in
            if state.sessions.removeValue(forKey: id) != nil { state.revoked.insert(id) }
        }
    }

    package func deleteSessions(expiredBefore time: Int64, limit: Int) throws(AccountFailure) -> Int {
        try self.change { state in
            let old = state.sessions.values.filter { $0.expires < time }.sorted { $0.expires < $1.expires }.prefix(limit)
            for session in old { state.sessions[session.id] = nil }
            return old.count
        }
    }

    package func secret(named name: String, make: () -> [UInt8]) throws(AccountFailure) -> [UInt8] {
        let fresh = make()
        return try self.change { state in
            let secret = state.secrets[name] ?? fresh
            state.secrets[name] = secret
            return secret
        }
    }

    package func provision(_ plan: ProvisionPlan, at now: Int64) throws(AccountFailure) {
        try self.change { state in
            for user in plan.users where state.accounts[user.account.id] == nil {
                state.accounts[user.account.id] = user.account
                state.ids[user.account.name.lowercased()] = user.account.id
                state.sessions[user.session.id] = user.session
            }
            for group in plan.groups where state.groups[group.conversation] == nil { state.groups[group.conversation] = group }
        }
    }

    private func change<Value: Sendable>(
        _ body: (inout State) throws(AccountFailure) -> Value
    ) throws(AccountFailure) -> Value {
        try self.state.withLock { (state) throws(AccountFailure) -> Value in
            state.calls += 1
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }
}
