import NIOCore
import NIOPosix
import ParleyClient
import ParleyDomain
import ParleyWire
import Synchronization

/// What other threads hand to the program's own.
final class ChatMailbox: Sendable {
    /// Inputs above which the socket is not read until they are taken.
    static let inputsMax = 256

    private let waiting = Mutex<[ChatInput]>([])
    private let wake: Wake

    init(wake: Wake) { self.wake = wake }

    /// False where there is more than enough.
    func put(_ input: ChatInput) -> Bool {
        let count = self.waiting.withLock { waiting in
            waiting.append(input)
            return waiting.count
        }
        self.wake.wake()
        return count < Self.inputsMax
    }

    func take() -> [ChatInput] {
        self.waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}

/// The shell around `ChatState`: one thread that waits for keys, lines, signals and the client, and does what the state says.
final class ChatProgram {
    private var state: ChatState
    private let session: ChatSession
    private let client: ChatClient
    private let loop: any EventLoop
    private let wake: Wake
    private let mailbox: ChatMailbox
    private let now: @Sendable () -> Int64
    private var options: Options
    private var decoder = KeyDecoder()
    private var painter: Painter
    private var isOver = false
    private var hasFailed = false
    private var savedOutbox: [OutboxItem] = []
    /// Of a pipe: lines not entered yet, and the beginning of one.
    private var lines: [String] = []
    private var partial: [UInt8] = []
    private var hasEnded = false
    private var endedAt: Int64 = 0

    struct Options: Sendable {
        /// The conversation to open; nil opens none.
        var open: String?
        /// In a pipe: whether to go on when the input ends.
        var follows = false
        /// In a pipe: how long to wait for what was not sent when the input has ended, in milliseconds.
        var waitMilliseconds: Int64 = 30_000
        var hasColours = true
    }

    init(state: ChatState, session: ChatSession, wake: Wake, options: Options, now: @escaping @Sendable () -> Int64) {
        self.state = state
        self.session = session
        self.wake = wake
        self.options = options
        self.now = now
        self.painter = Painter(hasColours: options.hasColours)
        self.loop = MultiThreadedEventLoopGroup.singleton.next()
        let mailbox = ChatMailbox(wake: wake)
        self.mailbox = mailbox
        var settings = ClientSettings()
        // Nothing is kept between runs: what is older is fetched when it is scrolled to.
        settings.historyEntries = 0
        var snapshot = ClientSnapshot()
        snapshot.outbox = state.outbox
        self.savedOutbox = state.outbox
        let core = ClientCore(user: state.user, credential: .token(""), settings: settings, from: snapshot)
        var connector = SocketConnector(session.address)
        connector.tls = session.tls
        self.client = ChatClient(
            core: core, connector: connector, loop: self.loop, renewal: { session.credential(on: $0) },
            listener: { mailbox.put(.client($0)) })
    }

    /// Runs to the end; the exit status: 1 if something was not sent, a pipe's line was refused, or the login has ended.
    func run() -> Int32 {
        let hasScreen = !self.state.isPlain && TerminalDevice.enterRaw()
        defer { TerminalDevice.leaveRaw() }
        if hasScreen { self.resize() }
        self.client.start()
        while !self.isOver {
            self.draw()
            let wantsInput = !self.hasEnded && self.lines.count < 1_000
            let hasInput = self.wake.wait(forInput: wantsInput, milliseconds: self.patience)
            for signal in self.wake.take() { self.take(signal: signal) }
            for input in self.mailbox.take() { self.take(input) }
            self.client.resume()
            if hasInput { self.read() } else if self.decoder.isWaiting { self.take(keys: self.decoder.flush()) }
            self.take(.tick)
            self.openFirst()
            if self.state.isPlain { self.goOn() }
        }
        if let id = self.state.openID, !self.state.isPlain {
            self.client.read(id, upTo: self.state.conversations[id]?.read ?? 0, urgent: true)
        }
        try? self.client.close().wait()
        TerminalDevice.leaveRaw()
        let left = self.state.outbox.count
        if self.state.isLoggedOut, !self.state.isPlain { complain(self.state.notices.last ?? "Logged out.") }
        if left > 0 { complain("\(left) not sent yet. They go out when parley chat runs again.") }
        return left > 0 || self.hasFailed || self.state.isLoggedOut || (self.state.isPlain && self.state.refusals > 0) ? 1 : 0
    }

    /// How long to wait for something to happen, in milliseconds: an Escape alone is known by a moment of silence.
    private var patience: Int32 {
        if self.decoder.isWaiting { return 50 }
        return self.hasEnded || self.state.open?.typing.isEmpty == false ? 200 : 10_000
    }

    // MARK: In

    private func read() {
        let bytes = self.wake.readInput()
        guard !bytes.isEmpty else {
            self.hasEnded = true
            self.endedAt = self.now()
            if !self.partial.isEmpty { self.take(line: []) }
            if !self.state.isPlain { self.isOver = true }
            return
        }
        guard self.state.isPlain else { return self.take(keys: self.decoder.decode(bytes)) }
        let parts = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        for part in parts.dropLast() { self.take(line: part) }
        // A line longer than any message is cut: it is refused as too long, and does not fill the memory.
        if let last = parts.last { self.partial.append(contentsOf: last.prefix(max(0, Limits.frameBytes - self.partial.count))) }
    }

    private func take(line: ArraySlice<UInt8>) {
        self.lines.append(String(decoding: self.partial + line, as: UTF8.self))
        self.partial = []
    }

    private func take(keys: [Key]) {
        for key in keys where !self.isOver { self.take(.key(key)) }
    }

    private func take(signal: Int32) {
        switch signal {
        case 0: return
        case signals.resize: self.resize()
        case signals.goOn: self.goOnAfterStop()
        case signals.stop: self.suspend()
        default: self.isOver = true
        }
    }

    /// In a pipe: enters lines when what they may depend on is there, and ends when all is done.
    private func goOn() {
        guard self.state.hasList else { return self.endLate() }
        while !self.lines.isEmpty, !self.state.isBusy, self.state.outbox.count < 1_000, !self.isOver {
            self.take(.line(self.lines.removeFirst()))
        }
        guard self.hasEnded, !self.options.follows else { return }
        if self.lines.isEmpty, self.state.outbox.isEmpty, self.state.questions.isEmpty, !self.state.isBusy {
            self.isOver = true
        } else {
            self.endLate()
        }
    }

    /// Opens the conversation that was asked for, as soon as the list is here.
    private func openFirst() {
        guard let name = self.options.open, self.state.hasList else { return }
        self.options.open = nil
        self.take(.open(name))
        // Lines that have nowhere to go are not thrown away one by one.
        if self.state.openID == nil, !self.state.readsCommands {
            self.hasFailed = true
            self.isOver = true
        }
    }

    private func endLate() {
        guard self.hasEnded, !self.options.follows, self.now() - self.endedAt > self.options.waitMilliseconds else { return }
        if !self.lines.isEmpty {
            self.hasFailed = true
            complain("\(self.lines.count) lines were not entered, and are not kept: there was no connection.")
        }
        self.isOver = true
    }

    // MARK: Out

    private func take(_ input: ChatInput) {
        let effects = self.state.take(input, at: self.now())
        // Before anything is sent: so that no command is lost with the process.
        if self.state.outbox != self.savedOutbox {
            self.savedOutbox = self.state.outbox
            do { try self.session.file?.save(outbox: self.savedOutbox) } catch { self.report("\(error)") }
        }
        for effect in effects { self.perform(effect) }
    }

    private func report(_ text: String) {
        if self.state.isPlain { complain(text) } else { self.state.notice(text) }
    }

    private func perform(_ effect: ChatEffect) {
        switch effect {
        case .submit(let item): self.client.submit(item)
        case .ask(let frame, let tag): self.client.ask(frame, tag: tag)
        case .refreshList(let tag): self.client.refreshList(tag: tag)
        case .search(let prefix, let tag):
            let mailbox = self.mailbox
            self.session.search(prefix, on: self.loop).whenComplete { result in
                _ = mailbox.put(.found(tag: tag, try? result.get()))
            }
        case .read(let id, let sequence, let urgent): self.client.read(id, upTo: sequence, urgent: urgent)
        case .retry: self.client.retry()
        case .bell: if !self.state.isPlain { TerminalDevice.write(Painter.bell) }
        case .say(let line): if !TerminalDevice.write(line + "\n") { self.isOver = true }
        case .suspend: self.suspend()
        case .redraw: self.painter.forget()
        case .quit: self.isOver = true
        }
    }

    private func draw() {
        guard !self.state.isPlain else { return }
        let bytes = self.painter.paint(ChatScreen.draw(self.state))
        if !bytes.isEmpty { TerminalDevice.write(bytes) }
    }

    private func resize() {
        let size = TerminalDevice.size()
        self.painter.forget()
        self.take(.size(columns: size.columns, rows: size.rows))
    }

    private func suspend() {
        TerminalDevice.leaveRaw()
        TerminalDevice.stop()
        self.goOnAfterStop()
    }

    private func goOnAfterStop() {
        guard !self.state.isPlain, TerminalDevice.enterRaw() else { return }
        self.resize()
    }
}
