import Foundation

func makeFolder(_ path: String) { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
func removeFolder(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

func permissions(of path: String) throws -> Int {
    (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) ?? 0
}
