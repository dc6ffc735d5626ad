/// What one event loop has counted of its sockets and requests since the start. Only the loop touches it; a scrape asks for copies.
package struct GatewayCounts: Sendable {
    /// Sockets opened.
    package var opened = 0
    /// Messages (text or binary) that came and went on sockets; pings, pongs and closes are not counted.
    package var framesIn = 0
    package var framesOut = 0
    /// Bytes of frames on sockets, headers and control frames included; handshakes and TLS are not counted.
    package var bytesIn = 0
    package var bytesOut = 0
    /// Pings sent to clients that were silent for a heartbeat.
    package var pings = 0
    /// Clients that broke the rules of RFC 6455 or our limits.
    package var violations = 0
    /// Connections cut, in the order of `SocketDeadlines.Cause.allCases`.
    package private(set) var cuts = [Int](repeating: 0, count: SocketDeadlines.Cause.allCases.count)
    /// Answers over HTTP, by the first digit of their status, from 1 to 5.
    package private(set) var answers = [Int](repeating: 0, count: 5)

    package init() {}

    mutating func cut(_ cause: SocketDeadlines.Cause) {
        if let place = SocketDeadlines.Cause.allCases.firstIndex(of: cause) { self.cuts[place] += 1 }
    }

    mutating func answered(_ status: Int) {
        let place = status / 100 - 1
        if self.answers.indices.contains(place) { self.answers[place] += 1 }
    }

    mutating func add(_ other: GatewayCounts) {
        self.opened += other.opened
        self.framesIn += other.framesIn
        self.framesOut += other.framesOut
        self.bytesIn += other.bytesIn
        self.bytesOut += other.bytesOut
        self.pings += other.pings
        self.violations += other.violations
        for place in self.cuts.indices { self.cuts[place] += other.cuts[place] }
        for place in self.answers.indices { self.answers[place] += other.answers[place] }
    }
}
