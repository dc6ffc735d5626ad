/// Keeps accounts and sessions.
///
/// Promises: user ids and log-in names are unique (names compared after folding to lower case); a created account, a new
/// session and a revocation are durable when the call returns; a revoked or expired session is never returned as live.
///
/// All calls block; any thread may call. Nothing here runs on an event loop.
package protocol AccountStore: AnyObject, Sendable {
    /// Makes an account. `passwordHash` nil makes one that can be used only by a token.
    func createAccount(_ account: Account) throws(AccountFailure)
    func account(named name: String) throws(AccountFailure) -> Account?
    func account(id: UserID) throws(AccountFailure) -> Account?
    /// Accounts whose name begins with the text, for the "new conversation" box. At most `limit`, by name.
    func accounts(prefix: String, limit: Int) throws(AccountFailure) -> [UserProfile]
    /// Makes a session, in one transaction with a look at the account: `outdated` where its password hash is not `hash`, or it is disabled.
    /// So nobody comes in by a password that was changed, or an account that was shut out, while he was being checked.
    func createSession(_ session: Session, verified hash: String?) throws(AccountFailure)
    /// The live session that this token belongs to, by the SHA-256 of the token.
    func session(tokenHash: [UInt8], at now: Int64) throws(AccountFailure) -> Session?
    func session(id: SessionID, at now: Int64) throws(AccountFailure) -> Session?
    /// Puts the token hash `new` and the end `expires` in the place of a live session's own, if its token hash is `old`;
    /// in one transaction, durable when the call returns. False where the session is over or has another token hash, or its account is
    /// disabled: then nothing was changed. Of two calls with the same `old`, at most one gives true (A29).
    func rotateSession(
        _ id: SessionID, from old: [UInt8], to new: [UInt8], expires: Int64, at now: Int64
    ) throws(AccountFailure) -> Bool
    /// Ends a session. Ending one that is over is no error.
    func revokeSession(_ id: SessionID, at now: Int64) throws(AccountFailure)
    /// Forgets sessions that expired before `time`, at most `limit`; how many. A revoked one of another application's stays for ever: the
    /// next token of the same `sid` would bring it back.
    func deleteSessions(expiredBefore time: Int64, limit: Int) throws(AccountFailure) -> Int
    /// A secret of the given name, 32 bytes, made once and kept: the key of access tokens.
    func secret(named name: String, make: () -> [UInt8]) throws(AccountFailure) -> [UInt8]
    /// Makes accounts, groups and memberships that a plan lists; what exists already is left as it is. All at once, or nothing, where
    /// there are at most 20,000 users and members; a larger plan may be done in steps, and goes on when it is asked for again.
    func provision(_ plan: ProvisionPlan, at now: Int64) throws(AccountFailure)
}

package struct Account: Sendable, Equatable {
    package var id: UserID
    /// The log-in name as the user wrote it; also shown to others.
    package var name: String
    /// In PHC string form; nil for an account without a password.
    package var passwordHash: String?
    /// In milliseconds since 1970.
    package var created: Int64
    /// An operator has shut it out: nobody comes in as this user, whoever vouches for him.
    package var isDisabled: Bool

    package init(id: UserID, name: String, passwordHash: String?, created: Int64, isDisabled: Bool = false) {
        self.id = id
        self.name = name
        self.passwordHash = passwordHash
        self.created = created
        self.isDisabled = isDisabled
    }
}

/// A log-in on one device. The secret itself is never stored, only its SHA-256.
package struct Session: Sendable, Equatable {
    package var id: SessionID
    package var user: UserID
    /// The device's name as the user sees it in his list of devices.
    package var device: String
    /// SHA-256 of the long-lived (refresh) token.
    package var tokenHash: [UInt8]
    /// In milliseconds since 1970.
    package var created: Int64
    /// In milliseconds since 1970.
    package var expires: Int64
    /// For audit (R85): the client's address and what it says it is.
    package var address: String
    package var agent: String

    package init(
        id: SessionID, user: UserID, device: String, tokenHash: [UInt8], created: Int64, expires: Int64, address: String,
        agent: String
    ) {
        self.id = id
        self.user = user
        self.device = device
        self.tokenHash = tokenHash
        self.created = created
        self.expires = expires
        self.address = address
        self.agent = agent
    }
}

/// Accounts and groups to make at once: for tests, benches and moving in from elsewhere.
package struct ProvisionPlan: Sendable {
    package struct User: Sendable {
        package var account: Account
        package var session: Session

        package init(account: Account, session: Session) {
            self.account = account
            self.session = session
        }
    }

    package struct Group: Sendable {
        package var conversation: ConversationID
        package var title: String
        /// The first is the owner.
        package var members: [UserID]

        package init(conversation: ConversationID, title: String, members: [UserID]) {
            self.conversation = conversation
            self.title = title
            self.members = members
        }
    }

    package var users: [User]
    package var groups: [Group]

    package init(users: [User], groups: [Group]) {
        self.users = users
        self.groups = groups
    }
}

package enum AccountFailure: Error, Sendable, Equatable {
    /// The id or the log-in name is taken.
    case taken
    /// The account's password is not the one that was checked any more, or an operator has disabled it.
    case outdated
    case store(StoreFailure)
}
