import CSQLite

struct BenchError: Error {
    var text: String
}

/// Bytes that one row per message and reader takes in SQLite: a table without rowid, keyed by (conversation, sequence, user),
/// with the time of delivery and of reading, filled with 1,000 messages to 200 members in the order in which they are sent.
func measuredRowBytes() throws -> Double {
    var database: OpaquePointer?
    guard sqlite3_open(":memory:", &database) == SQLITE_OK else { throw BenchError(text: "no database") }
    defer { sqlite3_close(database) }
    let (messages, members) = (1_000, 200)
    let statements = [
        """
        CREATE TABLE receipts (conversation INTEGER NOT NULL, sequence INTEGER NOT NULL, user INTEGER NOT NULL,
            delivered_at INTEGER NOT NULL, read_at INTEGER NOT NULL, PRIMARY KEY (conversation, sequence, user)) STRICT, WITHOUT ROWID
        """,
        """
        WITH RECURSIVE m(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM m WHERE s < \(messages)),
            u(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM u WHERE k < \(members))
        INSERT INTO receipts SELECT 70000, 40000 + s, 1000000 + k, 1767225600000 + s, 1767225601000 + s FROM m, u ORDER BY s, k
        """,
    ]
    for sql in statements {
        guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
            throw BenchError(text: database.map { String(cString: sqlite3_errmsg($0)) } ?? "")
        }
    }
    func number(_ pragma: String) throws -> Int64 {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(database, "PRAGMA \(pragma)", -1, &statement, nil) == SQLITE_OK,
            sqlite3_step(statement) == SQLITE_ROW
        else { throw BenchError(text: pragma) }
        return sqlite3_column_int64(statement, 0)
    }
    return try Double(number("page_count") * number("page_size")) / Double(messages * members)
}
