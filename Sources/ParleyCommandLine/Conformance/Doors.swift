import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import ParleyClient
import ParleyContract
import ParleyDomain
import ParleyWire

/// A way to a server, and the encoding in which it is gone.
enum DoorKind: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// `GET /v1/ws`, subprotocol parley.json.1.
    case socket
    /// `POST /v1/request`, the whole frame.
    case http
    /// `POST /v1/requests/{type}`, the frame without its type.
    case path
    /// `GET /v1/ws`, subprotocol parley.bin.1.
    case binary
    /// `POST /v1/request`, the whole frame in the binary encoding.
    case cbor

    static let sockets: [DoorKind] = [.socket, .binary]
    static let ofJSON: [DoorKind] = [.socket, .http, .path]
    static let ofBinary: [DoorKind] = [.binary, .cbor]

    /// What a socket of this kind agrees on with the server.
    var subprotocol: Subprotocol { self == .binary ? .binary : .json }
}

/// Why a server could not be asked, in one sentence.
struct DoorFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// An answer as it came.
struct Reply: Sendable {
    /// As JSON; empty where the socket was ended without one.
    var text: String
    /// As it came in the binary encoding; nil where it came as JSON.
    var bytes: [UInt8]?
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
    private var sockets: [DoorKind: OpenSocket] = [:]

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
        let isBinary = DoorKind.ofBinary.contains(door)
        return try await self.ask(isBinary ? BinaryEncoder.item(of: Array(frame.utf8)) : Array(frame.utf8), frame, over: door)
    }

    /// - Parameters:
    ///   - bytes: What is sent: JSON text, or the binary encoding, right or wrong.
    ///   - frame: The frame that they are, as JSON; empty where they are none.
    func ask(_ bytes: [UInt8], _ frame: String, over door: DoorKind) async throws -> Reply {
        for _ in 0..<50 {
            let reply = try await self.askOnce(bytes, frame, over: door)
            guard let node = try? JSONNode(object: Array(reply.text.utf8)), node["code"]?.number == 42_900 else { return reply }
            try await Task.sleep(for: .milliseconds(node["retry_ms"]?.number ?? 1_000))
        }
        throw DoorFailure("The server says rate_limited for ever.")
    }

    private func askOnce(_ bytes: [UInt8], _ frame: String, over door: DoorKind) async throws -> Reply {
        switch door {
        case .socket, .binary: return try await self.askOnSocket(bytes, frame, door)
        case .http: return try await self.post("/v1/request", bytes, "application/json")
        case .cbor: return try await self.post("/v1/request", bytes, Self.binaryType)
        case .path:
            let name = "{\"type\":\""
            guard frame.hasPrefix(name), let end = frame.dropFirst(name.count).firstIndex(of: "\"") else {
                throw DoorFailure("The frame does not begin with its type.")
            }
            let type = frame.dropFirst(name.count)[..<end]
            let rest = frame[frame.index(after: end)...]
            let fields = "{" + (rest.hasPrefix(",") ? rest.dropFirst() : rest)
            return try await self.post("/v1/requests/\(type)", Array(fields.utf8), "application/json")
        }
    }

    private func askOnSocket(_ bytes: [UInt8], _ frame: String, _ door: DoorKind) async throws -> Reply {
        let socket = try await self.openSocket(door)
        do {
            var reply = try await socket.ask(bytes, frame)
            let code = (try? JSONNode(object: Array(reply.text.utf8)))?["code"]?.number
            if let code, let error = ErrorCode(rawValue: Int(clamping: code)), error.closes {
                reply.closed = try await socket.ended()
                self.sockets[door] = nil
            }
            return reply
        } catch let end as SocketEnded {
            self.sockets[door] = nil
            return Reply(text: "", closed: end.code)
        } catch {
            // What it says from here on may be the answer to this.
            self.sockets[door] = nil
            await socket.close()
            throw error
        }
    }

    private static let binaryType = "application/cbor"

    /// An answer in another encoding than the question is an error that came before the question was read, or a fault.
    private func post(_ path: String, _ body: [UInt8], _ type: String) async throws -> Reply {
        let call = HTTPCall(
            .POST, path, body: body, bearer: self.token.isEmpty ? nil : self.token, headers: ["content-type": type])
        let answer = try await self.address.perform(call, on: self.loop, milliseconds: Self.patienceSeconds * 1_000).get()
        let told = answer.headers.first(name: "content-type") ?? "no type"
        if told == Self.binaryType, type == told { return try Reply(binary: answer.body, status: answer.status) }
        guard told.hasPrefix("application/json"), type != Self.binaryType || answer.status != 200 else {
            throw DoorFailure("The answer to \(type) is \(told).")
        }
        return Reply(text: String(buffer: answer.body), status: answer.status)
    }

    private func openSocket(_ door: DoorKind) async throws -> OpenSocket {
        if let socket = self.sockets[door] { return socket }
        let socket = try await OpenSocket(self.address, door.subprotocol)
        let ready = try await socket.ask(frame: "{\"type\":\"auth\",\"id\":1,\"token\":\"\(self.token)\"}").text
        guard try JSONNode(object: Array(ready.utf8))["type"]?.text == "ready" else { throw DoorFailure("No log-in: \(ready)") }
        self.sockets[door] = socket
        return socket
    }

    func close() async {
        for socket in self.sockets.values { await socket.close() }
        self.sockets = [:]
    }
}

extension Reply {
    /// An answer in the binary encoding, read as strictly as the server reads.
    init(binary buffer: ByteBuffer, status: Int? = nil) throws {
        let bytes = Array(buffer.readableBytesView)
        do throws(BinaryFault) {
            let json = try BinaryReader.json(of: bytes.span, limit: HTTPCall.answerBytes)
            self.init(text: String(decoding: json, as: UTF8.self), bytes: bytes, status: status)
        } catch {
            let hex = bytes.prefix(64).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            throw DoorFailure("Not in the binary encoding: \(error): \(hex)")
        }
    }
}
