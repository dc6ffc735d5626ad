import ArgumentParser
import NIOCore
import NIOHTTP1
import NIOPosix
import ParleyClient
import ParleyDomain
import ParleyServer

struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Chats in the terminal.",
        discussion: """
            Asks for name and password the first time, and keeps the login (not the password) in ~/.config/parley, readable for you only. \
            In the program, /help lists the commands. What you write without a connection waits, also over the end of the program, and \
            is sent once.

            In a pipe, or with --plain: each line of the input is a message (with --commands, one that begins with / is a command), each \
            line of the output is a message, and lines that begin with * are the program's own. Ends when all lines are stored; exit \
            status 1 if some are not: what was on its way goes out next time; a line that was refused, or found no connection, is not kept.

            Examples:
              parley chat
              parley chat https://chat.example.org --name ann
              echo "the build is green" | parley chat --token-file bot.token --open Team
              parley chat --plain --follow --name ann < /dev/null
            """)

    @Argument(help: "The server's address.")
    var url = "http://127.0.0.1:8480"

    @Option(help: "Your name, if you have several here.")
    var name: String?

    @Option(help: "A file whose first line is a token, in the place of name and password: for bots.")
    var tokenFile: String?

    @Option(help: "A file whose first line is the password.")
    var passwordFile: String?

    @Flag(help: "Makes the account, if there is none of this name.")
    var register = false

    @Option(help: "A PEM file with the certificates to trust instead of the system's.")
    var ca: String?

    @Option(help: "The conversation to open: its title, or the person's name.")
    var open: String?

    @Flag(help: "No screen: lines in, lines out.")
    var plain = false

    @Flag(help: "In a pipe: lines that begin with / are commands.")
    var commands = false

    @Flag(help: "In a pipe: goes on listening when the input has ended.")
    var follow = false

    @Option(help: "In a pipe: seconds to wait for a connection when the input has ended.")
    var wait = 30

    func validate() throws {
        guard ServerAddress(self.url) != nil else { throw ValidationError("\(Shown.line(self.url)) is no address of a server.") }
        guard (0...86_400).contains(self.wait) else { throw ValidationError("--wait takes 0 to 86400.") }
        if let ca = self.ca {
            guard ServerAddress(self.url)?.isSecure == true else { throw ValidationError("--ca goes with an https:// address.") }
            _ = try readFile(ca)
        }
        guard self.tokenFile == nil || self.passwordFile == nil else {
            throw ValidationError("--token-file and --password-file are two ways to log in: give one.")
        }
    }

    func run() async throws {
        let options = self
        let status: Int32
        do {
            status = try await onOwnThread { try options.chat() }
        } catch {
            complain("\(error)")
            throw ExitCode.failure
        }
        throw ExitCode(status)
    }

    /// On a thread of its own: waits for keys.
    private func chat() throws -> Int32 {
        guard let address = ServerAddress(self.url) else { throw StartFailure("That is no address of a server.") }
        let isPlain =
            self.plain || !TerminalDevice.isTerminal(0) || !TerminalDevice.isTerminal(1) || environment("TERM") == "dumb"
        let readsCommands = self.commands || TerminalDevice.isTerminal(0)
        guard !isPlain || readsCommands || self.open != nil || self.follow else {
            throw StartFailure("Where do the lines go? Name the conversation with --open, or give --commands.")
        }
        // Who waits for a pipe has said how long; a person is shown the screen, and that there is no connection.
        let patience = isPlain ? max(5_000, Int64(self.wait) * 1_000) : 10_000
        let entrance = ChatEntrance(
            address: address, tls: ClientTLS(authorities: self.ca), patience: min(patience, 30_000), now: wallClock)
        let session: ChatSession
        if let file = self.tokenFile {
            session = try entrance.enter(token: firstLine(of: file), keptIn: self.folder(), as: file)
        } else {
            let password = try self.passwordFile.map { try firstLine(of: $0) }
            session = try entrance.enter(name: self.name, password: password, register: self.register, keptIn: self.folder())
        }
        guard let wake = TerminalDevice.listen() else { throw StartFailure("The system gives no pipe for signals.") }
        let login = session.current
        let state = ChatState(
            user: login.user, name: login.name, server: address.authority,
            nonce: String(UInt64.random(in: .min ... .max), radix: 36),
            zoneMilliseconds: zoneMilliseconds(at: wallClock()), isPlain: isPlain,
            readsCommands: readsCommands, outbox: session.file?.loadOutbox() ?? [])
        var options = ChatProgram.Options()
        options.open = self.open
        options.follows = self.follow
        options.waitMilliseconds = Int64(self.wait) * 1_000
        options.hasColours = environment("NO_COLOR") == nil
        return ChatProgram(state: state, session: session, wake: wake, options: options, now: wallClock).run()
    }

    private func folder() -> String? {
        SessionFile.folder(home: environment("HOME"), configuration: environment("XDG_CONFIG_HOME"))
    }
}

/// How one gets in: with a token, with what was kept, or with a password.
struct ChatEntrance {
    let address: ServerAddress
    let tls: ClientTLS
    let now: @Sendable () -> Int64
    /// How long one answer may take, in milliseconds.
    let patience: Int64
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    init(address: ServerAddress, tls: ClientTLS, patience: Int64, now: @escaping @Sendable () -> Int64) {
        self.address = address
        self.tls = tls
        self.patience = patience
        self.now = now
    }

    /// - Parameter label: What tells this login's unsent messages from those of others.
    func enter(token: String, keptIn folder: String?, as label: String) throws -> ChatSession {
        let answer = try self.perform(HTTPCall(.GET, "/v1/me", bearer: token))
        guard answer.status == 200, let login = JSONTree(answer.body).flatMap({ ChatLogin($0, token: token) }) else {
            throw StartFailure("The server does not take the token in \(label): \(Self.message(answer))")
        }
        let file = folder.flatMap { self.file(in: $0, "token-" + login.name) }
        return ChatSession(address: self.address, tls: self.tls, login: login, file: file, now: self.now)
    }

    func enter(name: String?, password: String?, register: Bool, keptIn folder: String?) throws -> ChatSession {
        let kept = folder.map { SessionFile.names(in: $0, server: self.address) } ?? []
        let known = name == nil && kept.count == 1 ? kept.first : nil
        guard let name = name ?? known ?? TerminalDevice.prompt("Name: ", secret: false), !name.isEmpty else {
            throw StartFailure("Who are you? Give --name and --password-file, or --token-file.")
        }
        let file = folder.flatMap { self.file(in: $0, name) }
        if let file, let session = try self.goOn(file) { return session }
        let login = try self.logIn(name, password: password, register: register)
        try file?.save(login)
        return ChatSession(address: self.address, tls: self.tls, login: login, file: file, now: self.now)
    }

    /// The file of this name, if no other window of this program uses it: two would end each other's login.
    private func file(in folder: String, _ name: String) -> SessionFile? {
        makePrivateFolder(folder)
        let file = SessionFile(folder: folder, server: self.address, name: name)
        guard holdFile(file.path + ".lock") else {
            complain("\(Shown.line(name)) is logged in in another window: this login is not kept.")
            return nil
        }
        return file
    }

    /// What was kept, if the server still takes it, or is not there to ask.
    private func goOn(_ file: SessionFile) throws -> ChatSession? {
        guard let login = file.load() else { return nil }
        let session = ChatSession(address: self.address, tls: self.tls, login: login, file: file, now: self.now)
        do {
            _ = try session.credential(on: self.loop, milliseconds: self.patience).wait()
        } catch {
            complain("\(error)")
            return session
        }
        if !session.current.accessToken.isEmpty { return session }
        file.remove()
        return nil
    }

    private func logIn(_ name: String, password: String?, register: Bool) throws -> ChatLogin {
        guard let given = password ?? TerminalDevice.prompt("Password: ", secret: true) else {
            throw StartFailure("There is no terminal to ask for the password: give --password-file.")
        }
        let answer = try self.ask("/v1/login", name, given)
        if let login = JSONTree(answer.body).flatMap({ ChatLogin($0) }), answer.status == 200 { return login }
        let isUnknown = JSONTree(answer.body)?["name"]?.text == "wrong_credentials"
        guard isUnknown else { throw StartFailure(Self.message(answer)) }
        if password == nil, !register {
            let text = "Wrong, or there is nobody of this name. Make an account \(Shown.line(name)) with this password? (y/n) "
            guard TerminalDevice.prompt(text, secret: false)?.lowercased().hasPrefix("y") == true else {
                throw StartFailure(Self.message(answer))
            }
            guard TerminalDevice.prompt("The password again: ", secret: true) == given else {
                throw StartFailure("The two passwords are not the same. Try again.")
            }
        } else if !register {
            throw StartFailure(Self.message(answer))
        }
        let made = try self.ask("/v1/register", name, given)
        guard made.status == 200, let login = JSONTree(made.body).flatMap({ ChatLogin($0) }) else {
            throw StartFailure(Self.message(made))
        }
        return login
    }

    private func ask(_ path: String, _ name: String, _ password: String) throws -> HTTPAnswer {
        var body = #"{"name":"# + ControlContent.quoted(name) + #","password":"# + ControlContent.quoted(password)
        body += #","device":"terminal"}"#
        return try self.perform(HTTPCall(.POST, path, body: Array(body.utf8)))
    }

    private func perform(_ call: HTTPCall) throws -> HTTPAnswer {
        try self.address.perform(call, on: self.loop, tls: self.tls, milliseconds: self.patience).wait()
    }

    private static func message(_ answer: HTTPAnswer) -> String {
        Shown.line(JSONTree(answer.body)?["message"]?.text ?? "The server answered \(answer.status).")
    }
}
