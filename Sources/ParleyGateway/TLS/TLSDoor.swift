import NIOCore
import NIOSSL
import Synchronization

/// Why a certificate or its key cannot be used: one sentence for the operator. Never quotes the key.
package struct CertificateFault: Error, Sendable, CustomStringConvertible {
    package var description: String
}

/// What new connections speak TLS with: 1.2 or 1.3, with one certificate that may be replaced while the server runs.
package final class TLSDoor: Sendable {
    private let context: Mutex<NIOSSLContext>

    /// - Parameters:
    ///   - certificates: the server's certificate, then those up to the root, in PEM.
    ///   - key: the private key of the first one, in PEM.
    package init(certificates: [UInt8], key: [UInt8]) throws(CertificateFault) {
        self.context = Mutex(try Self.context(certificates, key))
    }

    /// Connections from now on get this certificate; those that there are keep theirs. Nothing changes where it throws.
    package func replace(certificates: [UInt8], key: [UInt8]) throws(CertificateFault) {
        let fresh = try Self.context(certificates, key)
        self.context.withLock { $0 = fresh }
    }

    /// What decrypts one connection: first in its pipeline.
    func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: self.context.withLock { $0 }) }

    private static func context(_ certificates: [UInt8], _ key: [UInt8]) throws(CertificateFault) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(certificates)
        } catch {
            throw CertificateFault(description: "the certificate file holds no certificate in PEM")
        }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(bytes: key, format: .pem)
        } catch {
            throw CertificateFault(description: "the key file holds no private key in PEM without a pass phrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // How long a connection that we end waits for the client's end of TLS.
        configuration.shutdownTimeout = .milliseconds(500)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw CertificateFault(description: "the private key is not that of the first certificate in the file")
        }
    }
}
