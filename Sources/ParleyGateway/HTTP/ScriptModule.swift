/// One module of the page's script: what it imports and exports, and the rest of its text.
///
/// Only the forms that the page uses are understood, each at the start of a line: `import { a, b as c } from './x.js';`, `import './x.js';`, and
/// `export` before a function, a constant or a class. What is written otherwise is no module that can be joined to others.
struct ScriptModule: Sendable {
    struct Import: Sendable {
        /// The names as a pattern that takes an object apart, `{ a, b: c }`; empty where none is wanted.
        var names: String
        /// From the root of the page's folder.
        var path: String
    }

    /// An `import('./x.js')` in the text, which loads a module when it is wanted.
    struct Later: Sendable {
        var written: String
        var path: String
    }

    let path: String
    private(set) var imports: [Import] = []
    private(set) var exports: [String] = []
    private(set) var later: [Later] = []
    private(set) var body = ""

    init?(path: String, text: String) {
        self.path = path
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("import ") {
                guard let found = Self.imported(by: line, in: path) else { return nil }
                self.imports.append(found)
            } else if line.hasPrefix("export ") {
                let declaration = line.dropFirst("export ".count)
                guard let name = Self.declared(by: declaration) else { return nil }
                self.exports.append(name)
                self.body += declaration + "\n"
            } else {
                self.body += line + "\n"
            }
        }
        for part in self.body.split(separator: "import('", omittingEmptySubsequences: false).dropFirst() {
            let written = String(part.prefix { $0 != "'" })
            self.later.append(Later(written: written, path: PagePath.resolve(written, in: path)))
        }
    }

    private static func imported(by line: Substring, in path: String) -> Import? {
        let parts = line.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == ";" else { return nil }
        let target = PagePath.resolve(String(parts[1]), in: path)
        if parts[0] == "import " { return Import(names: "", path: target) }
        guard parts[0].hasPrefix("import { "), parts[0].hasSuffix(" } from ") else { return nil }
        let names = parts[0].dropFirst("import ".count).dropLast(" from ".count)
        return Import(names: String(names).replacing(" as ", with: ": "), path: target)
    }

    private static func declared(by text: Substring) -> String? {
        for form in ["async function ", "function ", "const ", "class "] where text.hasPrefix(form) {
            let name = text.dropFirst(form.count).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            return name.isEmpty ? nil : String(name)
        }
        return nil
    }
}

/// Paths inside the page's folder.
enum PagePath {
    static func folder(of path: String) -> [Substring] { path.split(separator: "/").dropLast() }

    /// What `target`, written in the file at `path`, means from the root of the folder.
    static func resolve(_ target: String, in path: String) -> String {
        var parts = Self.folder(of: path)
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// How the file at `path` writes `target`.
    static func relative(_ target: String, from path: String) -> String {
        let up = Self.folder(of: path).map { _ in "../" }.joined()
        return "./" + up + target
    }
}
