/// What a client is told when something is not done: a number with a name.
///
/// The number carries the rest: its first three digits are the HTTP status, and 4000 plus those is the WebSocket close
/// code where the connection ends. 4xxxx is the client's to mend, 5xxxx the server's. `docs/PROTOCOL.md` and the web
/// client's `errors.js` are made from `ErrorCode.allCases` by `parley errors`; a test compares them.
package enum ErrorCode: Int, Sendable, CaseIterable, Error {
    case notJSON = 40000
    case unknownType = 40001
    case missingField = 40002
    case wrongType = 40003
    case outOfRange = 40004
    case tooLong = 40005
    case unknownField = 40006
    case duplicateKey = 40007
    case serverOwnedField = 40008
    case badIdentifier = 40009
    case empty = 40010
    case tooDeep = 40011
    case notText = 40012
    case badText = 40013
    case badRequest = 40014
    case notCBOR = 40015
    case notBinary = 40016
    case notAuthenticated = 40100
    case badToken = 40101
    case authTimeout = 40102
    case alreadyAuthenticated = 40103
    case sessionEnded = 40104
    case wrongCredentials = 40105
    case notMember = 40300
    case forbidden = 40301
    case originNotAllowed = 40302
    case muted = 40303
    case banned = 40304
    case blocked = 40305
    case dissolved = 40306
    case tooLate = 40307
    case notFound = 40400
    case unknownUser = 40401
    case noMessage = 40402
    case badLink = 40403
    case methodNotAllowed = 40500
    case timeout = 40800
    case clientIDConflict = 40900
    case nameTaken = 40901
    case groupFull = 40902
    case rightsChanged = 40904
    case recalled = 40905
    case tooMany = 40906
    case receiptsOff = 40907
    case startOver = 41000
    case archived = 41001
    case frameTooLarge = 41300
    case uriTooLong = 41400
    case unsupportedMediaType = 41500
    case upgradeRequired = 42600
    case rateLimited = 42900
    case tooManyRequests = 42901
    case tooManyConnections = 42902
    case headersTooLarge = 43100
    case internalError = 50000
    case unavailable = 50300
    case diskFull = 50301
    case overloaded = 50302
    case outcomeUnknown = 50303
    case draining = 50304

    /// Whether sending the same again can help.
    package enum Retry: String, Sendable {
        /// The same request will fail again.
        case never
        /// After a pause, with a delay that grows.
        case later
        /// After the client did what `advice` says.
        case afterChange = "after_change"
    }

    /// The HTTP status: the number's first three digits.
    package var httpStatus: Int { self.rawValue / 100 }

    /// The WebSocket close code where this error ends the connection.
    package var closeCode: UInt16 {
        switch self {
        case .frameTooLarge: 1009
        case .badText: 1007
        default: UInt16(clamping: 4000 + self.httpStatus)
        }
    }

    /// The name on the wire and in documents.
    package var name: String { self.row.name }
    /// Whether to try again.
    package var retry: Retry { self.row.retry }
    /// What to do about it, in one sentence for a person.
    package var advice: String { self.row.advice }
    /// Whether the connection is closed after the error has been sent.
    package var closes: Bool {
        switch self {
        case .notJSON, .notText, .notCBOR, .notBinary, .badText, .badToken, .authTimeout, .sessionEnded, .frameTooLarge, .timeout,
            .tooManyConnections,
            .draining, .notAuthenticated, .originNotAllowed:
            true
        default: false
        }
    }

    private var row: (name: String, retry: Retry, advice: String) {
        switch self {
        case .notJSON: ("not_json", .never, "Send one JSON object in a frame or body.")
        case .unknownType: ("unknown_type", .never, "Use a frame type that the protocol names.")
        case .missingField: ("missing_field", .never, "Add the field that the error names.")
        case .wrongType: ("wrong_type", .never, "Give the field the type that the error names.")
        case .outOfRange: ("out_of_range", .never, "Keep the value within the range that the error names.")
        case .tooLong: ("too_long", .never, "Shorten the field to the length that the error names.")
        case .unknownField: ("unknown_field", .never, "Leave out the field that the error names.")
        case .duplicateKey: ("duplicate_key", .never, "Name each key of an object once.")
        case .serverOwnedField: ("server_owned_field", .never, "Leave out the field: the server sets it.")
        case .badIdentifier: ("bad_identifier", .never, "Use 1 to 64 of the characters A-Z a-z 0-9 . _ - : @.")
        case .empty: ("empty", .never, "Give the field a value.")
        case .tooDeep: ("too_deep", .never, "Nest JSON values at most 32 deep.")
        case .notText: ("not_text", .never, "Send text frames: the agreed encoding is JSON.")
        case .badText: ("bad_text", .never, "Send valid UTF-8, and only characters that the field may have.")
        case .badRequest: ("bad_request", .never, "Send the request as the protocol describes it.")
        case .notCBOR: ("not_cbor", .never, "Send one CBOR map in a frame or body, as the protocol describes it.")
        case .notBinary: ("not_binary", .never, "Send binary frames: the agreed encoding is parley.bin.1.")
        case .notAuthenticated:
            ("not_authenticated", .afterChange, "Log in first: by auth on a socket, by Authorization: Bearer over HTTP.")
        case .badToken: ("bad_token", .afterChange, "Log in again: the token is unknown, used, expired or revoked.")
        case .authTimeout: ("auth_timeout", .later, "Connect again and send auth at once.")
        case .alreadyAuthenticated: ("already_authenticated", .never, "Send auth once per connection.")
        case .sessionEnded: ("session_ended", .afterChange, "Log in again: this session was ended.")
        case .wrongCredentials: ("wrong_credentials", .afterChange, "Check the name and the password.")
        case .notMember: ("not_member", .never, "You are not a member of this conversation, or there is none by this id.")
        case .forbidden: ("forbidden", .never, "Ask an owner or administrator of the group.")
        case .originNotAllowed: ("origin_not_allowed", .never, "Add the page's origin with --allow-origin on the server.")
        case .muted: ("muted", .later, "You may not write here until the time that the error names.")
        case .banned: ("banned", .never, "You are banned from this conversation.")
        case .blocked: ("blocked", .never, "One of you has blocked the other.")
        case .dissolved: ("dissolved", .never, "The group was dissolved: it can be read and left.")
        case .tooLate: ("too_late", .never, "The time for taking this message back is over: ask an administrator.")
        case .notFound: ("not_found", .never, "Check the address.")
        case .unknownUser: ("unknown_user", .never, "Check the user id that the error names.")
        case .noMessage: ("no_message", .never, "There is no such message, or you may not see it.")
        case .badLink: ("bad_link", .never, "The link is wrong, used up, expired or revoked: ask for a new one.")
        case .methodNotAllowed: ("method_not_allowed", .never, "Use a method that the address has.")
        case .timeout: ("timeout", .later, "Connect again.")
        case .clientIDConflict: ("client_id_conflict", .never, "This id was used for another message: use a new one.")
        case .nameTaken: ("name_taken", .afterChange, "Choose another name.")
        case .groupFull: ("group_full", .never, "The group has as many members as it may have.")
        case .rightsChanged: ("rights_changed", .later, "Membership changed at the same moment: try again.")
        case .recalled: ("recalled", .never, "The message was taken back.")
        case .tooMany: ("too_many", .afterChange, "There are as many as there may be: remove one first.")
        case .receiptsOff: ("receipts_off", .never, "Receipts are off in this group.")
        case .archived: ("archived", .never, "Who has read is no longer kept for messages as old as this, only how many.")
        case .startOver: ("start_over", .afterChange, "The server was restored from a copy: forget positions and sync anew.")
        case .frameTooLarge:
            ("frame_too_large", .never, "Keep frames within limits.frame_bytes of hello, bodies within what the error names.")
        case .uriTooLong: ("uri_too_long", .never, "Shorten the address.")
        case .unsupportedMediaType:
            ("unsupported_media_type", .never, "Send the body in the type that the error names, and without Content-Encoding.")
        case .upgradeRequired: ("upgrade_required", .never, "Connect with a WebSocket client, version 13.")
        case .rateLimited: ("rate_limited", .later, "Slow down: wait as long as retry_ms says.")
        case .tooManyRequests: ("too_many_requests", .later, "Wait for answers before asking more.")
        case .tooManyConnections: ("too_many_connections", .later, "Try again later, or on another server.")
        case .headersTooLarge: ("headers_too_large", .never, "Send fewer or shorter headers.")
        case .internalError:
            ("internal_error", .later, "Try again; if it stays, give the operator the id of the trace or connection.")
        case .unavailable: ("unavailable", .later, "The store does not answer: try again with the same client_id.")
        case .diskFull: ("disk_full", .later, "The server's disk is full: try again with the same client_id when there is room.")
        case .overloaded: ("overloaded", .later, "Try again with the same client_id after a pause.")
        case .outcomeUnknown: ("outcome_unknown", .later, "It may have been stored: send the same client_id again to learn it.")
        case .draining: ("draining", .later, "The server is going down: connect again.")
        }
    }
}

/// An error as one client is told it: which code, and which field broke which rule.
package struct Refusal: Error, Sendable, Equatable {
    package var code: ErrorCode
    /// The path of the field at fault, such as `content.text`; empty where none is.
    package var field: String
    /// The rule that it breaks, such as `at most 8000 characters`; empty where the code says it all.
    package var rule: String
    /// How long to wait before trying again, in milliseconds; 0 where the client decides.
    package var retryMilliseconds: Int

    package init(_ code: ErrorCode, field: String = "", rule: String = "", retryMilliseconds: Int = 0) {
        self.code = code
        self.field = field
        self.rule = rule
        self.retryMilliseconds = retryMilliseconds
    }

    /// One sentence for a person: what is wrong and what to do.
    package var message: String {
        var text = ""
        if !self.field.isEmpty { text += self.field }
        if !self.rule.isEmpty { text += (text.isEmpty ? "" : ": ") + self.rule }
        return text.isEmpty ? self.code.advice : text + ". " + self.code.advice
    }
}
