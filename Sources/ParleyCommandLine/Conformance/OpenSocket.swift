import NIOCore
import ParleyClient
import ParleyContract
import ParleyWire

/// The server ended a socket in the place of an answer.
struct SocketEnded: Error, CustomStringConvertible {
    var code: UInt16
    var reason: String
    var description: String { "The server ended the socket: \(self.code) \(self.reason)" }
}

/// A socket on which one request is asked at a time.
final class OpenSocket {
    private let client: WebSocketClient
    private var messages: WebSocketClient.Messages.AsyncIterator
    private let encoding: WireEncoding

    /// Opens it and takes the server's `hello`.
    init(_ address: ServerAddress, _ subprotocol: Subprotocol) async throws {
        self.encoding = subprotocol.encoding
        self.client = try await WebSocketClient.connect(SocketConnector(address, subprotocol: subprotocol.rawValue))
        self.messages = self.client.messages.makeAsyncIterator()
        let hello = try await self.next().text
        guard try JSONNode(object: Array(hello.utf8))["type"]?.text == "hello" else { throw DoorFailure("No hello: \(hello)") }
    }

    /// Asks with a frame that is JSON here, in the encoding of the socket.
    func ask(frame: String) async throws -> Reply {
        let json = Array(frame.utf8)
        return try await self.ask(self.encoding == .json ? json : BinaryEncoder.item(of: json), frame)
    }

    /// The answer to the request: what is pushed meanwhile is only looked at.
    ///
    /// - Parameters:
    ///   - bytes: What is sent, right or wrong.
    ///   - frame: The frame that they are, as JSON; empty where they are none.
    func ask(_ bytes: [UInt8], _ frame: String) async throws -> Reply {
        switch self.encoding {
        case .json: try await self.client.send(text: String(decoding: bytes, as: UTF8.self))
        case .binary: try await self.client.send(binary: bytes)
        }
        let id = try? JSONNode(object: Array(frame.utf8))["id"]?.number
        while true {
            let reply = try await self.next()
            let text = reply.text
            guard let node = try? JSONNode(object: Array(text.utf8)) else { throw DoorFailure("No JSON object: \(text)") }
            let isAnswer = node["type"]?.text == "error" || (id != nil && node["id"]?.number == id)
            if isAnswer { return reply }
            if let fault = try Contract.fault(inServerFrame: node) ?? Judge.fault(inFormOf: reply) {
                throw DoorFailure("A push is not as described: \(fault): \(text)")
            }
        }
    }

    /// Waits until the server ends the socket; the code that it gives.
    func ended() async throws -> UInt16 {
        while true {
            switch await self.message() {
            case .closed(let code, _): return code
            case nil: throw DoorFailure("The socket did not end with a code.")
            default: continue
            }
        }
    }

    private func next() async throws -> Reply {
        while true {
            switch await self.message() {
            case .text(let buffer):
                guard self.encoding == .json else { throw DoorFailure("A text frame on a binary socket.") }
                return Reply(text: String(buffer: buffer))
            case .binary(let buffer):
                guard self.encoding == .binary else { throw DoorFailure("A binary frame on a JSON socket.") }
                return try Reply(binary: buffer)
            case .closed(let code, let reason): throw SocketEnded(code: code, reason: reason)
            case .pong: continue
            case nil: throw DoorFailure("The socket is over.")
            }
        }
    }

    /// The next message; the socket is closed where none comes in time.
    private func message() async -> SocketMessage? {
        let client = self.client
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                guard (try? await Task.sleep(for: .seconds(Player.patienceSeconds))) != nil else { return }
                await client.close()
            }
            defer { group.cancelAll() }
            return await self.messages.next()
        }
    }

    func close() async { await self.client.close() }
}
