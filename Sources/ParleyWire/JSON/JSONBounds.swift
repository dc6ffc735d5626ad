import ParleyDomain

/// How deep and how wide the JSON may be that is read.
package struct JSONBounds: Sendable, Equatable {
    /// Deepest nesting, the outermost object counted.
    var depth: Int
    /// Most keys of one object.
    var keys: Int

    /// What clients send.
    package static let requests = JSONBounds(depth: Limits.jsonDepth, keys: Limits.syncPositions)

    /// What servers send: what a client sent once, and the frame, page and entries around it. An object has as many keys as the frame holds
    /// (`heads`: one for each conversation of the user).
    package static let answers = JSONBounds(depth: Limits.jsonDepth + 16, keys: .max)

    /// Of bytes that were read before: whatever they hold was within bounds then.
    static let known = JSONBounds(depth: .max, keys: .max)
}
