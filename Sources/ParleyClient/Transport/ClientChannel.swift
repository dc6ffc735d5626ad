import NIOCore
import NIOPosix
import NIOSSL

/// How a client trusts a server over TLS.
package struct ClientTLS: Sendable {
    /// A PEM file with the certificates to trust instead of the system's; nil trusts the system's.
    package var authorities: String?

    package init(authorities: String? = nil) { self.authorities = authorities }
}

/// Why there is no connection, or no answer, in one sentence for a person.
package struct ConnectFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The HTTP status, where the server answered with one; 0 otherwise.
    package var status: Int
    package var description: String

    package init(_ description: String, status: Int = 0) {
        self.status = status
        self.description = description
    }
}

extension ServerAddress {
    /// Opens a TCP connection, with TLS where the address asks for it; `configure` adds what stands behind that.
    ///
    /// - Parameter milliseconds: How long opening it may take.
    func connect(
        on loop: any EventLoop, tls: ClientTLS, milliseconds: Int64,
        configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let context: NIOSSLContext?
        do {
            context = try self.isSecure ? Self.context(tls) : nil
        } catch {
            return loop.makeFailedFuture(ConnectFailure("The certificates to trust cannot be used: \(error)"))
        }
        let name = self.isNumeric ? nil : self.host
        return ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(milliseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try configure(channel)
                }
            }
            .connect(host: self.host, port: self.port)
            .flatMapErrorThrowing { throw self.failure(of: $0) }
    }

    /// What an error of the connection means, as a sentence; one that is a sentence already stays.
    func failure(of error: any Error) -> ConnectFailure {
        if let failure = error as? ConnectFailure { return failure }
        return ConnectFailure("There is no connection to \(self.authority): \(Self.reason(error))")
    }

    private static func context(_ tls: ClientTLS) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = tls.authorities { configuration.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let failure = error.connectionErrors.first?.error { return "\(failure)" }
            return "the name \(error.host) is not known"
        case NIOSSLError.handshakeFailed(.sslError(let errors)):
            // The library's text has the place in its sources; what matters to a person is one of two.
            let isUntrusted = errors.contains { "\($0)".contains("CERTIFICATE_VERIFY_FAILED") }
            return isUntrusted ? "its certificate is not trusted here" : "it does not speak TLS as we do; is it plain http?"
        case is NIOSSLError: return "TLS could not begin"
        case is NIOSSLExtraError: return "its certificate is for another name"
        case is BoringSSLError: return "TLS failed"
        default: return "\(error)"
        }
    }
}
