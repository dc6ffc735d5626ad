package import ParleyDomain

/// Users whom another application vouches for: an account at first sight, a session per `sid`.
extension AccountManager {
    /// What the device of such a session is called.
    private static let device = "single sign-on"

    /// Ties the server's data to one issuer, blocking: ids are made from `sub` alone, so another issuer's users would get the
    /// accounts of the first one's.
    /// - Returns: False where the data belongs to another issuer.
    package func claim(issuer: String) throws(AccountFailure) -> Bool {
        let hash = tokenHash(issuer)
        return try self.store.secret(named: "issuer") { hash } == hash
    }

    /// The session of a token that holds. Its account is made where there is none, and it lasts as long as the newest token
    /// that named it; once revoked it never comes back.
    func live(_ claims: ExternalClaims, token: String, at now: Int64) async throws(Refusal) -> Identity {
        if let identity = self.remembered(claims.session, at: now), let ends = identity.ends, ends >= claims.expires {
            return identity
        }
        let hash = tokenHash(token)
        let identity = try await self.onStore { [self] () throws(AccountFailure) in
            try self.enter(claims, hash: hash, at: now)
        }
        guard let identity else { throw Refusal(.sessionEnded) }
        return identity
    }

    /// On the store thread. Nil where the session was revoked, or the account is disabled, also meanwhile.
    private func enter(_ claims: ExternalClaims, hash: [UInt8], at now: Int64) throws(AccountFailure) -> Identity? {
        let account = try self.account(of: claims, at: now)
        guard !account.isDisabled else { return nil }
        // As of a time before its end: one that has only expired goes on with a newer token, one that was revoked does not.
        if var session = try self.store.session(id: claims.session, at: 0) {
            if session.expires < claims.expires {
                // Only this thread changes sessions: that it fails means that the session was revoked meanwhile, or the account disabled.
                guard
                    try self.store.rotateSession(
                        session.id, from: session.tokenHash, to: hash, expires: claims.expires, at: 0)
                else { return nil }
                session.expires = claims.expires
            }
            guard session.expires > now else { return nil }
            return self.remember(session, of: account, ends: session.expires)
        }
        let session = Session(
            id: claims.session, user: account.id, device: Self.device, tokenHash: hash, created: now, expires: claims.expires,
            address: "", agent: "")
        do throws(AccountFailure) {
            try self.store.createSession(session, verified: account.passwordHash)
        } catch .taken {
            return nil
        } catch .outdated {
            return nil
        }
        return self.remember(session, of: account, ends: session.expires)
    }

    /// On the store thread. The name is taken from the token at first sight and stays; one that another account has gets
    /// a random tail, so that nobody can be kept out by who registers his name first.
    private func account(of claims: ExternalClaims, at now: Int64) throws(AccountFailure) -> Account {
        let id = ExternalNames.user(subject: claims.subject)
        if let account = try self.store.account(id: id) { return account }
        let wanted = [claims.name ?? "", claims.subject].lazy.compactMap { try? NamePolicy.newName($0) }.first ?? id.rawValue
        let tail = Base32.packed(self.random(5), characters: 8)
        let room = Limits.nameCharacters - tail.count - 1
        let words = wanted.unicodeScalars.prefix(room).split(separator: " ").map { String($0) } + [tail]
        for name in [wanted, words.joined(separator: " ")] {
            let account = Account(id: id, name: name, passwordHash: nil, created: now)
            do throws(AccountFailure) {
                try self.store.createAccount(account)
                return account
            } catch .taken {
                // By its name, or by an account that has just been made.
                if let account = try self.store.account(id: id) { return account }
            }
        }
        throw .taken
    }
}
