import ArgumentParser
import ParleyContract
import ParleyServer

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the protocol for machines, and the metrics for operators.",
        discussion: """
            openapi: the calls of HTTP; a running server gives the same at /v1/openapi.json. asyncapi: the socket. jsonschema: every frame. \
            metrics: what GET /metrics tells, as docs/operating.md has it.

            Example: parley schema openapi > openapi.json
            """)

    enum Document: String, ExpressibleByArgument, CaseIterable {
        case openapi, asyncapi, jsonschema, metrics
    }

    @Argument(help: "openapi, asyncapi, jsonschema or metrics.")
    var document: Document

    func run() throws {
        let text =
            switch self.document {
            case .openapi: Contract.openAPI.pretty
            case .asyncapi: Contract.asyncAPI.pretty
            case .jsonschema: Contract.jsonSchema.pretty
            case .metrics: Metric.markdown
            }
        try report { try say(text, terminator: "") }
    }
}
