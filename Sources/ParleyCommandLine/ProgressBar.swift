import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How far a long command has come: a bar that moves on a terminal, else a line for each thing that is done. On standard error.
final class ProgressBar: Sendable {
    private static let width = 30
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let last = Mutex((percent: -1, name: ""))

    /// - Parameter name: what is being done; a file.
    func show(_ done: Int, of total: Int, _ name: String) {
        let percent = total > 0 ? min(100, done * 100 / total) : 100
        let isNews = self.last.withLock { last in
            let isNews = last.name != name || (self.isTerminal && last.percent != percent)
            last = (percent, name)
            return isNews
        }
        guard isNews else { return }
        guard self.isTerminal else { return complain("\(name): \(done) of \(total) lines") }
        let filled = percent * Self.width / 100
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        // Back to the start of the line, and what was there is cleared.
        complain("\r\u{1B}[K[\(bar)] \(percent) %  \(done) of \(total) lines  \(name)", terminator: "")
    }

    func end() {
        if self.isTerminal { complain("") }
    }
}
