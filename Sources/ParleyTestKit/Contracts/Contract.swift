package import ParleyDomain

/// What a contract case works on: one store shard, its readers, and how to start it anew.
package struct StoreUnderTest {
    package var store: any MessageStore
    package var reader: any MessageReader
    /// Makes users known to the store.
    package var addUsers: ([UserID]) throws -> Void
    /// Ends the process, as it were, and opens the same data again.
    package var reopen: () throws -> StoreUnderTest
    /// Rows that the store has written since it was opened; nil where there is no such thing.
    package var rowsWritten: (() -> Int64)?

    package init(
        store: any MessageStore, reader: any MessageReader, addUsers: @escaping ([UserID]) throws -> Void,
        reopen: @escaping () throws -> StoreUnderTest, rowsWritten: (() -> Int64)? = nil
    ) {
        self.store = store
        self.reader = reader
        self.addUsers = addUsers
        self.reopen = reopen
        self.rowsWritten = rowsWritten
    }
}

/// One promise of a port, as a function that throws `ContractViolation` where an adapter breaks it.
package struct ContractCase<Subject>: Sendable, CustomStringConvertible {
    package let name: String
    package let run: @Sendable (Subject) throws -> Void

    init(_ name: String, _ run: @escaping @Sendable (Subject) throws -> Void) {
        self.name = name
        self.run = run
    }

    package var description: String { self.name }
}

/// A promise that was broken, and where it was looked for.
package struct ContractViolation: Error, CustomStringConvertible {
    package let description: String
}

/// Throws where two values that must be equal are not.
func expectEqual<Value: Equatable>(
    _ found: Value, _ wanted: Value, _ what: String = "", file: StaticString = #fileID, line: UInt = #line
) throws {
    guard found != wanted else { return }
    throw ContractViolation(description: "\(file):\(line) \(what) is \(found), wanted \(wanted)")
}

func expect(_ condition: Bool, _ what: String, file: StaticString = #fileID, line: UInt = #line) throws {
    guard !condition else { return }
    throw ContractViolation(description: "\(file):\(line) \(what)")
}

/// The value, or a violation where there is none.
func need<Value>(_ value: Value?, _ what: String, file: StaticString = #fileID, line: UInt = #line) throws -> Value {
    guard let value else { throw ContractViolation(description: "\(file):\(line) no \(what)") }
    return value
}

/// Runs the body and answers with the failure it throws, as the type wanted.
func failure<Failure: Error>(
    _ type: Failure.Type, file: StaticString = #fileID, line: UInt = #line, _ body: () throws -> Void
) throws -> Failure {
    do {
        try body()
    } catch let failure as Failure {
        return failure
    }
    throw ContractViolation(description: "\(file):\(line) no failure where one was due")
}
