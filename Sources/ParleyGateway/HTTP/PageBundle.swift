import Crypto

/// A page with its scripts and style sheets joined, so that a first visit needs a handful of requests, and a later one asks for the page alone.
///
/// The names carry a hash of all that was joined: the page itself is checked at each visit, the rest is kept for good.
struct PageBundle {
    /// Texts by path, the page among them.
    private(set) var files: [String: String]

    private static let scriptBegin = "<script type=\"module\" src=\""
    private static let styleBegin = "<link rel=\"stylesheet\" href=\""

    /// Nil if the page has no single module as its entry, or one that cannot be joined.
    init?(page path: String, sources: [String: String]) {
        guard let page = sources[path] else { return nil }
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let entries = lines.compactMap { Self.address($0, after: Self.scriptBegin) }
        let sheets = lines.compactMap { Self.address($0, after: Self.styleBegin) }
        let styles = sheets.compactMap { sources[$0] }
        guard entries.count == 1, let entry = entries.first, styles.count == sheets.count else { return nil }
        let version = Self.version(of: sources)
        guard let script = ScriptBundle(entry: entry, sources: sources, version: version) else { return nil }
        self.files = script.files
        var joined = lines.filter { Self.address($0, after: Self.styleBegin) == nil }
        if let first = sheets.first, let place = lines.firstIndex(where: { $0.hasPrefix(Self.styleBegin) }) {
            let name = Self.versioned(first, version)
            self.files[name] = styles.joined()
            joined.insert("\(Self.styleBegin)\(name)\">", at: place)
        }
        self.files[path] = joined.joined(separator: "\n").replacing(
            "\(Self.scriptBegin)\(entry)\"", with: "\(Self.scriptBegin)\(script.name(entry))\"")
    }

    /// `app/main.js` as `app/main.3f9a01bc.js`.
    static func versioned(_ path: String, _ version: String) -> String {
        guard let dot = path.lastIndex(of: ".") else { return path + "." + version }
        return "\(path[..<dot]).\(version)\(path[dot...])"
    }

    private static func address(_ line: Substring, after begin: String) -> String? {
        line.hasPrefix(begin) ? String(line.dropFirst(begin.count).prefix { $0 != "\"" }) : nil
    }

    private static func version(of sources: [String: String]) -> String {
        var hash = SHA256()
        for (path, text) in sources.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Array("\(path)\n\(text.utf8.count)\n\(text)".utf8))
        }
        return hash.finalize().prefix(8).hex
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits a byte.
    var hex: String { self.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }
}
