// For `stat` alone: the compiler takes it for a part of whichever C module it met first, this one or Glibc.
import CNIOLinux
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Makes a file readable and writable for its owner only.
package func restrictToOwner(_ path: String) { chmod(path, 0o600) }

package func removeFile(_ path: String) { unlink(path) }

/// Whether there is a file or folder by this name.
package func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The whole of a file.
package func readFile(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw StartFailure("Cannot read \(path): \(String(cString: strerror(errno))).") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&chunk, 1, chunk.count, file)
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// The whole of a file that decides who comes in: at most 1 MiB, and nobody but its owner (who is root or ourselves) can
/// change it or, if it is secret, read it.
func readTrustedFile(_ path: String, isSecret: Bool) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StartFailure("Cannot read \(path): \(String(cString: strerror(errno))).") }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw StartFailure("\(path) is no file.") }
    guard facts.st_uid == 0 || facts.st_uid == geteuid() else {
        throw StartFailure("\(path) belongs to another user: it must be root's or this program's.")
    }
    guard facts.st_mode & (isSecret ? 0o077 : 0o022) == 0 else {
        throw StartFailure(
            isSecret
                ? "\(path) can be read by others: chmod 600 \(path)" : "\(path) can be changed by others: chmod go-w \(path)")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= 1_048_576 {
        let count = read(descriptor, &chunk, chunk.count)
        guard count >= 0 else { throw StartFailure("Cannot read \(path): \(String(cString: strerror(errno))).") }
        guard count > 0 else { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
    throw StartFailure("\(path) has more than 1 MiB.")
}

/// Writes a file that only its owner can read: it may hold secrets.
package func writePrivateFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0, let file = fdopen(descriptor, "wb") else {
        throw StartFailure("Cannot write \(path): \(String(cString: strerror(errno))).")
    }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count else { throw StartFailure("Cannot write \(path): the disk may be full.") }
}

/// Runs blocking work on a thread of its own, so that neither an event loop nor the tasks' threads wait for a disk.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let thread = NIOThreadPool(numberOfThreads: 1)
    thread.start()
    do {
        let value = try await thread.runIfActive(body)
        try await thread.shutdownGracefully()
        return value
    } catch {
        try? await thread.shutdownGracefully()
        throw error
    }
}

/// How many files this process may have open: raised to what the system allows, since each connection is one.
@discardableResult
package func raiseOpenFileLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
}

/// Puts a file that only its owner can read in the place of another, whole or not at all.
package func replaceFile(_ path: String, _ bytes: [UInt8]) throws {
    try writePrivateFile(path + ".new", bytes)
    guard rename(path + ".new", path) == 0 else {
        throw StartFailure("Cannot write \(path): \(String(cString: strerror(errno))).")
    }
}

/// Makes a folder for its owner only, and those above it; one that is there is left as it is.
package func makePrivateFolder(_ path: String) {
    var made = ""
    for part in path.split(separator: "/") {
        made += "/" + part
        mkdir(made, 0o700)
    }
}

/// The names in a folder; none where it cannot be read.
package func listFolder(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

/// Takes a file for this process alone until it ends; false where another process has it.
package func holdFile(_ path: String) -> Bool {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    return descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0
}
