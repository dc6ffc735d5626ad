import ParleyDomain

/// What a client did against RFC 6455 or our limits; each ends the connection.
package enum FrameViolation: Error, Sendable, Equatable, CaseIterable {
    /// A frame from a client was not masked (A5).
    case unmasked
    /// An extension bit is set, and no extension was agreed (A6).
    case reservedBit
    /// An opcode that RFC 6455 does not define (A6).
    case reservedOpcode
    /// A close, ping or pong in fragments (A6).
    case controlFragmented
    /// A close, ping or pong of more than 125 bytes (A6).
    case controlTooLong
    /// A length that was not written in the fewest bytes (A7).
    case lengthNotMinimal
    /// A length of 2^63 or more (A7).
    case lengthOverflow
    /// A continuation where no message was begun.
    case nothingToContinue
    /// A new message before the last one ended.
    case messageInterrupted
    /// A message longer than the limit (A7, A8).
    case messageTooLarge
    /// More fragments than the limit (A8).
    case tooManyFragments
    /// Text, or the reason of a close, that is not UTF-8 (A9).
    case notUTF8
    /// A close frame with one byte, or with a code that nobody may send.
    case badClose
    /// More control frames in a second than the limit (A11).
    case controlFlood

    /// The code that the connection is closed with.
    package var closeCode: UInt16 {
        switch self {
        case .messageTooLarge, .tooManyFragments: ErrorCode.frameTooLarge.closeCode
        case .notUTF8: ErrorCode.badText.closeCode
        case .controlFlood: ErrorCode.rateLimited.closeCode
        default: 1002
        }
    }

    /// What the close frame says, for a person.
    package var reason: String {
        switch self {
        case .unmasked: "client frames must be masked"
        case .reservedBit: "reserved bit set"
        case .reservedOpcode: "reserved opcode"
        case .controlFragmented: "control frame in fragments"
        case .controlTooLong: "control frame longer than 125 bytes"
        case .lengthNotMinimal: "length not in the fewest bytes"
        case .lengthOverflow: "length with its top bit set"
        case .nothingToContinue: "continuation without a message"
        case .messageInterrupted: "new message before the last one ended"
        case .messageTooLarge: ErrorCode.frameTooLarge.name
        case .tooManyFragments: "too many fragments"
        case .notUTF8: ErrorCode.badText.name
        case .badClose: "bad close frame"
        case .controlFlood: ErrorCode.rateLimited.name
        }
    }
}

/// Close codes as RFC 6455, 7.4, and its registry have them.
package enum CloseCode {
    /// The end of the server, or of the page.
    package static let goingAway: UInt16 = 1001
    package static let protocolError: UInt16 = 1002

    /// Whether a peer may send this code: registered ones, and 3000 to 4999.
    package static func maySend(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
