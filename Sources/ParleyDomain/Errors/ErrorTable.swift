/// The error table in the forms that documents and clients are made from.
package enum ErrorTable {
    private static var sorted: [ErrorCode] { ErrorCode.allCases.sorted { $0.rawValue < $1.rawValue } }

    /// The table of `docs/PROTOCOL.md`.
    package static var markdown: String {
        var text = "| number | name | retry | closes with | what to do |\n| --- | --- | --- | --- | --- |\n"
        for code in self.sorted {
            text +=
                "| \(code.rawValue) | \(code.name) | \(code.retry.rawValue) | \(code.closes ? String(code.closeCode) : "") | \(code.advice) |\n"
        }
        return text
    }

    /// The web client's module `errors.js`.
    package static var javaScript: String {
        var text = "// Made by `parley errors --format js`. Do not edit.\nexport const errors = {\n"
        for code in self.sorted {
            text +=
                "  \(code.rawValue): { name: \"\(code.name)\", retry: \"\(code.retry.rawValue)\", advice: \(ControlContent.quoted(code.advice)) },\n"
        }
        return text + "};\n"
    }
}
