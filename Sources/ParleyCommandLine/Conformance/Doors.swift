import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import ParleyClient
import ParleyContract
import ParleyDomain

/// A way to a server.
enum DoorKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// `GET /v1/ws`, subprotocol parley.json.1.
    case socket
    /// `POST /v1/request`, the whole frame.
    case http
    /// `POST /v1/requests/{type}`, the frame without its type.
    case path
}

/// Why a server could not be asked, in one sentence.
struct DoorFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// The server ended a socket in the place of an answer.
struct SocketEnded: Error, CustomStringConvertible {
    var code: UInt16
    var reason: String
    var description: String { "The server ended the socket: \(self.code) \(self.reason)" }
}

/// An answer as it came.
struct Reply: Sendable {
    /// Empty where the socket was ended without one.
    var text: String
    /// The status of HTTP; nil on a socket.
    var status: Int?
    /// The code with which the server ended the socket after it; nil where it did not, and without a socket.
    var closed: UInt16?
}

/// One person at a server: asks over each door as that account.
final class Player {
    let user: String
    let token: String
    private let address: ServerAddress
    private let loop: any EventLoop
    private var socket: OpenSocket?

    init(user: String, token: String, address: ServerAddress, loop: any EventLoop) {
        self.user = user
        self.token = token
        self.address = address
        self.loop = loop
    }

    /// How long an answer may take, in seconds.
    static let patienceSeconds: Int64 = 10

    /// Asks, and asks again where the server says that it was too fast.
    func ask(_ frame: String, over door: DoorKind) async throws -> Reply {
        for _ in 0..<50 {
            let reply = try await self.askOnce(frame, over: door)
            guard let node = try? JSONNode(object: Array(reply.text.utf8)), node["code"]?.number == 42_900 else { return reply }
            try await Task.sleep(for: .milliseconds(node["retry_ms"]?.number ?? 1_000))
        }
        throw DoorFailure("The server says rate_limited for ever.")
    }

    private func askOnce(_ frame: String, over door: DoorKind) async throws -> Reply {
        switch door {
        case .socket: return try await self.askOnSocket(frame)
        case .http: return try await self.post("/v1/request", frame)
        case .path:
            let name = "{\"type\":\""
            guard frame.hasPrefix(name), let end = frame.dropFirst(name.count).firstIndex(of: "\"") else {
                throw DoorFailure("The frame does not begin with its type.")
            }
            let type = frame.dropFirst(name.count)[..<end]
            let rest = frame[frame.index(after: end)...]
            return try await self.post("/v1/requests/\(type)", "{" + (rest.hasPrefix(",") ? rest.dropFirst() : rest))
        }
    }

    private func askOnSocket(_ frame: String) async throws -> Reply {
        let socket = try await self.openSocket()
        do {
            var reply = Reply(text: try await socket.ask(frame))
            let code = (try? JSONNode(object: Array(reply.text.utf8)))?["code"]?.number
            if let code, let error = ErrorCode(rawValue: Int(clamping: code)), error.closes {
                reply.closed = try await socket.ended()
                self.socket = nil
            }
            return reply
        } catch let end as SocketEnded {
            self.socket = nil
            return Reply(text: "", closed: end.code)
        } catch {
            // What it says from here on may be the answer to this.
            self.socket = nil
            await socket.close()
            throw error
        }
    }

    private func post(_ path: String, _ body: String) async throws -> Reply {
        let call = HTTPCall(.POST, path, body: Array(body.utf8), bearer: self.token.isEmpty ? nil : self.token)
        let answer = try await self.address.perform(call, on: self.loop, milliseconds: Self.patienceSeconds * 1_000).get()
        return Reply(text: String(buffer: answer.body), status: answer.status)
    }

    private func openSocket() async throws -> OpenSocket {
        if let socket { return socket }
        let socket = try await OpenSocket(self.address)
        let ready = try await socket.ask("{\"type\":\"auth\",\"id\":1,\"token\":\"\(self.token)\"}")
        guard try JSONNode(object: Array(ready.utf8))["type"]?.text == "ready" else { throw DoorFailure("No log-in: \(ready)") }
        self.socket = socket
        return socket
    }

    func close() async {
        await self.socket?.close()
        self.socket = nil
    }
}

/// A socket on which one request is asked at a time.
final class OpenSocket {
    private let client: WebSocketClient
    private var messages: WebSocketClient.Messages.AsyncIterator
    /// Opens it and takes the server's `hello`.
    init(_ address: ServerAddress, subprotocol: String = "parley.json.1") async throws {
        self.client = try await WebSocketClient.connect(SocketConnector(address, subprotocol: subprotocol))
        self.messages = self.client.messages.makeAsyncIterator()
        let hello = try await self.next()
        guard try JSONNode(object: Array(hello.utf8))["type"]?.text == "hello" else { throw DoorFailure("No hello: \(hello)") }
    }

    /// The answer to the request: what is pushed meanwhile is only looked at.
    func ask(_ frame: String) async throws -> String {
        try await self.client.send(text: frame)
        let id = try? JSONNode(object: Array(frame.utf8))["id"]?.number
        while true {
            let text = try await self.next()
            guard let node = try? JSONNode(object: Array(text.utf8)) else { throw DoorFailure("No JSON object: \(text)") }
            let isAnswer = node["type"]?.text == "error" || (id != nil && node["id"]?.number == id)
            if isAnswer { return text }
            if let fault = Contract.fault(inServerFrame: node) {
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

    private func next() async throws -> String {
        while true {
            switch await self.message() {
            case .text(let buffer): return String(buffer: buffer)
            case .closed(let code, let reason): throw SocketEnded(code: code, reason: reason)
            case .binary: throw DoorFailure("A binary frame on a JSON socket.")
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
