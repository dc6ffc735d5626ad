import NIOCore
import NIOHTTP1
import NIOPosix
import ParleyClient
import ParleyDomain
import ParleyServer
import ParleyWire
import Synchronization

/// Who is logged in, and what shows it to the server.
struct ChatLogin: Sendable, Equatable {
    var user: UserID
    var name: String
    /// Of an access token, and when it ends (milliseconds since 1970). A token from a file does not end.
    var accessToken: String
    var accessExpires: Int64
    /// Empty for a token from a file.
    var refreshToken: String

    /// From a grant, or the answer of `/v1/me`.
    init?(_ answer: JSONTree, token: String = "") {
        guard let user = answer["user"]?.text.flatMap({ UserID(rawValue: $0) }), let name = answer["name"]?.text else {
            return nil
        }
        self.user = user
        self.name = name
        self.accessToken = answer["access_token"]?.text ?? token
        self.accessExpires = answer["access_expires"]?.integer ?? .max
        self.refreshToken = answer["refresh_token"]?.text ?? ""
    }
}

/// The accounts' side of a server, for one user: log-in, renewal of tokens, search for people.
final class ChatSession: Sendable {
    let address: ServerAddress
    let tls: ClientTLS
    /// Where the login is kept; nil keeps it nowhere.
    let file: SessionFile?
    private let login: Mutex<ChatLogin>
    private let now: @Sendable () -> Int64

    init(address: ServerAddress, tls: ClientTLS, login: ChatLogin, file: SessionFile?, now: @escaping @Sendable () -> Int64) {
        self.address = address
        self.tls = tls
        self.file = file
        self.login = Mutex(login)
        self.now = now
    }

    var current: ChatLogin { self.login.withLock { $0 } }

    /// What the server wants to see now: renewed where it is about to end. A refused renewal gives a token that the server refuses too,
    /// so that the client hears of it in the one place where it expects to.
    ///
    /// - Parameter milliseconds: How long the renewal may take.
    func credential(on loop: any EventLoop, milliseconds: Int64 = 30_000) -> EventLoopFuture<Credential> {
        let login = self.current
        guard !login.refreshToken.isEmpty, login.accessExpires - self.now() < 60_000 else {
            return loop.makeSucceededFuture(.token(login.accessToken))
        }
        let body = #"{"refresh_token":"# + ControlContent.quoted(login.refreshToken) + "}"
        let call = HTTPCall(.POST, "/v1/refresh", body: Array(body.utf8))
        return self.address.perform(call, on: loop, tls: self.tls, milliseconds: milliseconds).flatMap { answer in
            guard answer.status == 200, let renewed = JSONTree(answer.body).flatMap({ ChatLogin($0) }) else {
                guard (400..<500).contains(answer.status), answer.status != 429 else {
                    return loop.makeFailedFuture(
                        ConnectFailure("The server answered \(answer.status) to the renewal of the login."))
                }
                return loop.makeSucceededFuture(.token(login.accessToken))
            }
            self.login.withLock { $0 = renewed }
            guard let file = self.file else { return loop.makeSucceededFuture(.token(renewed.accessToken)) }
            // The old refresh token is dead: the new one is on disk before it is used.
            return NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
                try file.save(renewed)
                return Credential.token(renewed.accessToken)
            }
        }
    }

    /// People whose names begin so.
    func search(_ prefix: String, on loop: any EventLoop) -> EventLoopFuture<[UserProfile]> {
        let query = prefix.utf8.map { byte in
            isIdentifierByte(byte) && byte != 0x3A && byte != 0x40
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        return self.credential(on: loop).flatMap { credential in
            guard case .token(let token) = credential else { return loop.makeSucceededFuture([]) }
            let call = HTTPCall(.GET, "/v1/users?prefix=\(query)&limit=20", bearer: token)
            return self.address.perform(call, on: loop, tls: self.tls).map { answer in
                (JSONTree(answer.body)?["users"]?.elements ?? []).compactMap { row in
                    guard let user = row["user"]?.text.flatMap({ UserID(rawValue: $0) }), let name = row["name"]?.text else {
                        return nil
                    }
                    return UserProfile(user: user, name: name)
                }
            }
        }
    }
}

/// The file that keeps a login of one person at one server, for its owner only (0600), and beside it what was not sent yet.
struct SessionFile: Sendable {
    let path: String

    /// The folder of all of them; nil where the user has no home.
    static func folder(home: String?, configuration: String?) -> String? {
        if let configuration, configuration.hasPrefix("/") { return configuration + "/parley/sessions" }
        return home.map { $0 + "/.config/parley/sessions" }
    }

    init(folder: String, server: ServerAddress, name: String) {
        self.path = folder + "/" + Self.part(server.authority + server.path) + "=" + Self.part(name.lowercased())
    }

    /// The names that are kept for a server.
    static func names(in folder: String, server: ServerAddress) -> [String] {
        let begin = Self.part(server.authority + server.path) + "="
        return listFolder(folder).filter { $0.hasPrefix(begin) && !$0.contains(".") }.sorted().compactMap { name in
            guard let text = try? readFile(folder + "/" + name), let tree = JSONTree(text) else { return nil }
            return tree["name"]?.text
        }
    }

    /// A text as a part of a file's name: what is no letter or digit as hexadecimal.
    private static func part(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x41...0x5A, 0x2D: String(UnicodeScalar(byte))
            default: "_" + String(byte, radix: 16)
            }
        }.joined()
    }

    func load() -> ChatLogin? {
        guard let bytes = try? readFile(self.path), let tree = JSONTree(bytes), var login = ChatLogin(tree) else { return nil }
        // Renewed before its first use: how long ago it was kept is not known.
        login.accessExpires = 0
        return login
    }

    func save(_ login: ChatLogin) throws {
        var text = #"{"user":"# + ControlContent.quoted(login.user.rawValue) + #","name":"# + ControlContent.quoted(login.name)
        text += #","refresh_token":"# + ControlContent.quoted(login.refreshToken) + "}"
        try replaceFile(self.path, Array(text.utf8))
    }

    func remove() { removeFile(self.path) }

    // MARK: What was not sent yet

    private var outboxPath: String { self.path + ".outbox" }

    /// One request a line, as it will go over the wire.
    func save(outbox: [OutboxItem]) throws {
        guard !outbox.isEmpty else { return removeFile(self.outboxPath) }
        var bytes: [UInt8] = []
        for (index, item) in outbox.enumerated() {
            var line = ByteBuffer()
            let frame: ClientFrame =
                switch item {
                case .command(let command): .command(command)
                case .create(let clientID, let new, let members): .create(clientID, new, members: members)
                }
            RequestEncoder().encode(ClientRequest(id: Int64(index), frame: frame), into: &line)
            bytes.append(contentsOf: line.readableBytesView)
            bytes.append(0x0A)
        }
        try replaceFile(self.outboxPath, bytes)
    }

    /// What cannot be read is passed over: a line that this version does not know.
    func loadOutbox() -> [OutboxItem] {
        guard let bytes = try? readFile(self.outboxPath) else { return [] }
        var decoder = FrameDecoder()
        return bytes.split(separator: 0x0A).compactMap { line in
            switch (try? decoder.decode(ByteBuffer(bytes: line)))?.frame {
            case .command(let command): .command(command)
            case .create(let clientID, let new, let members): .create(clientID, new, members: members)
            default: nil
            }
        }
    }
}
