import ParleyServer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes to standard output at once, also when it is a pipe.
func say(_ text: String, terminator: String = "\n") { put(text + terminator, into: STDOUT_FILENO) }

/// Writes to standard error.
func complain(_ text: String, terminator: String = "\n") { put(text + terminator, into: STDERR_FILENO) }

private func put(_ text: String, into file: Int32) {
    var bytes = ArraySlice(text.utf8)
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}

/// The web client's folder: named by `PARLEY_WEB`, in the working folder, or beside an installed program.
func findWebClient() -> String? {
    var candidates: [String] = []
    if let named = getenv("PARLEY_WEB") { candidates.append(String(cString: named)) }
    candidates.append("Web")
    var path = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    if count > 0 {
        let executable = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)]
        candidates.append("\(folder)/../share/parley/web")
    }
    return candidates.first { fileExists($0 + "/index.html") }
}
