import NIOCore
import ParleyEngine
import ParleyGateway
import ParleyWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Sends back each message as it came. Reads only as fast as the client takes what it is sent.
final class EchoSession: SocketSession {
    private let socket: any Socket

    init(socket: any Socket) { self.socket = socket }

    func received(text: ByteBuffer) { self.send(text, .text) }
    func received(binary: ByteBuffer) { self.send(binary, .binary) }
    func becameWritable() { self.socket.resumeReading() }
    func disconnected() {}

    private func send(_ payload: ByteBuffer, _ opcode: WebSocketFrameHeader.Opcode) {
        var frame = ByteBuffer()
        frame.reserveCapacity(payload.readableBytes + WebSocketFrameHeader.longest)
        WebSocketFrameHeader.writeFrame(payload, opcode: opcode, into: &frame)
        self.socket.write(frame)
        if !self.socket.isWritable { self.socket.pauseReading() }
    }
}

struct EchoFactory: SocketSessionFactory {
    func makeSession(for socket: any Socket, info: ConnectionInfo) -> any SocketSession { EchoSession(socket: socket) }
}

/// What the command line says.
struct EchoOptions {
    var configuration = GatewayConfiguration()
    var loops = 1
    var assets: String?
    var verbose = false

    /// Takes `--name value` pairs; an unknown name ends the process.
    init(arguments: ArraySlice<String>) {
        self.configuration.port = 0
        self.configuration.connectionsPerAddressBeforeLogin = 1_000_000
        var rest = arguments
        while let name = rest.popFirst() {
            let value = rest.popFirst() ?? ""
            let number = Int(value) ?? 0
            switch name {
            case "--host": self.configuration.host = value
            case "--port": self.configuration.port = number
            case "--path": self.configuration.handshake.path = value
            case "--loops": self.loops = max(1, number)
            case "--assets": self.assets = value
            case "--verbose": self.verbose = number > 0
            case "--allow-origin": self.configuration.handshake.origins.allowed.insert(value)
            case "--message-bytes": self.configuration.socket.parser.messageBytes = number
            case "--message-bytes-before-login": self.configuration.socket.messageBytesBeforeLogin = number
            case "--fragments": self.configuration.socket.parser.fragments = number
            case "--connections": self.configuration.maximumConnections = number
            case "--connections-per-address": self.configuration.connectionsPerAddressBeforeLogin = number
            case "--head-ms": self.configuration.http.headMilliseconds = Int64(number)
            case "--idle-ms": self.configuration.http.idleMilliseconds = Int64(number)
            case "--body-ms": self.configuration.http.bodyMilliseconds = Int64(number)
            case "--heartbeat-ms": self.configuration.socket.deadlines.heartbeat = Int64(number)
            case "--message-ms": self.configuration.socket.deadlines.message = Int64(number)
            case "--write-ms": self.configuration.socket.deadlines.write = Int64(number)
            default:
                print("parley-echo: unknown option \(name)")
                exit(2)
            }
        }
    }
}

/// Standard output is a pipe when a test reads it.
func flushOutput() { fflush(nil) }
