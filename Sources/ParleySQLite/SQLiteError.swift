import CSQLite
import ParleyDomain

/// What SQLite answered instead of doing the work, as a value.
package struct SQLiteError: Error, Sendable, Equatable {
    /// The extended result code, such as `SQLITE_IOERR_FSYNC`.
    package var code: Int32
    package var message: String
    /// Whether the file answered, and a row of it fails our own checks: what needs that row fails, and nothing else.
    let isDamagedRow: Bool

    package init(code: Int32, message: String) {
        self.init(code: code, message: message, isDamagedRow: false)
    }

    private init(code: Int32, message: String, isDamagedRow: Bool) {
        self.code = code
        self.message = message
        self.isDamagedRow = isDamagedRow
    }

    /// The lower byte: the kind of error without its detail.
    package var primary: Int32 { self.code & 0xFF }

    /// Stored bytes that cannot be what we wrote: never served, never used for a decision.
    static func corrupt(_ message: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: message, isDamagedRow: true)
    }

    /// Whether the device or its file system failed. After that a later success proves nothing (F28).
    var isDeviceFailure: Bool { self.primary == SQLITE_IOERR }

    /// The failure as the ports name it, for a call of which nothing was stored.
    var failure: StoreFailure {
        switch self.primary {
        case SQLITE_FULL:
            .full("The disk is full: make room in the data folder, then try again.")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            .corrupt("The database is damaged (\(self.message)). Stop the server and restore a backup.")
        default:
            .unavailable("The database did not answer (\(self.message), code \(self.code)).")
        }
    }
}
