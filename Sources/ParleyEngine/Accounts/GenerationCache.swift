/// A bounded map that forgets what was not asked for lately: two generations, the older dropped when the younger is full.
///
/// Holds between half of `capacity` and `capacity` entries once it has seen that many; every call takes constant time
/// (dropping a generation aside).
struct GenerationCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let half: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    init(capacity: Int) { self.half = max(1, capacity / 2) }

    var count: Int { self.young.count + self.old.count }

    mutating func value(for key: Key) -> Value? {
        if let value = self.young[key] { return value }
        guard let value = self.old[key] else { return nil }
        self.insert(value, for: key)
        return value
    }

    mutating func insert(_ value: Value, for key: Key) {
        if self.young.count >= self.half, self.young[key] == nil {
            self.old = self.young
            self.young = [:]
        }
        self.old[key] = nil
        self.young[key] = value
    }

    mutating func remove(_ key: Key) {
        self.young[key] = nil
        self.old[key] = nil
    }
}
