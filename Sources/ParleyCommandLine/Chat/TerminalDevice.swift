import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where signals are told: the writing end of a pipe; -1 while nobody reads it.
private let signalPipe = Atomic<Int32>(-1)
/// The descriptor whose settings are others than they were; -1 for none.
private let changed = Atomic<Int32>(-1)
/// Sound: written by one thread before `changed` is stored; read by it, and by handlers, after it was loaded.
nonisolated(unsafe) private var savedSettings = termios()
private let endBytes = Array(Painter.end.utf8)

/// The terminal of this process: raw mode, its size, signals. Its settings are put back on every way out: a return, `exit`, a signal,
/// a crash.
enum TerminalDevice {
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns and rows; 80 by 24 where the terminal does not say.
    static func size() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    // MARK: Settings

    /// Keys come one by one and unseen. False where standard input is no terminal.
    static func enterRaw() -> Bool {
        guard self.change({ cfmakeraw(&$0) }) else { return false }
        write(Painter.begin)
        return true
    }

    static func leaveRaw() {
        guard changed.load(ordering: .acquiring) >= 0 else { return }
        write(Painter.end)
        self.restore()
    }

    /// Reads a line from the terminal, without showing it where it is secret. Nil where there is no terminal, or no line.
    static func prompt(_ text: String, secret: Bool) -> String? {
        let descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        write(text, to: descriptor)
        let isHidden = secret && self.change(of: descriptor) { $0.c_lflag &= ~tcflag_t(ECHO) }
        defer {
            if isHidden {
                self.restore()
                write("\n", to: descriptor)
            }
        }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != 0x0A, line.count < 4_096 { line.append(byte) }
        return byte == 0x0A ? String(validating: line, as: UTF8.self) : nil
    }

    private static func change(of descriptor: Int32 = STDIN_FILENO, _ body: (inout termios) -> Void) -> Bool {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return false }
        if changed.load(ordering: .acquiring) < 0 { savedSettings = settings }
        self.restoreOnEveryEnd
        body(&settings)
        guard tcsetattr(descriptor, TCSADRAIN, &settings) == 0 else { return false }
        changed.store(descriptor, ordering: .releasing)
        return true
    }

    private static func restore() {
        let descriptor = changed.exchange(-1, ordering: .acquiringAndReleasing)
        guard descriptor >= 0 else { return }
        var settings = savedSettings
        tcsetattr(descriptor, TCSADRAIN, &settings)
    }

    /// Once: `exit` and a crash of the program give the terminal back too. Only what POSIX allows in a handler is called there.
    private static let restoreOnEveryEnd: Void = {
        atexit {
            let descriptor = changed.load(ordering: .acquiring)
            guard descriptor >= 0 else { return }
            var settings = savedSettings
            tcsetattr(descriptor, TCSADRAIN, &settings)
        }
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal(number) { number in
                let descriptor = changed.load(ordering: .acquiring)
                if descriptor >= 0 {
                    _ = endBytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                    var settings = savedSettings
                    tcsetattr(descriptor, TCSADRAIN, &settings)
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }()

    // MARK: Signals

    /// From here on signals that end, stop or resize the program are bytes in a pipe, to be read and answered in order.
    static func listen() -> Wake? {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        self.restoreOnEveryEnd
        signalPipe.store(ends[1], ordering: .releasing)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT] {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                let before = errno
                _ = Glibc.write(signalPipe.load(ordering: .acquiring), &byte, 1)
                errno = before
            }
        }
        signal(SIGPIPE, SIG_IGN)
        return Wake(reading: ends[0], writing: ends[1])
    }

    /// Stops the program as Control-Z does in others; returns when it goes on.
    static func stop() {
        let handler = signal(SIGTSTP, SIG_DFL)
        raise(SIGTSTP)
        signal(SIGTSTP, handler)
    }

    /// False where nobody reads any more.
    @discardableResult
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) -> Bool {
        var bytes = ArraySlice(text.utf8)
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, 1_000)
                continue
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }
}

/// What wakes the loop of a program: signals, and other threads (as byte 0).
struct Wake: Sendable {
    fileprivate let reading: Int32
    fileprivate let writing: Int32

    enum Source: Sendable {
        case input
        case wake
    }

    func wake() {
        var byte: UInt8 = 0
        // A full pipe wakes as well.
        _ = write(self.writing, &byte, 1)
    }

    /// The signals since the last call, 0 for a wake.
    func take() -> [Int32] {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(self.reading, &bytes, bytes.count)
        return count > 0 ? bytes[..<count].map(Int32.init) : []
    }

    /// Waits for input, if it is wanted, or to be woken; at most so long. Whether there is input.
    func wait(forInput wanted: Bool, milliseconds: Int32) -> Bool {
        var descriptors = [pollfd(fd: self.reading, events: Int16(POLLIN), revents: 0)]
        if wanted { descriptors.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
        let count = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
        return count > 0 && wanted && descriptors[1].revents != 0
    }

    /// What can be read from standard input now; empty at its end.
    func readInput() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            return count > 0 ? Array(bytes[..<count]) : []
        }
    }
}
