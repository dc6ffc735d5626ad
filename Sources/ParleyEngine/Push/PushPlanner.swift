import Logging
import NIOCore
import ParleyDomain
import Synchronization

/// Finds whom a message is to wake: members without a connection, by their levels, with their badges (R40).
///
/// Messages are gathered for an interval, so that a busy conversation costs one pass over its members per interval, however many messages
/// come (R36). A pass reads members in pages on the threads that read. Members of very large groups are not woken: a pass over a
/// million rows for a message that few would want to be woken by is no service to anybody.
final class PushPlanner: Sendable {
    private struct State {
        /// By conversation: the first and the newest message since the last pass.
        var due: [ConversationID: ClosedRange<Int64>] = [:]
        var online: Set<UserID> = []
        var counts = PushCounts()
    }

    private let state = Mutex(State())
    private let hook: any PushHook
    private let readers: ReaderPool
    private let logger: Logger
    private let pageSize: Int

    init(hook: any PushHook, readers: ReaderPool, settings: EngineSettings, logger: Logger) {
        self.hook = hook
        self.readers = readers
        self.logger = logger
        self.pageSize = settings.wakesPerPage
    }

    var counts: PushCounts { self.state.withLock { $0.counts } }

    /// Takes note of what a turn of the shard published, and of who came and went.
    func observe(_ effects: [Effect]) {
        self.state.withLock { state in
            for effect in effects {
                switch effect {
                case .publish(let publication):
                    let messages = publication.entries.lazy.filter(\.kind.countsAsUnread).map(\.sequence)
                    guard let first = messages.first, let last = messages.max() else { continue }
                    let since = state.due[publication.conversation]?.lowerBound ?? first
                    state.due[publication.conversation] = min(since, last)...last
                case .presence(let user, let online):
                    if online { state.online.insert(user) } else { state.online.remove(user) }
                default: continue
                }
            }
        }
    }

    /// Once per interval: a pass for each conversation that has new messages.
    func tick() {
        let due = self.state.withLock { state in
            defer { state.due.removeAll(keepingCapacity: true) }
            return state.due
        }
        for (conversation, messages) in due { self.pass(conversation, messages, afterSlot: 0) }
    }

    private func pass(_ conversation: ConversationID, _ messages: ClosedRange<Int64>, afterSlot slot: Int32) {
        let limit = self.pageSize
        self.readers.perform { reader throws(ReadFailure) in
            let found = try reader.recipients(of: conversation, messages: messages, afterSlot: slot, limit: limit)
            let online = self.state.withLock { $0.online }
            let notices = found.filter { !online.contains($0.user) }.map { recipient in
                PushNotice(
                    user: recipient.user, conversation: conversation, sequence: recipient.sequence,
                    mentioned: recipient.mentioned,
                    badge: recipient.badge)
            }
            if !notices.isEmpty {
                self.hook.wake(notices)
                self.state.withLock { $0.counts.notices += notices.count }
            }
            if found.count == limit, let last = found.last { self.pass(conversation, messages, afterSlot: last.slot) }
        } refused: { refusal in
            self.state.withLock { $0.counts.failures += 1 }
            self.logger.warning(
                "members were not woken", metadata: ["conversation": "\(conversation)", "cause": "\(refusal.code)"])
        }
    }
}
