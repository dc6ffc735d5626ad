package import Logging
import ParleyEngine
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where log lines go: a bounded queue and a thread that writes them. Whoever logs never waits for whoever reads the log (F40): what
/// does not fit is dropped and counted, and the log says so as soon as it is read again.
package final class LogSink: Sendable {
    /// Lines that may wait.
    package static let linesMax = 2_048

    let format: LogFormat
    private let file: Int32
    private let thread: WorkerThread
    private let taken = Atomic<Int>(0)
    private let written = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    /// Losses that the log has told of.
    private let told = Atomic<Int>(0)

    /// - Parameter file: a descriptor, which stays the caller's.
    package init(file: Int32, format: LogFormat, linesMax: Int = LogSink.linesMax) {
        self.file = file
        self.format = format
        self.thread = WorkerThread(capacity: linesMax)
    }

    /// Lines dropped since the start.
    package var dropped: Int { self.lost.load(ordering: .relaxed) }

    /// Queues a line, or drops it.
    func queue(_ line: [UInt8]) {
        let isQueued = self.thread.submit { [self] in
            self.tellLosses()
            self.put(line)
            self.written.add(1, ordering: .releasing)
        }
        if isQueued { self.taken.add(1, ordering: .relaxed) } else { self.lost.add(1, ordering: .relaxed) }
    }

    /// Waits until what was queued is written, but no longer than this, in milliseconds. Blocks: for the end of the program.
    package func flush(milliseconds: Int) {
        let wanted = self.taken.load(ordering: .relaxed)
        var left = milliseconds
        while self.written.load(ordering: .acquiring) < wanted, left > 0 {
            usleep(1_000)
            left -= 1
        }
    }

    /// On the thread.
    private func tellLosses() {
        let (lost, told) = (self.lost.load(ordering: .relaxed), self.told.load(ordering: .relaxed))
        guard lost > told else { return }
        self.told.store(lost, ordering: .relaxed)
        let line = LogLine(
            self.format, at: systemMilliseconds(), .warning, logger: "log", message: "lines were dropped here",
            ["lines": .stringConvertible(lost - told)])
        self.put(line.bytes)
    }

    /// Writes all of it, however long that takes. A log that cannot be written is given up: there is nowhere to say so.
    private func put(_ line: [UInt8]) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(self.file, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var wait = pollfd(fd: self.file, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}

/// What `Logger` hands lines to: makes bytes of them and queues those.
package struct SinkLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let sink: LogSink

    package init(label: String, level: Logger.Level, sink: LogSink) {
        self.label = label
        self.logLevel = level
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var metadata = self.metadata
        if let provided = self.metadataProvider?.get() { metadata.merge(provided) { $1 } }
        if let own = event.metadata { metadata.merge(own) { $1 } }
        if let error = event.error { metadata["error"] = "\(type(of: error))" }
        let line = LogLine(
            self.sink.format, at: systemMilliseconds(), event.level, logger: self.label, message: "\(event.message)", metadata)
        self.sink.queue(line.bytes)
    }
}
