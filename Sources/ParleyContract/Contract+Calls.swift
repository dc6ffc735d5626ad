package import ParleyDomain

/// One call of HTTP.
package struct CallDescription: Sendable {
    package var method: String
    package var path: String
    package var summary: String
    /// Whether it asks for `Authorization: Bearer <access token>`.
    package var needsLogin: Bool
    /// What the body is; nil where there is none.
    package var body: Shape?
    package var isBodyRequired = true
    /// Whether body and answers may be in the binary encoding as well.
    package var speaksBinary = false
    package var query: [Field] = []
    package var answer: Shape
    /// Statuses of its errors, besides 401, 500 and 503, and 415 where there is a body.
    package var statuses: [Int]
    /// Whether the answer carries an `ETag`, by which a client asks later whether it changed.
    package var isKept = false
    /// What is refused although the schema takes it.
    package var beyond: [(code: ErrorCode, field: String, rule: String)] = []
    package var example: JSONNode?
}

extension Contract {
    /// The calls that are no twin of a request of the socket.
    package static let calls: [CallDescription] = [
        CallDescription(
            method: "get", path: "/livez", summary: "Whether the process answers at all.", needsLogin: false, answer: fine,
            statuses: []),
        CallDescription(
            method: "get", path: "/readyz", summary: "Whether the server takes and stores messages.", needsLogin: false,
            answer: fine, statuses: []),
        CallDescription(
            method: "get", path: "/healthz", summary: "The same as /readyz.", needsLogin: false, answer: fine, statuses: []),
        CallDescription(
            method: "post", path: "/v1/register", summary: "Makes an account and logs in.", needsLogin: false,
            body: .object(name, .must("password", .text(Limits.passwordCharactersMin...Limits.passwordBytes)), device),
            answer: grant,
            statuses: [400, 403, 409, 413, 429], beyond: claimed + [passwordBytes]),
        CallDescription(
            method: "post", path: "/v1/login", summary: "Logs in.", needsLogin: false,
            body: .object(name, .must("password", .text(1...Limits.passwordBytes)), device), answer: grant,
            statuses: [400, 413, 429],
            beyond: claimed + [passwordBytes]),
        CallDescription(
            method: "post", path: "/v1/refresh", summary: "Gives new tokens for a refresh token, which is dead then.",
            needsLogin: false, body: .object(.must("refresh_token", .text(0...4_096))), answer: grant, statuses: [400, 413, 429]),
        CallDescription(
            method: "post", path: "/v1/logout", summary: "Ends the log-in and its sockets.", needsLogin: true,
            body: .object(Form([])), isBodyRequired: false, answer: .object(.must("type", .word(["logged_out"]))),
            statuses: [400, 413, 429]),
        CallDescription(
            method: "post", path: "/v1/ticket", summary: "Gives a ticket for one `auth` on a socket.", needsLogin: true,
            body: .object(Form([])), isBodyRequired: false,
            answer: .object(.must("type", .word(["ticket"])), .must("ticket", .text(1...4_096)), .must("expires", .count)),
            statuses: [400, 413, 429]),
        CallDescription(
            method: "get", path: "/v1/me", summary: "Who one is.", needsLogin: true,
            answer: .object(
                .must("type", .word(["me"])), .must("user", .identifier), .must("name", .text(1...Limits.nameCharacters)),
                .must("session", .identifier), .must("device", .text(0...Limits.nameCharacters))), statuses: [429]),
        CallDescription(
            method: "get", path: "/v1/users", summary: "Users by the beginning of their name.", needsLogin: true,
            query: [
                .must("prefix", .text(1...Limits.nameCharacters)), .may("limit", .integer(1...20), "20 unless given."),
            ],
            answer: .object(
                .must("type", .word(["users"])), .must("users", .list(.part("Profile"), 0...20, distinct: false))),
            statuses: [400, 429], beyond: [(.badText, "prefix", "visible characters")]),
        CallDescription(
            method: "post", path: "/v1/request",
            summary: "Any request of the protocol as a socket takes it; the answer is the frame that a socket would get.",
            needsLogin: true,
            body: .either(requests.filter { typesWithPath.contains($0.type) }.map { .part(title($0.type) + "Request") }),
            speaksBinary: true,
            answer: .either(serverFrames.filter { $0.isAnswer && !["error", "ready"].contains($0.type) }.map { .part($0.name) }),
            statuses: requestStatuses,
            beyond: requests.flatMap(\.beyond) + [(.badRequest, "type", "a watching presence needs a socket")],
            example: ["type": "ping", "id": 1]),
        CallDescription(
            method: "get", path: "/v1/openapi.json", summary: "This document.", needsLogin: false,
            answer: .object(Form([.must("openapi", .text(1...16))], isOpen: true)), statuses: [], isKept: true),
    ]

    /// What a request of the protocol can be answered with over HTTP besides 200, 401, 500 and 503.
    static let requestStatuses = [400, 403, 404, 409, 410, 413, 429]

    private static let fine = Shape.object(.must("status", .word(["ok"])))
    /// What stands in the place of `fine` while the server is not ready.
    static let unready = Shape.object(
        .must("status", .word(["unavailable"])),
        .must("failed", .list(.word(["started", "accepting", "storing"]), 1...3, distinct: true), "The checks that failed."))

    private static let name = Field.must("name", .text(1...Limits.nameCharacters), "Spaces at its ends do not count.")
    private static let device = Field.may("device", .text(0...Limits.nameCharacters), "What one calls this log-in.")

    private static let claimed: [(code: ErrorCode, field: String, rule: String)] = [
        (.empty, "name", "not only spaces"), (.badText, "name", "visible characters, single spaces"),
        (.badText, "device", "visible characters, single spaces"),
    ]
    private static let passwordBytes: (code: ErrorCode, field: String, rule: String) = (
        .tooLong, "password", "at most \(Limits.passwordBytes) bytes of UTF-8"
    )

    private static let grant = Shape.object(
        .must("type", .word(["grant"])), .must("user", .identifier), .must("name", .text(1...Limits.nameCharacters)),
        .must("session", .identifier), .must("access_token", .text(1...4_096)), .must("access_expires", .count),
        .must("refresh_token", .text(1...4_096)))
}
