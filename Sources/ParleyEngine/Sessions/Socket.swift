package import NIOCore
package import ParleyWire

/// A socket as the engine sees it: whole frames out, bounded. Confined to its event loop: every call is made there.
package protocol Socket: AnyObject {
    var eventLoop: any EventLoop { get }

    /// False while the kernel does not take bytes and the socket's own queue is past its high-water mark.
    /// The engine then writes nothing more to it (R42, R100).
    var isWritable: Bool { get }

    /// Writes bytes that are whole WebSocket frames, header included, and flushes them. The buffer may be shared with
    /// other sockets. Does nothing on a socket that is closing.
    func write(_ frames: ByteBuffer)

    /// The same, where the engine knows how many frames they are: a socket that counts them need not read their headers.
    func write(_ frames: ByteBuffer, count: Int)

    /// Sends a close frame and ends the connection, at the latest 5 s later. What was written before goes out first.
    func close(code: UInt16, reason: String)

    /// Stops taking bytes from the client until `resumeReading`: back-pressure towards one that asks faster than it reads.
    func pauseReading()
    func resumeReading()

    /// The client has logged in: what bounds strangers no longer bounds it (message size, connections per address; A3, A4).
    func loggedIn()
}

extension Socket {
    package func write(_ frames: ByteBuffer, count: Int) { self.write(frames) }
    package func loggedIn() {}
}

/// What a connection does with what its socket says: the engine's side. Confined to the socket's event loop.
package protocol SocketSession: AnyObject {
    /// One whole text message, checked to be UTF-8. The buffer is only borrowed: what is kept is copied.
    func received(text: ByteBuffer)
    /// One whole binary message.
    func received(binary: ByteBuffer)
    /// The socket's queue went below its low-water mark after `isWritable` was false.
    func becameWritable()
    /// The socket is gone, for whatever cause (R83). The last call.
    func disconnected()
}

/// What the gateway knows about a client when its upgrade has been accepted.
package struct ConnectionInfo: Sendable {
    package var origin: Origin
    /// What was agreed at the handshake.
    package var subprotocol: Subprotocol
    /// Names the connection in logs, here and at the client (R119).
    package var connection: UInt64
    /// Names it in logs, here and in other programs.
    package var trace: TraceID

    package init(origin: Origin, subprotocol: Subprotocol, connection: UInt64 = 0, trace: TraceID = .none) {
        self.origin = origin
        self.subprotocol = subprotocol
        self.connection = connection
        self.trace = trace
    }

    /// The connection as logs and `ready` name it.
    package var name: String { String(self.connection, radix: 16) }
}

/// Makes the engine's side of a connection. Called on the socket's event loop, after the upgrade.
package protocol SocketSessionFactory: Sendable {
    func makeSession(for socket: any Socket, info: ConnectionInfo) -> any SocketSession
}
