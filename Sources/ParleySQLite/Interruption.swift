import CSQLite
import Synchronization

/// A way to end a long read from another thread.
package final class Interruption: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    package var isSet: Bool { self.flag.load(ordering: .acquiring) }
    package func interrupt() { self.flag.store(true, ordering: .releasing) }
}

extension Connection {
    /// Steps of SQLite's machine between two looks at the flag: some tens of microseconds.
    private static let stepsBetween: Int32 = 10_000

    /// Runs the body; once the interruption is set, the statement that runs in it fails with `SQLITE_INTERRUPT`.
    func whileNot<Value>(_ interruption: Interruption, _ body: () throws(SQLiteError) -> Value) throws(SQLiteError) -> Value {
        sqlite3_progress_handler(
            self.handle, Self.stepsBetween,
            { context in
                guard let context else { return 0 }
                return Unmanaged<Interruption>.fromOpaque(context).takeUnretainedValue().isSet ? 1 : 0
            }, Unmanaged.passUnretained(interruption).toOpaque())
        defer { sqlite3_progress_handler(self.handle, 0, nil, nil) }
        return try body()
    }
}
