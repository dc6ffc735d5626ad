import Glibc
import ParleyDomain
import Synchronization

/// Why a database could not be opened: one sentence that says what is wrong and what to do.
package struct OpenFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Another process has the data folder.
        case locked
        /// Made by a newer version of this program.
        case newerSchema
        /// SQLite did not take a setting without which an acknowledged message could be lost.
        case unsafeSettings
        /// There is no database, and none was to be made.
        case missing
        /// The file is a database of another program.
        case foreign
        /// The file is no database of ours, or damaged.
        case corrupt
        /// The folder or file cannot be used: rights, a network file system, no room.
        case unavailable
    }

    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    init(missingIn folder: String) {
        self.init(
            .missing,
            "There is no Parley database in \(folder). Give the data folder of a server with --data; parley serve makes one where there is none."
        )
    }

    init(foreign path: String) {
        self.init(.foreign, "\(path) is the database of another program. Give another data folder, or move the file away.")
    }

    init(opening path: String, _ error: SQLiteError) {
        switch error.failure {
        case .corrupt:
            self.init(
                .corrupt, "\(path) is damaged or no Parley database (\(error.message)). Restore a backup, or move the file away.")
        case .full:
            self.init(.unavailable, "There is no room for \(path). Make room on that disk and start again.")
        case .unavailable, .outcomeUnknown:
            self.init(
                .unavailable, "\(path) could not be opened (\(error.message), code \(error.code)). Check its owner and rights.")
        }
    }
}

/// The folder that one server process owns: made with rights for its owner only, held by a lock for life. One that is there keeps the
/// rights that it has: it may be a volume, or of the system's.
final class DataFolder: Sendable {
    let path: String
    /// The open lock file; -1 once it was given up.
    private let lock: Atomic<Int32>

    /// Makes the folder if it is missing and takes `parley.lock` in it. The system frees the lock when the process ends.
    ///
    /// - Parameter makes: Whether a folder without a database will do.
    init(path: String, makes: Bool) throws(OpenFailure) {
        self.path = path
        guard makes || Self.bytes(of: path + "/" + SQLiteDatabase.fileName) > 0 else { throw OpenFailure(missingIn: path) }
        try Self.makeFolder(path)
        try Self.refuseNetworkFileSystem(path)
        let file = path + "/parley.lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let held = errno == EWOULDBLOCK
            close(descriptor)
            guard held else { throw Self.failure("lock", file) }
            throw OpenFailure(
                .locked,
                "Another Parley process has the data folder \(path). Stop it first, or start this one with another data folder.")
        }
        self.lock = Atomic(descriptor)
    }

    deinit { self.release() }

    /// Whether others than its owner can enter the folder, or list it.
    var isOpenToOthers: Bool {
        var facts = stat()
        return stat(self.path, &facts) == 0 && facts.st_mode & 0o077 != 0
    }

    /// 0 where there is no such file.
    static func bytes(of file: String) -> Int {
        var facts = stat()
        return stat(file, &facts) == 0 ? Int(facts.st_size) : 0
    }

    /// Lets another process have the folder.
    func release() {
        let descriptor = self.lock.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Makes the file if it is missing, so that it has our rights before SQLite opens it; SQLite gives its own files
    /// (the log and its index) the same.
    func file(_ name: String) throws(OpenFailure) -> String {
        let file = self.path + "/" + name
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", file) }
        close(descriptor)
        // The name of a new file is durable only once its folder is.
        let folder = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure("open", self.path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure("sync", self.path) }
        return file
    }

    private static func makeFolder(_ path: String) throws(OpenFailure) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw self.failure("make", path)
        }
        try self.makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw self.failure("make", path) }
    }

    /// SQLite's log needs shared memory and locks that network file systems do not give (F24).
    private static func refuseNetworkFileSystem(_ path: String) throws(OpenFailure) {
        guard let real = realpath(path, nil) else { throw self.failure("examine", path) }
        defer { free(real) }
        let place = String(cString: real)
        var found = (point: "", type: "")
        // Lines of "device point type ..."; the longest point above the folder is where it lies. No list, no refusal.
        for line in self.text(of: "/proc/self/mounts").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, words[1].count >= found.point.count else { continue }
            let point = String(words[1])
            if point == "/" || place == point || place.hasPrefix(point + "/") { found = (point, String(words[2])) }
        }
        let network: Set<String> = [
            "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "afs", "ncpfs", "glusterfs", "fuse.sshfs", "fuse.glusterfs",
        ]
        guard network.contains(found.type) else { return }
        throw OpenFailure(
            .unavailable, "The data folder \(path) is on a network file system (\(found.type)). Choose a folder on a local disk.")
    }

    private static func text(of file: String) -> String {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }

    private static func failure(_ verb: String, _ path: String) -> OpenFailure {
        let reason = String(cString: strerror(errno))
        return OpenFailure(
            .unavailable, "Cannot \(verb) \(path): \(reason). Check the owner, the rights and the room of its folder.")
    }
}
