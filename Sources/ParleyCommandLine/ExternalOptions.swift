import ArgumentParser
import ParleyServer

/// The application whose users come in with its tokens. Secrets come from files only, never from the command line.
struct ExternalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How its tokens are signed: HS256, RS256 or EdDSA.", valueName: "name"))
    var jwtAlgorithm: String?

    @Option(
        help: ArgumentHelp(
            "Its key: a public one in PEM, or for HS256 the secret, readable by its owner only.", valueName: "file"))
    var jwtKey: String?

    @Option(help: ArgumentHelp("In place of --jwt-key: its keys as a JWKS file.", valueName: "file"))
    var jwtJwks: String?

    @Option(help: ArgumentHelp("The `iss` of its tokens.", valueName: "text"))
    var jwtIssuer: String?

    @Option(help: ArgumentHelp("What its tokens call this server in `aud`.", valueName: "text"))
    var jwtAudience: String?

    func validate() throws { _ = try self.identity() }

    /// Nil where none of the options is given.
    func identity() throws -> ExternalIdentity? {
        let texts = [self.jwtAlgorithm, self.jwtKey, self.jwtJwks, self.jwtIssuer, self.jwtAudience]
        guard texts.contains(where: { $0 != nil }) else { return nil }
        guard let issuer = self.jwtIssuer, let audience = self.jwtAudience, !issuer.isEmpty, !audience.isEmpty else {
            throw ValidationError("Tokens need --jwt-issuer and --jwt-audience: who made them, and for whom.")
        }
        let keys: ExternalIdentity.KeyFile
        switch (self.jwtKey, self.jwtJwks) {
        case (let key?, nil): keys = .one(key)
        case (nil, let set?): keys = .set(set)
        default: throw ValidationError("Give one of --jwt-key and --jwt-jwks.")
        }
        guard let algorithm = self.jwtAlgorithm,
            let identity = ExternalIdentity(algorithm: algorithm, keys: keys, issuer: issuer, audience: audience)
        else { throw ValidationError("--jwt-algorithm takes HS256, RS256 or EdDSA.") }
        return identity
    }
}
