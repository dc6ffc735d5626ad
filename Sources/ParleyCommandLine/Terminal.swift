import ParleyServer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes to standard output at once, also when it is a pipe. Throws where it cannot be written: an answer that nobody has is no success.
func say(_ text: String, terminator: String = "\n") throws(StartFailure) {
    guard put(text + terminator, into: STDOUT_FILENO) else {
        throw StartFailure("Standard output cannot be written: \(String(cString: strerror(errno))).")
    }
}

/// Writes to standard error, if anybody reads it.
func complain(_ text: String, terminator: String = "\n") { _ = put(text + terminator, into: STDERR_FILENO) }

private func put(_ text: String, into file: Int32) -> Bool {
    var bytes = ArraySlice(text.utf8)
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard count > 0 else { return false }
        bytes = bytes.dropFirst(count)
    }
    return true
}

/// The web client's folder: named by `PARLEY_WEB`, beside an installed program, or in the working folder, which is a checkout's.
func findWebClient() -> String? {
    var candidates: [String] = []
    if let named = getenv("PARLEY_WEB") { candidates.append(String(cString: named)) }
    var path = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    if count > 0 {
        let executable = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)]
        candidates.append("\(folder)/../share/parley/web")
    }
    candidates.append("Web")
    return candidates.first { fileExists($0 + "/index.html") }
}

/// A variable of the environment; nil where it is not set, or empty.
func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

/// The time in milliseconds since 1970.
let wallClock: @Sendable () -> Int64 = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// What local time is ahead of UTC at a time, in milliseconds.
func zoneMilliseconds(at milliseconds: Int64) -> Int64 {
    var seconds = time_t(milliseconds / 1_000)
    var local = tm()
    return localtime_r(&seconds, &local) == nil ? 0 : Int64(local.tm_gmtoff) * 1_000
}

/// The first line of a file: a secret that stands in no command line.
func firstLine(of path: String) throws -> String {
    let line = try readFile(path).prefix { $0 != 0x0A && $0 != 0x0D }
    guard !line.isEmpty, line.count <= 4_096 else { throw StartFailure("The first line of \(path) is empty, or far too long.") }
    return String(decoding: line, as: UTF8.self)
}

/// Numbers of the signals that a screen answers.
let signals = (resize: SIGWINCH, goOn: SIGCONT, stop: SIGTSTP)

/// Asks the person at the terminal, without showing what he types; nil where there is no terminal.
func askForPassword(_ question: String) throws -> String? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    var shown = termios()
    guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return nil }
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown) }
    complain(question, terminator: "")
    let answer = readLine(strippingNewline: true) ?? ""
    complain("")
    guard !answer.isEmpty else { throw StartFailure("No password was given.") }
    return answer
}
