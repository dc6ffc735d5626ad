/// The page's modules joined into few files: one of all that the page needs at its start, and one for each part that it loads later.
///
/// Each module becomes a function that returns what the module exports, in the order in which a browser would run them. The first file ends with
/// the entry itself. docs/decisions/0014 says why the server does this and no build step.
struct ScriptBundle {
    /// One file: the module that asks for it, and those that come with it, in the order in which they run.
    private struct Chunk {
        var entry: String
        var members: [ScriptModule]
    }

    /// Texts by path.
    private(set) var files: [String: String] = [:]
    private let version: String
    private var modules: [String: ScriptModule] = [:]
    private var chunks: [Chunk] = []
    /// The entry of the chunk that each module is in.
    private var home: [String: String] = [:]

    /// Joins what `entry` reaches. Nil if a module of the first file is written in a form that is not understood, or if two import each other: then
    /// the page is served as it stands. `version` becomes a part of the names.
    init?(entry: String, sources: [String: String], version: String) {
        self.version = version
        for (path, text) in sources where path.hasSuffix(".js") { self.modules[path] = ScriptModule(path: path, text: text) }
        guard self.gather(entry), self.modules[entry]?.exports.isEmpty == true else { return nil }
        // A part that is loaded later may load others; one that cannot be joined is loaded as it stands.
        var next = 0
        while next < self.chunks.count {
            for member in self.chunks[next].members {
                for later in member.later where self.home[later.path] == nil { _ = self.gather(later.path) }
            }
            next += 1
        }
        for chunk in self.chunks { self.files[self.name(chunk.entry)] = self.text(of: chunk) }
    }

    /// The path of the file that begins with this module.
    func name(_ entry: String) -> String { PageBundle.versioned(entry, self.version) }

    /// Whether `entry` and all that it imports, and no other chunk has, became a chunk.
    private mutating func gather(_ entry: String) -> Bool {
        var members: [ScriptModule] = []
        var seen: Set<String> = []
        guard self.visit(entry, above: [], &seen, &members) else { return false }
        self.chunks.append(Chunk(entry: entry, members: members))
        for member in members { self.home[member.path] = entry }
        return true
    }

    /// Adds the module at `path`, behind those that it imports. `above`: those that led here.
    private func visit(
        _ path: String, above: Set<String>, _ seen: inout Set<String>, _ members: inout [ScriptModule]
    ) -> Bool {
        guard !above.contains(path) else { return false }
        guard self.home[path] == nil, seen.insert(path).inserted else { return true }
        guard let module = self.modules[path] else { return false }
        for each in module.imports where !self.visit(each.path, above: above.union([path]), &seen, &members) { return false }
        members.append(module)
        return true
    }

    private func text(of chunk: Chunk) -> String {
        let isFirst = chunk.entry == self.chunks.first?.entry
        var text = ""
        for other in self.chunks where other.entry != chunk.entry {
            let names = self.wanted(by: chunk, from: other)
            guard !names.isEmpty else { continue }
            let path = PagePath.relative(self.name(other.entry), from: chunk.entry)
            text += "import { \(names.joined(separator: ", ")) } from '\(path)';\n"
        }
        // Before the entry runs: it may wait, and what is loaded meanwhile asks for these.
        let given = Set(self.chunks.filter { $0.entry != chunk.entry }.flatMap { self.wanted(by: $0, from: chunk) }).sorted()
        if !given.isEmpty { text += "export { \(given.joined(separator: ", ")) };\n" }
        for member in chunk.members {
            text += "// \(member.path)\n"
            if isFirst && member.path == chunk.entry {
                text += self.head(of: member) + self.body(of: member, in: chunk)
            } else {
                text += "const \(Self.variable(member.path)) = (() => {\n"
                text += self.head(of: member) + self.body(of: member, in: chunk)
                text += "return { \(member.exports.joined(separator: ", ")) };\n})();\n"
            }
        }
        guard !isFirst, let entry = chunk.members.last, !entry.exports.isEmpty else { return text }
        return text + "export const { \(entry.exports.joined(separator: ", ")) } = \(Self.variable(entry.path));\n"
    }

    /// The variables of another chunk's modules that this one needs.
    private func wanted(by chunk: Chunk, from other: Chunk) -> [String] {
        let paths = chunk.members.flatMap(\.imports).filter { !$0.names.isEmpty && self.home[$0.path] == other.entry }.map(\.path)
        return Set(paths).sorted().map(Self.variable)
    }

    private func head(of module: ScriptModule) -> String {
        module.imports.filter { !$0.names.isEmpty }.map { "const \($0.names) = \(Self.variable($0.path));\n" }.joined()
    }

    private func body(of module: ScriptModule, in chunk: Chunk) -> String {
        module.later.reduce(module.body) { body, later in
            let target = self.home[later.path] == later.path ? self.name(later.path) : later.path
            return body.replacing("import('\(later.written)')", with: "import('\(PagePath.relative(target, from: chunk.entry))')")
        }
    }

    /// The name that holds what the module exports: its path, with signs that a name may have.
    private static func variable(_ path: String) -> String {
        "$" + String(path.dropLast(".js".count).map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }
}
