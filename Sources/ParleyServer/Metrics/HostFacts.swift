// For `stat` alone, as in Files.swift.
import CNIOLinux

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the kernel knows of this process and its files. Zero stands for what cannot be found out.
struct HostFacts: Sendable {
    var residentBytes = 0
    var openFiles = 0
    var openFilesMax = 0
    var processorSeconds = 0.0
    var databaseBytes = 0
    var logBytes = 0
    var freeBytes = 0

    init() {}

    /// Looks. Blocks for as long as the file system does.
    init(dataFolder folder: String) {
        let database = folder + "/parley.sqlite"
        self.databaseBytes = Self.size(of: database)
        self.logBytes = Self.size(of: database + "-wal")
        var disk = statvfs()
        if statvfs(folder, &disk) == 0 { self.freeBytes = Int(clamping: UInt64(disk.f_bavail) &* UInt64(disk.f_frsize)) }
        // The second word is the number of resident pages (proc(5)).
        let pages = ((try? readFile("/proc/self/statm")) ?? []).split(separator: UInt8(ascii: " ")).dropFirst().first
        self.residentBytes = (pages.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
        // The folder itself is open while it is read.
        self.openFiles = max(0, listFolder("/proc/self/fd").count - 1)
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            self.openFilesMax = Int(clamping: limit.rlim_cur)
        }
        var used = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &used) == 0 {
            self.processorSeconds = Self.seconds(used.ru_utime) + Self.seconds(used.ru_stime)
        }
    }

    private static func size(of path: String) -> Int {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int(facts.st_size) : 0
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
}
