import ParleyDomain

/// The documents that are made of the contract, each whole and without references to another.
extension Contract {
    /// Every named schema, with references to `parts`, such as `#/$defs/`.
    private static func schemas(_ prefix: String, withBodies: Bool) -> [JSONNode.Member] {
        var schemas: [JSONNode.Member] = [
            .init(
                "Identifier",
                [
                    "type": "string", "minLength": 1, "maxLength": .integer(Int64(Limits.identifierBytes)),
                    "pattern": "^[A-Za-z0-9._:@-]+$",
                ])
        ]
        schemas += self.parts.map { .init($0.name, $0.shape.schema(prefix)) }
        for request in self.requests {
            let title = self.title(request.type)
            schemas.append(.init(title + "Request", self.described(request.summary, request.frame.schema(prefix))))
            guard withBodies, self.typesWithPath.contains(request.type) else { continue }
            schemas.append(.init(title + "Body", self.described(request.summary, request.body.schema(prefix))))
        }
        for frame in self.serverFrames {
            schemas.append(.init(frame.name, self.described(frame.summary, frame.form.schema(prefix))))
        }
        return schemas
    }

    private static func described(_ text: String, _ schema: JSONNode) -> JSONNode {
        .object([.init("description", .string(text))] + schema.members)
    }

    private static func references(_ names: [String], _ prefix: String) -> JSONNode {
        .array(names.map { ["$ref": .string(prefix + $0)] })
    }

    // MARK: JSON Schema

    /// One schema that takes every frame of the socket; `$defs` has each by name.
    package static var jsonSchema: JSONNode {
        let prefix = "#/$defs/"
        let requests = self.requests.map { self.title($0.type) + "Request" }
        let frames: [JSONNode.Member] = [
            .init("ClientFrame", ["anyOf": self.references(requests, prefix)]),
            .init("ServerFrame", ["anyOf": self.references(self.serverFrames.map(\.name), prefix)]),
        ]
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Parley, version 1: every frame of the socket",
            "$comment": "Made by `parley schema jsonschema`. Do not edit.",
            "anyOf": self.references(["ClientFrame", "ServerFrame"], prefix),
            "$defs": .object(frames + self.schemas(prefix, withBodies: false)),
        ]
    }

    // MARK: OpenAPI

    /// The calls of HTTP (OpenAPI 3.1).
    package static var openAPI: JSONNode {
        let prefix = "#/components/schemas/"
        var paths = self.calls.map { JSONNode.Member($0.path, .object([.init($0.method, self.operation($0, prefix))])) }
        for type in self.typesWithPath {
            guard let request = self.request(type) else { continue }
            let call = CallDescription(
                method: "post", path: "/v1/requests/\(type)", summary: request.summary, needsLogin: true,
                body: .part(self.title(type) + "Body"), isBodyRequired: true,
                answer: .either(request.answers.map { .part(self.title($0) + "Answer") }), statuses: self.requestStatuses,
                beyond: request.beyond, example: try? JSONNode(object: Array(request.example.utf8)))
            paths.append(.init(call.path, .object([.init("post", self.operation(call, prefix))])))
        }
        return [
            "openapi": "3.1.0", "info": self.info("Parley over HTTP"), "servers": [["url": "/"]], "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer", "description": "The access token of a grant."]
                ],
                "responses": .object(
                    self.statuses.map { .init("Status\($0)", self.response($0, prefix, binary: false)) }
                        + self.binaryStatuses.map { .init("BinaryStatus\($0)", self.response($0, prefix, binary: true)) }),
                "schemas": .object(self.schemas(prefix, withBodies: true)),
            ],
        ]
    }

    private static func info(_ title: String) -> JSONNode {
        [
            "title": .string(title), "version": .string(self.version),
            "description":
                "What docs/PROTOCOL.md says in words. Made by `parley schema`; do not edit. `x-parley-refused` lists what is refused although the schema takes it: a schema cannot say it. Integers are written in digits: no fraction, no exponent.",
        ]
    }

    private static let statuses = [400, 401, 403, 404, 409, 410, 413, 415, 429, 500, 503]
    /// Those of errors that come in the encoding of the request; the others come before it is read, as JSON.
    private static let binaryStatuses = [400, 403, 404, 409, 410, 413, 429, 500, 503]

    /// What a body is, by media type. As CBOR it is the same value, written as `docs/parley.cddl` says.
    private static func content(_ schema: JSONNode, binary: Bool, example: JSONNode? = nil) -> JSONNode {
        var media: [JSONNode.Member] = [.init("schema", schema)]
        let cbor: [JSONNode.Member] = media + [.init("x-parley-encoding", "parley.bin.1")]
        if let example { media.append(.init("example", example)) }
        let json = JSONNode.Member("application/json", .object(media))
        return .object(binary ? [json, .init("application/cbor", .object(cbor))] : [json])
    }

    private static func operation(_ call: CallDescription, _ prefix: String) -> JSONNode {
        let words = call.path.split(separator: "/").filter { $0 != "v1" }
        var members: [JSONNode.Member] = [
            .init("operationId", .string(call.method + words.map { "_" + $0.replacing(".", with: "_") }.joined())),
            .init("summary", .string(call.summary)), .init("security", call.needsLogin ? [["bearer": []]] : []),
        ]
        if !call.query.isEmpty {
            members.append(
                .init(
                    "parameters",
                    .array(
                        call.query.map { field in
                            [
                                "name": .string(field.name), "in": "query", "required": .boolean(field.isRequired),
                                "schema": field.shape.schema(prefix),
                            ]
                        })))
        }
        if let body = call.body {
            let content = self.content(body.schema(prefix), binary: call.speaksBinary, example: call.example)
            members.append(.init("requestBody", ["required": .boolean(call.isBodyRequired), "content": content]))
        }
        members.append(.init("responses", .object(self.responses(call, prefix))))
        if !call.beyond.isEmpty { members.append(.init("x-parley-refused", self.refused(call))) }
        return .object(members)
    }

    private static func responses(_ call: CallDescription, _ prefix: String) -> [JSONNode.Member] {
        var done: [JSONNode.Member] = [
            .init("description", "It is done."),
            .init("content", self.content(call.answer.schema(prefix), binary: call.speaksBinary)),
        ]
        if call.isKept { done.append(.init("headers", ["ETag": self.header(["type": "string"], isRequired: true)])) }
        var found: [JSONNode.Member] = [.init("200", .object(done))]
        guard call.path != "/livez" else { return found }
        guard !["/readyz", "/healthz"].contains(call.path) else {
            let state = Self.unready.schema(prefix)
            let down: JSONNode = ["description": "It does not.", "content": self.content(state, binary: false)]
            return found + [.init("503", down)]
        }
        // Who shows a wrong password or token is told so too, not only who shows none.
        let needsProof = call.needsLogin || ["/v1/login", "/v1/refresh"].contains(call.path)
        let always = (needsProof ? [401] : []) + (call.body == nil ? [] : [415]) + [500, 503]
        for status in (call.statuses + always).sorted() {
            let name = (call.speaksBinary && self.binaryStatuses.contains(status) ? "BinaryStatus" : "Status") + "\(status)"
            found.append(.init("\(status)", ["$ref": .string("#/components/responses/" + name)]))
        }
        return found
    }

    private static func refused(_ call: CallDescription) -> JSONNode {
        var seen: Set<String> = []
        let rows = call.beyond.filter { seen.insert("\($0.code.rawValue) \($0.field)").inserted }
        return .array(
            rows.map { ["code": .integer(Int64($0.code.rawValue)), "field": .string($0.field), "rule": .string($0.rule)] })
    }

    private static func response(_ status: Int, _ prefix: String, binary: Bool) -> JSONNode {
        let codes = ErrorCode.allCases.filter { $0.httpStatus == status }.sorted { $0.rawValue < $1.rawValue }
        var response: [JSONNode.Member] = [
            .init("description", .string(codes.map { "\($0.rawValue) \($0.name)" }.joined(separator: ", "))),
            .init("content", self.content(self.refusal(codes).schema(prefix), binary: binary)),
        ]
        if status == 401 {
            response.append(.init("headers", ["WWW-Authenticate": self.header(["const": "Bearer"], isRequired: true)]))
        }
        // It says in whole seconds what `retry_ms` says.
        if status == 429 || status == 503 {
            let seconds: JSONNode = ["type": "integer", "minimum": 1]
            response.append(.init("headers", ["Retry-After": self.header(seconds, isRequired: false)]))
        }
        return .object(response)
    }

    private static func header(_ schema: JSONNode, isRequired: Bool) -> JSONNode {
        ["required": .boolean(isRequired), "schema": schema]
    }

    // MARK: AsyncAPI

    /// The socket (AsyncAPI 3.0), as the server sees it: it receives requests and sends answers and pushes.
    package static var asyncAPI: JSONNode {
        let prefix = "#/components/schemas/"
        let channel: JSONNode = ["$ref": "#/channels/socket"]
        func message(_ name: String) -> JSONNode { ["$ref": .string("#/channels/socket/messages/" + name)] }
        let requests = self.requests.map { (request: $0, name: self.title($0.type) + "Request") }
        let names = requests.map(\.name) + self.serverFrames.map(\.name)
        var operations: [JSONNode.Member] = requests.map { request, name in
            let answers = (request.answers.map { self.title($0) + "Answer" } + ["Refusal"]).map { message($0) }
            return .init(
                request.type,
                [
                    "action": "receive", "channel": channel, "summary": .string(request.summary), "messages": [message(name)],
                    "reply": ["channel": channel, "messages": .array(answers)],
                ])
        }
        operations += self.serverFrames.filter { !$0.isAnswer }.map { frame in
            .init(
                "push_" + frame.type,
                ["action": "send", "channel": channel, "summary": .string(frame.summary), "messages": [message(frame.name)]])
        }
        return [
            "asyncapi": "3.0.0", "info": self.info("Parley's socket"), "defaultContentType": "application/json",
            "channels": [
                "socket": [
                    "address": "/v1/ws", "description": "Subprotocol parley.json.1: one JSON object per text frame.",
                    "messages": .object(names.map { .init($0, ["$ref": .string("#/components/messages/" + $0)]) }),
                    "bindings": ["ws": ["method": "GET", "bindingVersion": "0.1.0"]],
                ]
            ],
            "operations": .object(operations),
            "components": [
                "messages": .object(names.map { .init($0, ["name": .string($0), "payload": ["$ref": .string(prefix + $0)]]) }),
                "schemas": .object(self.schemas(prefix, withBodies: false)),
            ],
        ]
    }
}
