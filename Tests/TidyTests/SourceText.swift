import Foundation

/// The repository as the tests see it: the files that are in it, by their paths from its root.
enum Repository {
    /// The folder that holds `Package.swift`, three above this file.
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Paths of all files below a folder, in order. What a build or an editor leaves there begins with a dot and is left out.
    static func files(in folder: String, ending: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(ending) && !$0.split(separator: "/").contains { $0.hasPrefix(".") } }
            .map { "\(folder)/\($0)" }.sorted()
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: self.root.appending(path: path).path) }

    static func text(_ path: String) throws -> String { try String(contentsOf: self.root.appending(path: path), encoding: .utf8) }

    /// The paths that git has under version control; nil where there is no git, or this is no checkout.
    static func tracked() -> [String]? {
        let git = Process()
        let output = Pipe()
        git.executableURL = URL(filePath: "/usr/bin/env")
        git.arguments = ["git", "-c", "safe.directory=*", "-C", self.root.path, "ls-files"]
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        do { try git.run() } catch { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A Swift file with its comments and strings told apart from its code.
struct SourceText {
    let path: String
    /// The lines as they stand.
    let lines: [String]
    /// The same lines with comments and the insides of strings blanked out; interpolations stay, they are code.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        self.lines = Self.split(Array(text.utf8))
        var blanker = Blanker(bytes: Array(text.utf8))
        self.code = Self.split(blanker.run())
    }

    init(_ path: String) throws { self.init(path: path, text: try Repository.text(path)) }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The comment that ends right above a line (from 0), attributes in between left out.
    func comment(above index: Int) -> String {
        var found: [String] = []
        for line in self.lines[..<index].reversed() {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed.hasPrefix("@") { continue }
            guard trimmed.hasPrefix("//") else { break }
            found.append(trimmed)
        }
        return found.reversed().joined(separator: "\n")
    }

    /// A declaration with a body: where it stands (from 0) and over how many lines.
    struct Body: Equatable {
        var name: String
        var line: Int
        var length: Int
    }

    /// Functions, initialisers and computed properties, by counting braces. Nested ones count for themselves and for the outer one.
    var bodies: [Body] {
        let code = Array(self.code.joined(separator: "\n").utf8)
        var starts: [Int] = [0]
        for (offset, byte) in code.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        var found: [Body] = []
        for (index, line) in self.code.enumerated() {
            guard let name = Self.declaration(line), let end = Self.end(ofBodyFrom: starts[index], in: code) else { continue }
            let last = code[..<end].count { $0 == UInt8(ascii: "\n") }
            found.append(Body(name: name, line: index, length: last - index + 1))
        }
        return found
    }

    private static func declaration(_ line: String) -> String? {
        let words = line.split { " \t(<{:".contains($0) }
        for (index, word) in words.enumerated() {
            switch word {
            case "func", "var", "subscript": return words.indices.contains(index + 1) ? String(words[index + 1]) : String(word)
            case "init", "init?", "deinit": return String(word)
            case "package", "public", "private", "fileprivate", "internal", "static", "final", "override", "required",
                "convenience",
                "mutating", "nonmutating", "consuming", "borrowing", "nonisolated", "class", "private(set)":
                continue
            case _ where word.hasPrefix("@"): continue
            default: return nil
            }
        }
        return nil
    }

    /// The offset of the brace that closes the first body after `start`; nil for a declaration without one.
    private static func end(ofBodyFrom start: Int, in code: [UInt8]) -> Int? {
        var braces = 0
        var parentheses = 0
        var lineEnded = false
        for offset in start..<code.count {
            switch code[offset] {
            case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
            case UInt8(ascii: "{"): braces += 1
            case UInt8(ascii: "}"):
                braces -= 1
                // One too many: the declaration had no body, and its surroundings end here.
                if braces < 0 { return nil }
                if braces == 0, parentheses == 0 { return offset }
            case UInt8(ascii: "="):
                // A stored property.
                if braces == 0, parentheses == 0, !lineEnded { return nil }
            case UInt8(ascii: "\n"):
                guard braces == 0, parentheses == 0 else { continue }
                // A signature may go on in the next line; another declaration or an empty line ends it.
                let next = code[(offset + 1)...].prefix { $0 != UInt8(ascii: "\n") }
                let text = String(decoding: next, as: UTF8.self).trimmingCharacters(in: .whitespaces)
                let goesOn = ["->", "{", "throws", "async", "where", ")"].contains { text.hasPrefix($0) }
                if !goesOn { return nil }
                lineEnded = true
            default: continue
            }
        }
        return nil
    }
}

/// Blanks comments and strings out of Swift code, byte for byte, so that lines and columns stay.
private struct Blanker {
    let bytes: [UInt8]
    var out: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        self.out = bytes
    }

    mutating func run() -> [UInt8] {
        self.code(untilParenthesis: false)
        return self.out
    }

    private func has(_ text: StaticString, at offset: Int) -> Bool {
        text.withUTF8Buffer { offset + $0.count <= self.bytes.count && self.bytes[offset..<offset + $0.count].elementsEqual($0) }
    }

    private mutating func blank(_ count: Int) {
        for offset in self.position..<min(self.position + count, self.bytes.count) where self.bytes[offset] != UInt8(ascii: "\n")
        {
            self.out[offset] = UInt8(ascii: " ")
        }
        self.position += count
    }

    /// Goes through code, to the end, or to the parenthesis that ends an interpolation.
    private mutating func code(untilParenthesis: Bool) {
        var depth = 0
        while self.position < self.bytes.count {
            if self.has("//", at: self.position) {
                self.blank(self.bytes[self.position...].prefix { $0 != UInt8(ascii: "\n") }.count)
            } else if self.has("/*", at: self.position) {
                self.blockComment()
            } else if let hashes = self.stringStart() {
                self.string(hashes: hashes)
            } else {
                let byte = self.bytes[self.position]
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                self.position += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if self.has("/*", at: self.position) {
                depth += 1
                self.blank(2)
            } else if self.has("*/", at: self.position) {
                depth -= 1
                self.blank(2)
            } else {
                self.blank(1)
            }
        } while depth > 0 && self.position < self.bytes.count
    }

    /// How many hashes stand before a quote that opens a string here; nil where none does.
    private func stringStart() -> Int? {
        let hashes = self.bytes[self.position...].prefix { $0 == UInt8(ascii: "#") }.count
        return self.has("\"", at: self.position + hashes) ? hashes : nil
    }

    private mutating func string(hashes: Int) {
        self.position += hashes
        let isLong = self.has("\"\"\"", at: self.position)
        let quote = isLong ? 3 : 1
        self.position += quote
        while self.position < self.bytes.count {
            if self.has("\\", at: self.position), self.hashes(hashes, at: self.position + 1) {
                let escaped = self.position + 1 + hashes
                if self.has("(", at: escaped) {
                    self.position = escaped + 1
                    self.code(untilParenthesis: true)
                    self.position += 1
                } else {
                    self.blank(2 + hashes)
                }
            } else if self.has(isLong ? "\"\"\"" : "\"", at: self.position), self.hashes(hashes, at: self.position + quote) {
                self.position += quote + hashes
                return
            } else {
                self.blank(1)
            }
        }
    }

    private func hashes(_ count: Int, at offset: Int) -> Bool {
        offset + count <= self.bytes.count && self.bytes[offset..<offset + count].allSatisfy { $0 == UInt8(ascii: "#") }
    }
}
