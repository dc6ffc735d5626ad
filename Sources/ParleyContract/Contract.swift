package import ParleyDomain

/// The description of the protocol that machines read: requests, answers, pushes, calls of HTTP, errors. One table, of which
/// `parley schema` prints OpenAPI, AsyncAPI and JSON Schema (R113, B11). `ContractTests` holds it together with the decoder and
/// the encoder, so neither can change alone.
package enum Contract {
    /// The version of the protocol in the documents.
    static let version = "1.0.0"

    package static let requests: [RequestDescription] = messageRequests + groupRequests + questionRequests + settingRequests

    /// A request by its type; nil for none of the protocol.
    package static func request(_ type: String) -> RequestDescription? { self.requests.first { $0.type == type } }

    /// The types that have a path of their own under `/v1/requests/`.
    package static let typesWithPath: [String] = requests.filter { $0.way != .socketOnly && $0.type != "auth" }.map(\.type)

    /// The frame of the server of this type, with and without the number of a request; nil for none of the protocol.
    package static func serverFrame(_ node: JSONNode) -> ServerFrameDescription? {
        let type = node["type"]?.text
        return self.serverFrames.first { $0.type == type && $0.isAnswer == ($0.type == "error" || node["id"] != nil) }
    }

    /// What is wrong with a frame of a server; nil for nothing.
    package static func fault(inServerFrame node: JSONNode) -> String? {
        guard let frame = self.serverFrame(node) else { return "type: no frame of the server is \(node["type"]?.text ?? "so")" }
        return Shape.object(frame.form).fault(in: node)
    }

    /// What is wrong with a request; nil for nothing that a description can say.
    package static func fault(inRequest node: JSONNode) -> String? {
        guard let request = self.request(node["type"]?.text ?? "") else { return "type: one of the request types" }
        return request.frame.fault(in: node)
    }
}

/// One request of the protocol.
package struct RequestDescription: Sendable {
    /// Which ways it takes.
    package enum Way: Sendable { case both, socketOnly }

    package var type: String
    /// What it does, in one sentence.
    package var summary: String
    /// The fields besides `type` and `id`; several where some fields exclude each other.
    package var forms: [Form]
    /// Types of the frames that answer it, besides `error`.
    package var answers: [String]
    /// An example, without `type` and `id`: a line of `docs/golden/client.txt`.
    package var example: String
    package var way: Way
    /// Fields whose value can be refused as out of range for what the server knows, not for what is written.
    package var judged: [String]

    init(
        _ type: String, _ summary: String, _ forms: [Form], answers: [String], example: String, way: Way = .both,
        judged: [String] = []
    ) {
        self.type = type
        self.summary = summary
        self.forms = forms
        self.answers = answers
        self.example = example
        self.way = way
        self.judged = judged
    }

    /// The whole frame, as a socket takes it.
    package var frame: Shape {
        self.shape([
            .must("type", .word([self.type])), .must("id", .count, "Of the client's choosing: the answer carries the same."),
        ])
    }

    /// The body of `POST /v1/requests/{type}`: the path says the type.
    package var body: Shape {
        self.shape([.may("id", .count, "The answer carries the same; 0 unless given.")]) { field in
            var field = field
            if field.isLive { field.shape = .always(false) }
            return field
        }
    }

    private func shape(_ fields: [Field], _ change: (Field) -> Field = { $0 }) -> Shape {
        let forms = self.forms.map { form in
            var form = form
            form.fields = fields + form.fields.map(change)
            return Shape.object(form)
        }
        return forms.count == 1 ? forms[0] : .either(forms)
    }

    /// What is refused although the schema takes it: number, field and rule.
    package var beyond: [(code: ErrorCode, field: String, rule: String)] {
        var found: [(code: ErrorCode, field: String, rule: String)] = []
        for form in self.forms { Self.collect(form, "", into: &found) }
        return found + self.judged.map { (.outOfRange, $0, "by what the server knows") }
    }

    private static func collect(
        _ form: Form, _ path: String, into found: inout [(code: ErrorCode, field: String, rule: String)]
    ) {
        for field in form.fields {
            let place = path + field.name
            var shape = field.shape
            if case .part(let name) = shape { shape = Contract.parts.first { $0.name == name }?.shape ?? shape }
            switch shape {
            case .text(let text): found += text.beyond.map { ($0.code, place, $0.rule) }
            case .object(let inner):
                self.collect(inner, place + ".", into: &found)
                guard inner.isOpen else { continue }
                found.append((.tooLong, place, "at most so many bytes; numbers of at most 32 digits"))
                found.append((.outOfRange, place, "no escapes in keys, no U+0000"))
                found.append((.tooDeep, place, "at most \(Limits.jsonDepth) deep"))
            default: break
            }
        }
    }
}

/// One frame of the server.
package struct ServerFrameDescription: Sendable {
    package var type: String
    package var summary: String
    /// All of its fields, `type` first.
    package var form: Form
    /// Whether it answers a request; else it is pushed.
    package var isAnswer: Bool
    /// Its name among the parts of the documents.
    package var name: String

    /// An answer: `id` follows `type`.
    static func answer(_ type: String, _ summary: String, _ fields: Field...) -> ServerFrameDescription {
        let form = Form([.must("type", .word([type])), .must("id", .count)] + fields)
        return ServerFrameDescription(
            type: type, summary: summary, form: form, isAnswer: true, name: Contract.title(type) + "Answer")
    }

    /// A push: nobody asked for it.
    static func push(_ type: String, _ summary: String, _ fields: Field...) -> ServerFrameDescription {
        ServerFrameDescription(
            type: type, summary: summary, form: Form([.must("type", .word([type]))] + fields), isAnswer: false,
            name: Contract.title(type) + "Push")
    }
}

extension Contract {
    /// `receipt_record` as the beginning of a name: `ReceiptRecord`.
    static func title(_ type: String) -> String {
        type.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
