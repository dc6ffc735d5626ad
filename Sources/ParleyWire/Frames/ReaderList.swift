/// Which of those who are counted for a message are listed.
package enum ReaderList: UInt8, Sendable, CaseIterable {
    case read = 1
    case unread = 2
    case delivered = 3

    /// The name of the list on the wire.
    package var name: String {
        switch self {
        case .read: "read"
        case .unread: "unread"
        case .delivered: "delivered"
        }
    }

    package init?(name: String) {
        guard let list = ReaderList.allCases.first(where: { $0.name == name }) else { return nil }
        self = list
    }
}
