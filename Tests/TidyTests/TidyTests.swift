import Foundation
import Testing

/// What is forbidden in the code of `Sources`: a pattern, why, and what to do instead.
struct CodeRule: Sendable, CustomStringConvertible {
    var pattern: String
    var advice: String
    /// Paths that begin so are looked at.
    var folders: [String] = ["Sources/"]
    /// Whole paths that may: each with its reason beside it.
    var except: Set<String> = []
    /// A line that the rule must see, and one that it must not: a rule that finds nothing proves nothing.
    var bad: String
    var good: String

    var description: String { self.pattern }

    func findings(in file: SourceText) throws -> [String] {
        guard self.folders.contains(where: { file.path.hasPrefix($0) }), !self.except.contains(file.path) else { return [] }
        let expression = try NSRegularExpression(pattern: self.pattern)
        return file.code.enumerated().compactMap { index, line in
            expression.firstMatch(in: line, range: NSRange(line.startIndex..., in: line)) == nil
                ? nil : "\(file.path):\(index + 1): \(self.advice)\n    \(file.lines[index].trimmingCharacters(in: .whitespaces))"
        }
    }

    static let all = [
        CodeRule(
            pattern: #"\btry!"#, advice: "try! stops the server: catch the error, or say it in the signature.",
            bad: "try! open()",
            good: "try? open()"),
        CodeRule(
            pattern: #"[\w\)\]]!(?![=\w])"#, advice: "a forced unwrap stops the server: use guard let and say what else happens.",
            bad: "let a = b[0]!.c", good: "guard a != b, !c else { return }"),
        CodeRule(
            pattern: #"(?<![\w.])print\("#, advice: "print is nobody's log: use the Logger, or say and complain for a person.",
            bad: "print(text)", good: "blueprint(text); run(onListening: print)"),
        CodeRule(
            pattern: #"(?<!\w)Date\(\)"#,
            advice: "a clock read in passing cannot be wound by a test: take the time as a parameter.",
            bad: "let now = Date()", good: "let date = HTTPDate()"),
        CodeRule(
            pattern: #"\bfatalError\("#, advice: "fatalError stops the server for everybody: answer an error.",
            bad: "fatalError()",
            good: "fatalErrors(1)"),
        CodeRule(
            pattern: #"(?<!\w)Task(\.detached)?\s*[{(]"#,
            advice: "a task of its own outlives its reason: use the event loop, a pool, or a task group.",
            // The one task of a connection: it ends as soon as the credential is checked.
            except: ["Sources/ParleyEngine/Sessions/Connection.swift"], bad: "Task { await run() }", good: "onTask { run() }"),
        CodeRule(
            pattern: #"\b(async|await)\b"#, advice: "a decision never waits: the engine waits, the domain is told the outcome.",
            folders: ["Sources/ParleyDomain/"], bad: "func read() async -> Int", good: "let awaited = 1"),
    ]
}

/// Which modules a room may import; everything else is refused. The table of `docs/ARCHITECTURE.md`, as a test.
///
/// Platform: what comes with the toolchain and is wanted only where the world is touched.
private let platform: Set<String> = ["Synchronization", "Glibc", "Musl"]

private let mayImport: [String: Set<String>] = [
    "ParleyDomain": ["DequeModule"],
    "ParleyWire": ["ParleyDomain", "NIOCore"],
    "ParleyContract": ["ParleyDomain", "ParleyWire"],
    // Swift: by name only for `_nfc`, in NamePolicy.swift, which says why.
    "ParleyEngine": platform.union([
        "ParleyDomain", "ParleyWire", "NIOCore", "NIOPosix", "DequeModule", "Crypto", "CryptoExtras", "Logging", "CArgon2",
        "Swift",
    ]),
    // FoundationEssentials: Hummingbird brings it anyway, and one file needs a type of it.
    "ParleyGateway": platform.union([
        "ParleyDomain", "ParleyWire", "ParleyEngine", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL", "Hummingbird",
        "HummingbirdCore",
        "HTTPTypes", "CZlib",
        "Crypto", "Logging", "ServiceLifecycle", "FoundationEssentials", "Foundation",
    ]),
    "ParleySQLite": platform.union(["ParleyDomain", "CSQLite"]),
    "ParleyClient": [
        "ParleyDomain", "ParleyWire", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL", "Synchronization",
    ],
    "ParleyImport": ["ParleyDomain"],
    "ParleyServer": platform.union([
        "ParleyDomain", "ParleyContract", "ParleyEngine", "ParleyGateway", "ParleyImport", "ParleySQLite", "NIOCore", "NIOPosix",
        "CNIOLinux", "Hummingbird", "Logging", "ServiceLifecycle", "UnixSignals",
    ]),
    "ParleyCommandLine": platform.union([
        "ParleyDomain", "ParleyWire", "ParleyContract", "ParleyClient", "ParleyServer", "ParleySQLite", "ParleyImport",
        "ArgumentParser",
        "Logging", "NIOCore", "NIOPosix", "NIOHTTP1",
    ]),
    "parley": ["ParleyCommandLine", "ArgumentParser"],
    "ParleyTestKit": ["ParleyDomain", "ParleyWire", "ParleyClient", "NIOCore", "DequeModule", "Synchronization"],
]

private func module(of path: String) -> String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

/// All files of `Sources`, read and scanned once for all tests.
private let scanned: Result<[SourceText], any Error> = Result {
    try Repository.files(in: "Sources", ending: ".swift").map { try SourceText($0) }
}

private func sources() throws -> [SourceText] { try scanned.get() }

private func expectNone(_ findings: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(findings.isEmpty, "\n\(findings.joined(separator: "\n"))", sourceLocation: sourceLocation)
}

/// The style of the sources, held by tests: each failure names file, line and what to do.
@Suite struct CodeTests {
    @Test(arguments: CodeRule.all) func nothingForbiddenIsInTheCode(_ rule: CodeRule) throws {
        expectNone(try sources().flatMap { try rule.findings(in: $0) })
    }

    @Test(arguments: CodeRule.all) func everyRuleSeesWhatItForbidsAndNothingElse(_ rule: CodeRule) throws {
        let path = (rule.folders.first ?? "") + "Made.swift"
        let comment = "// \(rule.bad)\n/* \(rule.bad) */ let a = \"\(rule.bad.replacing("\"", with: ""))\"\n"
        #expect(try rule.findings(in: SourceText(path: path, text: rule.bad)).count == 1)
        #expect(try rule.findings(in: SourceText(path: path, text: rule.good)) == [])
        #expect(
            try rule.findings(in: SourceText(path: path, text: comment)) == [], "in comments and strings anything may be said")
    }

    @Test func roomsImportOnlyWhatTheyMay() throws {
        var findings: [String] = []
        for file in try sources() {
            guard let allowed = mayImport[module(of: file.path)] else {
                findings.append(
                    "\(file.path):1: a module that the table in TidyTests does not know: add its row, and say why it exists.")
                continue
            }
            for (index, line) in file.code.enumerated() {
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 2, place + 1 < words.count else { continue }
                let name =
                    words[words[place + 1] == "struct" ? place + 2 : place + 1].split(separator: ".").first.map(String.init) ?? ""
                guard !allowed.contains(name) else { continue }
                findings.append(
                    "\(file.path):\(index + 1): \(module(of: file.path)) may not import \(name): move the code, or change the table in TidyTests and docs/ARCHITECTURE.md."
                )
            }
        }
        expectNone(findings)
    }

    @Test func uncheckedPromisesSayWhyTheyHold() throws {
        var findings: [String] = []
        for file in try sources() {
            for (index, line) in file.code.enumerated()
            where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
                guard !file.comment(above: index).lowercased().contains("sound") else { continue }
                findings.append(
                    "\(file.path):\(index + 1): say in the comment above why this is sound: who touches the state, and when.")
            }
        }
        expectNone(findings)
    }

    @Test func nothingIsLeftForLater() throws {
        var findings: [String] = []
        for file in try sources() {
            for (index, line) in file.lines.enumerated() where ["TODO", "FIXME", "XXX"].contains(where: { line.contains($0) }) {
                findings.append("\(file.path):\(index + 1): do it, or write an issue: a note in the code is read by nobody.")
            }
        }
        expectNone(findings)
    }

    @Test func filesAndFunctionsAreShort() throws {
        var findings: [String] = []
        for file in try sources() {
            let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
            if count > 420 { findings.append("\(file.path):1: \(count) lines; split it by what it is about (420 at most).") }
            for body in file.bodies where body.length > 70 {
                findings.append(
                    "\(file.path):\(body.line + 1): \(body.name) has \(body.length) lines; give its parts names (70 at most).")
            }
        }
        expectNone(findings)
    }

    @Test func theScannerCountsWhatIsThere() {
        let text = #"""
            struct A {
                var stored = 1
                var computed: Int { 1 }
                func short() { run { $0 } }
                // func commented() {
                func long(
                    a: Int = f(1), b: String = "}{ \(a) {"
                ) throws -> [Int]
                {
                    let text = "{"
                    return [1]
                }
            }
            protocol B {
                func bodiless() -> Int
                var required: Int { get }
            }
            """#
        let bodies = SourceText(path: "A.swift", text: text).bodies
        #expect(bodies.map(\.name) == ["computed", "short", "long", "required"])
        #expect(bodies.map(\.length) == [1, 1, 7, 1])
    }
}

/// The papers: they name only what exists, and every requirement stands in the table of tests.
@Suite struct PaperTests {
    private static func papers() -> [String] {
        ["README.md", "CONTRIBUTING.md"].filter { Repository.exists($0) } + Repository.files(in: "docs", ending: ".md")
    }

    /// Lines outside of fenced blocks, with their numbers from 1.
    private static func prose(_ path: String) throws -> [(number: Int, text: String)] {
        var isCode = false
        var found: [(Int, String)] = []
        for (index, line) in try Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") { isCode.toggle() } else if !isCode { found.append((index + 1, String(line))) }
        }
        return found
    }

    private static func matches(_ pattern: String, in text: String) throws -> [String] {
        let expression = try NSRegularExpression(pattern: pattern)
        return expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).compactMap {
            Range($0.range(at: 1), in: text).map { String(text[$0]) }
        }
    }

    @Test func everyFileThatIsNamedExists() throws {
        var findings: [String] = []
        for paper in Self.papers() {
            let folder = paper.split(separator: "/").dropLast().joined(separator: "/")
            for (number, text) in try Self.prose(paper) {
                // In backquotes: a path from the root with a slash and an extension.
                for path in try Self.matches("`([A-Za-z0-9_.+-]+(?:/[A-Za-z0-9_.+-]+)+\\.[a-z]{1,5})`", in: text)
                where !Repository.exists(path) {
                    findings.append("\(paper):\(number): there is no \(path): write its path from the root, or leave it out.")
                }
                // Links, from where the paper stands.
                for link in try Self.matches("\\]\\(([^)#:]+)(?:#[^)]*)?\\)", in: text)
                where !Repository.exists(folder.isEmpty ? link : "\(folder)/\(link)") {
                    findings.append("\(paper):\(number): the link to \(link) leads nowhere.")
                }
            }
        }
        expectNone(findings)
    }

    @Test func everyPaperHasOneTitle() throws {
        var findings: [String] = []
        for paper in Self.papers() {
            let titles = try Self.prose(paper).filter { $0.text.hasPrefix("# ") }
            if titles.count != 1 {
                findings.append("\(paper):\(titles.last?.number ?? 1): \(titles.count) titles; one line begins with `# `.")
            }
        }
        expectNone(findings)
    }

    /// The cells of a row of the table in `docs/coverage.md`.
    private struct Row {
        var number: Int
        var cells: [String]
    }

    private static func rows() throws -> [Row] {
        try self.prose("docs/coverage.md").compactMap { number, text in
            let cells = text.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, cells[0].wholeMatch(of: /[RBA][0-9]+/) != nil else { return nil }
            return Row(number: number, cells: cells)
        }
    }

    @Test func everyRequirementHasOneRow() throws {
        let wanted =
            (1...121).map { "R\($0)" } + (1...16).map { "B\($0)" }
            + [2, 14, 16, 28, 29, 30, 31, 32, 33, 49, 50].map { "A\($0)" }
        let found = try Self.rows().map { $0.cells[0] }
        let missing = wanted.filter { !found.contains($0) }
        let wrong = Set(found.filter { name in !wanted.contains(name) || found.count { $0 == name } > 1 })
        #expect(missing.isEmpty, "docs/coverage.md:1: no row for \(missing.joined(separator: ", "))")
        #expect(
            wrong.isEmpty,
            "docs/coverage.md:1: more than one row, or no such requirement: \(wrong.sorted().joined(separator: ", "))")
    }

    /// Names of tests: functions of Swift and Python, and the sentences of the contract suites.
    private static func tests() throws -> Set<String> {
        var names: Set<String> = []
        for path in Repository.files(in: "Tests", ending: ".swift") {
            names.formUnion(try self.matches("\\bfunc ([A-Za-z0-9_]+)\\s*[(<]", in: Repository.text(path)))
        }
        for path in Repository.files(in: "Sources/ParleyTestKit", ending: ".swift") {
            names.formUnion(try self.matches("ContractCase\\(\\s*\"([^\"]+)\"", in: Repository.text(path)))
        }
        for path in Repository.files(in: "verify", ending: ".py") {
            names.formUnion(try self.matches("\\bdef (test_[A-Za-z0-9_]+)\\(", in: Repository.text(path)))
        }
        return names
    }

    @Test func everyTestThatTheTableNamesExists() throws {
        let tests = try Self.tests()
        var findings: [String] = []
        for row in try Self.rows() {
            for name in try Self.matches("`([^`]+)`", in: row.cells[2]) {
                guard !(name.contains("/") ? Repository.exists(name) : tests.contains(name)) else { continue }
                findings.append(
                    "docs/coverage.md:\(row.number): \(row.cells[0]) names \(name), which is no test: name the one that holds it, or say `not yet`."
                )
            }
        }
        expectNone(findings)
    }
}

@Suite struct CheckoutTests {
    @Test func nothingThatWasBuiltIsUnderVersionControl() {
        let tracked = Repository.tracked() ?? []
        let built = tracked.filter { path in
            path.hasSuffix("Package.resolved") || path.split(separator: "/").contains { $0.hasPrefix(".build") || $0 == ".venv" }
        }
        expectNone(built.map { "\($0):1: it was built or resolved on one machine: take it out with git rm --cached." })
    }
}
