import Foundation

/// The frames that every encoding and every implementation agrees on: `docs/golden/*.txt`.
enum GoldenFrames {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Name and frame of each line.
    static func read(_ file: String) throws -> [(name: String, frame: String)] {
        let text = try String(contentsOf: Self.root.appending(path: "docs/golden/\(file)"), encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let parts = line.split(separator: "\t", maxSplits: 1)
            return (String(parts[0]), String(parts[1]))
        }
    }
}
