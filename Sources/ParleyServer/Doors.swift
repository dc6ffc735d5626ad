import Logging
import ParleyEngine
import ParleyGateway
import ServiceLifecycle
import UnixSignals

/// What is read from files about who may come in: the certificate, and the keys of another application. Read at start, and
/// again at each SIGHUP; what cannot be read then leaves all as it was.
struct Doors: Service, CustomStringConvertible {
    /// The services are listed in a log at level debug, by what they hold unless they say otherwise: secrets might be among it (A50).
    var description: String { "Doors" }

    let configuration: ServerConfiguration
    let accounts: AccountManager
    let logger: Logger
    let tls: TLSDoor?

    /// Blocks on the files and the store: for start-up only.
    init(_ configuration: ServerConfiguration, accounts: AccountManager, logger: Logger) throws {
        self.configuration = configuration
        self.accounts = accounts
        self.logger = logger
        self.tls = try configuration.tls.map { files in
            let (certificates, key) = try Self.read(files)
            do throws(CertificateFault) {
                return try TLSDoor(certificates: certificates, key: key)
            } catch {
                throw StartFailure("TLS cannot be used: \(error.description) (\(files.certificate), \(files.key)).")
            }
        }
        guard let external = configuration.external else { return }
        accounts.takeTokens(of: try Self.verifier(external))
        guard try accounts.claim(issuer: external.issuer) else {
            throw StartFailure(
                "The data folder has users of another issuer than \(external.issuer): they would become the same accounts. Use another folder, or see docs/decisions/0011-external-identity.md."
            )
        }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            guard self.configuration.tls != nil || self.configuration.external != nil else {
                self.logger.notice("there is nothing to read again: the server has neither a certificate nor keys")
                continue
            }
            do {
                try await onOwnThread { try self.reload() }
                self.logger.notice("certificate and keys were read again")
            } catch {
                self.logger.error(
                    "certificate or keys could not be read again: all stays as it was", metadata: ["cause": "\(error)"])
            }
        }
    }

    /// All of it is read before any of it is used.
    private func reload() throws {
        let verifier = try self.configuration.external.map { try Self.verifier($0) }
        if let files = self.configuration.tls {
            let (certificates, key) = try Self.read(files)
            try self.tls?.replace(certificates: certificates, key: key)
        }
        if let verifier { self.accounts.takeTokens(of: verifier) }
    }

    private static func read(_ files: TLSFiles) throws -> (certificates: [UInt8], key: [UInt8]) {
        (try readTrustedFile(files.certificate, isSecret: false), try readTrustedFile(files.key, isSecret: true))
    }

    private static func verifier(_ external: ExternalIdentity) throws -> TokenVerifier {
        let (path, isSet) =
            switch external.keys {
            case .one(let path): (path, false)
            case .set(let path): (path, true)
            }
        // A set of HS256 keys is as secret as one of them.
        let bytes = try readTrustedFile(path, isSecret: external.algorithm == .hs256)
        do throws(KeyFault) {
            let keys =
                isSet
                ? try TokenKeys(algorithm: external.algorithm, keySetFile: bytes)
                : try TokenKeys(algorithm: external.algorithm, keyFile: bytes)
            return TokenVerifier(keys: keys, issuer: external.issuer, audience: external.audience)
        } catch {
            throw StartFailure("The keys in \(path) cannot be used: \(error.description).")
        }
    }
}
