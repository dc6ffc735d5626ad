import ParleyDomain

/// What became of requests for a log-in since the start. The labels are these words and no others, whatever clients send.
package struct AccountCounts: Sendable {
    package enum Request: String, Sendable, CaseIterable {
        case login, register, refresh
    }

    package enum Outcome: String, Sendable, CaseIterable {
        case granted
        /// The password or token was wrong.
        case wrong
        case rateLimited = "rate_limited"
        case overloaded
        /// For any other reason.
        case refused

        init(_ code: ErrorCode?) {
            switch code {
            case nil: self = .granted
            case .wrongCredentials, .badToken, .sessionEnded: self = .wrong
            case .rateLimited: self = .rateLimited
            case .overloaded: self = .overloaded
            default: self = .refused
            }
        }
    }

    private var counts: [Request: [Outcome: Int]] = [:]

    package init() {}

    package subscript(_ request: Request, _ outcome: Outcome) -> Int { self.counts[request]?[outcome] ?? 0 }

    /// - Parameter code: why it was refused; nil where it was granted.
    mutating func add(_ request: Request, _ code: ErrorCode?) {
        self.counts[request, default: [:]][Outcome(code), default: 0] += 1
    }
}
