import Foundation
import NIOCore
import ParleyContract
import ParleyDomain
import ParleyWire
import Testing

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

private func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

/// Name and frame of each golden line.
private func golden(_ file: String) throws -> [(name: String, frame: String)] {
    try text("docs/golden/\(file)").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        let parts = line.split(separator: "\t", maxSplits: 1)
        return (String(parts[0]), String(parts[1]))
    }
}

/// The description says what the decoder does, no more and no less (R113, B11).
@Suite struct ContractTests {
    private static func decoderTakes(_ node: JSONNode) -> (taken: Bool, said: String) {
        var decoder = FrameDecoder()
        do {
            _ = try decoder.decode(ByteBuffer(string: node.compact))
            return (true, "")
        } catch {
            return (false, error.refusal.message)
        }
    }

    @Test(arguments: Contract.requests.map(\.type)) func theDecoderTakesWhatIsDescribed(_ type: String) throws {
        let request = try #require(Contract.request(type))
        let samples = request.frame.good
        #expect(samples.count >= 3)
        for node in samples {
            let answer = Self.decoderTakes(node)
            #expect(answer.taken, "\(node.compact.prefix(300)): \(answer.said)")
            #expect(Contract.fault(inRequest: node) == nil, "\(node.compact.prefix(300))")
        }
    }

    @Test(arguments: Contract.requests.map(\.type)) func theDecoderRefusesWhatIsNotDescribed(_ type: String) throws {
        let request = try #require(Contract.request(type))
        guard case .either(let shapes) = request.frame else { return try Self.expectRefused(request.frame.bad, request) }
        // What is wrong for one form may be right for another: those are left out by the description itself.
        let samples = shapes.flatMap(\.bad).filter { request.frame.fault(in: $0.value) != nil }
        try Self.expectRefused(samples, request)
    }

    private static func expectRefused(_ samples: [Sample], _ request: RequestDescription) throws {
        #expect(samples.count >= 10)
        for sample in samples {
            #expect(!Self.decoderTakes(sample.value).taken, "\(sample.fault): \(sample.value.compact.prefix(300))")
            #expect(request.frame.fault(in: sample.value) != nil, "\(sample.fault): \(sample.value.compact.prefix(300))")
        }
    }

    /// What only words can say is refused with the number that the words say.
    @Test func whatASchemaCannotSayHasItsNumber() throws {
        let title = JSONNode.string("a\u{202E}b")
        let form: JSONNode = ["type": "change", "id": 1, "conversation": "c", "client_id": "k", "title": title]
        var decoder = FrameDecoder()
        let failure = try #require(throws: DecodeFailure.self) { try decoder.decode(ByteBuffer(string: form.compact)) }
        let beyond = try #require(Contract.request("change")?.beyond.first { $0.field == "title" })
        #expect(failure.refusal.code == beyond.code && failure.refusal.field == beyond.field)
    }

    @Test func everyTypeOfTheDecoderIsDescribed() throws {
        var types: Set<String> = []
        for name in ["FrameDecoder", "FrameDecoder+Messages", "FrameDecoder+Groups", "FrameDecoder+Questions"] {
            for match in try text("Sources/ParleyWire/Frames/\(name).swift").matches(of: /case "(\w+)"/) {
                types.insert(String(match.1))
            }
        }
        #expect(types == Set(Contract.requests.map(\.type)))
        #expect(Contract.requests.count == types.count)
    }

    // MARK: Golden frames

    @Test func everyGoldenRequestIsDescribed() throws {
        let frames = try golden("client.txt")
        #expect(
            Set(frames.map { $0.frame }.compactMap { try? JSONNode(object: Array($0.utf8))["type"]?.text })
                == Set(Contract.requests.map(\.type)))
        for (name, frame) in frames {
            #expect(Contract.fault(inRequest: try JSONNode(object: Array(frame.utf8))) == nil, "\(name)")
        }
    }

    /// Every answer and push that the encoder writes is a golden line, so this holds encoder and description together.
    @Test func everyGoldenAnswerIsDescribed() throws {
        var seen: Set<String> = []
        for (name, frame) in try golden("server.txt") {
            let node = try JSONNode(object: Array(frame.utf8))
            #expect(Contract.fault(inServerFrame: node) == nil, "\(name)")
            seen.insert(Contract.serverFrame(node)?.name ?? name)
            #expect(node.compact == frame, "\(name): read and written again it is the same")
        }
        #expect(seen == Set(Contract.serverFrames.map(\.name)))
    }

    /// No field of a golden answer can be left out, renamed or of another type without the description noticing.
    @Test func aChangedAnswerIsNoticed() throws {
        var noticed = 0
        for (name, frame) in try golden("server.txt") {
            let node = try JSONNode(object: Array(frame.utf8))
            guard let form = Contract.serverFrame(node)?.form else { continue }
            for (index, member) in node.members.enumerated() {
                var members = node.members
                members[index].name += "_"
                #expect(form.fault(in: members) != nil, "\(name).\(member.name) renamed")
                members = node.members
                members[index].value = .null
                #expect(form.fault(in: members) != nil, "\(name).\(member.name) of another type")
                noticed += 2
            }
        }
        #expect(noticed > 400)
    }

    @Test func everyExampleIsAGoldenFrame() throws {
        let frames = try golden("client.txt").map { try JSONNode(object: Array($0.frame.utf8)) }
        for request in Contract.requests {
            let example = try JSONNode(object: Array(request.example.utf8))
            let isGolden = frames.contains { frame in
                frame["type"]?.text == request.type
                    && frame.members.filter { $0.name != "type" && $0.name != "id" } == example.members
            }
            #expect(isGolden || request.type == "link", "\(request.type)")
            #expect(request.body.fault(in: example) == nil || request.type == "auth", "\(request.type)")
        }
    }

    // MARK: Documents

    @Test(arguments: ["openapi", "asyncapi", "jsonschema"]) func theDocumentsAreUpToDate(_ name: String) throws {
        let document = ["openapi": Contract.openAPI, "asyncapi": Contract.asyncAPI, "jsonschema": Contract.jsonSchema][name]
        let file = try text("docs/contract/\(name).json")
        #expect(file == document?.pretty, "parley schema \(name) > docs/contract/\(name).json")
    }

    @Test func everyReferenceOfTheDocumentsLeadsSomewhere() throws {
        for document in [Contract.openAPI, Contract.asyncAPI, Contract.jsonSchema] {
            var references: Set<String> = []
            Self.collect(document, into: &references)
            #expect(references.count > 20)
            for reference in references {
                var node: JSONNode? = document
                for step in reference.split(separator: "/").dropFirst() { node = node?[String(step)] }
                #expect(node != nil, "\(reference)")
            }
        }
    }

    private static func collect(_ node: JSONNode, into references: inout Set<String>) {
        if let reference = node["$ref"]?.text { references.insert(reference) }
        for member in node.members { self.collect(member.value, into: &references) }
        for element in node.elements { self.collect(element, into: &references) }
    }
}

/// A request whose type is said by the path is the same request.
@Suite struct TypedRequestTests {
    @Test func everyGoldenRequestIsTheSameByItsPath() throws {
        var decoder = FrameDecoder()
        for (name, frame) in try golden("client.txt") {
            let type = try #require(JSONNode(object: Array(frame.utf8))["type"]?.text)
            let body = "{" + frame.dropFirst(#"{"type":"\#(type)","#.count)
            let typed = try TypedRequest.frame(type, ByteBuffer(string: " \n" + body))
            #expect(try decoder.decode(typed) == decoder.decode(ByteBuffer(string: frame)), "\(name)")
        }
    }

    @Test(arguments: [
        ("{}", #"{"type":"ping","id":0}"#), (" {} ", #"{"type":"ping","id":0} "#), (#"{"id":3}"#, #"{"type":"ping","id":3}"#),
        (#"{"a":{"type":1}}"#, #"{"type":"ping","id":0,"a":{"type":1}}"#), ("[", "["), ("", ""), ("{", "{"), ("null", "null"),
        (#"{"id":1,"id":2}"#, #"{"id":1,"id":2}"#),
    ])
    func theTypeIsPutBeforeTheFields(_ body: String, _ frame: String) throws {
        #expect(String(buffer: try TypedRequest.frame("ping", ByteBuffer(string: body))) == frame)
    }

    @Test func theBodyHasNoType() {
        #expect(throws: Refusal(.unknownField, field: "type", rule: "not a field here: the path says it")) {
            try TypedRequest.frame("ping", ByteBuffer(string: #"{"type":"ping"}"#))
        }
    }
}
