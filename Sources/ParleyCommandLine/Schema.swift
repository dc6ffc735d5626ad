import ArgumentParser
import ParleyContract

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the protocol for machines.",
        discussion: """
            openapi: the calls of HTTP; a running server gives the same at /v1/openapi.json. asyncapi: the socket. jsonschema: every frame.

            Example: parley schema openapi > openapi.json
            """)

    enum Document: String, ExpressibleByArgument, CaseIterable {
        case openapi, asyncapi, jsonschema
    }

    @Argument(help: "openapi, asyncapi or jsonschema.")
    var document: Document

    func run() {
        switch self.document {
        case .openapi: say(Contract.openAPI.pretty, terminator: "")
        case .asyncapi: say(Contract.asyncAPI.pretty, terminator: "")
        case .jsonschema: say(Contract.jsonSchema.pretty, terminator: "")
        }
    }
}
