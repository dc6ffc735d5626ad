import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@testable import ParleyClient

/// A certificate for localhost and 127.0.0.1, signed by itself, and its key: for these tests only, good for a hundred years.
private enum Certificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUektslMwvj9tNPPrmeOOVMWyRxdMwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAzMjYwMVoYDzIxMjYxMDI5
        MDMyNjAxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARr+TMXz3bzvEYYzN1o2Ipo9bFS0NqpB+davIwLsnTcdy0tNCksVQl5
        LyyN6m9Gc8udOn8w2xHXdNlqo3qG3VuNo28wbTAdBgNVHQ4EFgQUqFDRi92DnUqz
        dIMmtKKTkyZsiRAwHwYDVR0jBBgwFoAUqFDRi92DnUqzdIMmtKKTkyZsiRAwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIgH0uw4Bt0B3Lme0JCNkHKkTGOMp2NDCc46hZFebfn4YkCIQDa
        ch456LzdiFvitO0UZ0+/hLfDHn1fLiipsL2O6tAELg==
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3F1PvFr7HR5ElYYu
        rMsRtmnzn05ln30J3flCg5dmwsOhRANCAARr+TMXz3bzvEYYzN1o2Ipo9bFS0Nqp
        B+davIwLsnTcdy0tNCksVQl5LyyN6m9Gc8udOn8w2xHXdNlqo3qG3VuN
        -----END PRIVATE KEY-----
        """

    static func context() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(Self.certificate.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem)
        return try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }

    /// The certificate as a file to trust.
    static func file() throws -> String {
        let path = "/tmp/parley-ca-\(UInt64.random(in: .min ... .max)).pem"
        try Self.certificate.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    @Test func aServerIsTrustedByItsCertificateOnly() async throws {
        let tls = try Certificate.context()
        let server = try await ScriptedServer.start(greeting: ["hello"], tls: tls) { _, text in .say([text]) }
        let path = try Certificate.file()
        defer { try? FileManager.default.removeItem(atPath: path) }
        for host in ["localhost", "127.0.0.1"] {
            let address = try #require(ServerAddress("wss://\(host):\(server.port)"))
            var connector = SocketConnector(address)
            // The system does not know who signed it.
            await #expect(throws: (any Error).self) { _ = try await WebSocketClient.connect(connector) }
            connector.tls = ClientTLS(authorities: path)
            let socket = try await WebSocketClient.connect(connector)
            let messages = socket.messages.makeAsyncIterator()
            #expect(await messages.next() == .text(ByteBuffer(string: "hello")))
            try await socket.send(text: "over TLS")
            #expect(await messages.next() == .text(ByteBuffer(string: "over TLS")))
            await socket.close()
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let answer = try await address.perform(HTTPCall(.GET, "/"), on: loop, tls: connector.tls).get()
            #expect(answer.status == 418)
        }
        // Another name than the certificate's, at the same place.
        let other = try #require(ServerAddress("wss://127.0.0.2:\(server.port)"))
        var connector = SocketConnector(other)
        connector.tls = ClientTLS(authorities: path)
        await #expect(throws: (any Error).self) { _ = try await WebSocketClient.connect(connector) }
        try await server.stop()
    }

    @Test func whoDoesNotSpeakTLSIsNoSecureServer() async throws {
        let server = try await ScriptedServer.start(greeting: ["hello"]) { _, text in .say([text]) }
        var connector = SocketConnector(try #require(ServerAddress("wss://127.0.0.1:\(server.port)")))
        connector.milliseconds = 2_000
        await #expect(throws: (any Error).self) { _ = try await WebSocketClient.connect(connector) }
        try await server.stop()
    }
}
