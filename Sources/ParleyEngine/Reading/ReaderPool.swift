import NIOCore
import NIOPosix
import ParleyDomain
import ParleyWire
import Synchronization

/// Answers history, sync and look-ups from the store, on its own few threads, so that no event loop waits for a disk.
final class ReaderPool: Sendable {
    private let reader: any MessageReader
    private let epoch: String
    private let threads: NIOThreadPool
    private let waiting = Atomic<Int>(0)
    private let waitingMax: Int

    init(reader: any MessageReader, epoch: String, settings: EngineSettings) {
        self.reader = reader
        self.epoch = epoch
        self.waitingMax = settings.waitingReads
        self.threads = NIOThreadPool(numberOfThreads: settings.readerThreads)
        self.threads.start()
    }

    /// Answers a request; `reply` is called on a thread of the pool, or at once with a refusal when too many wait.
    func answer(_ request: ReadRequest, id: Int64, for user: UserID, reply: @escaping @Sendable (ByteBuffer) -> Void) {
        guard self.waiting.wrappingAdd(1, ordering: .relaxed).newValue <= self.waitingMax else {
            self.waiting.wrappingSubtract(1, ordering: .relaxed)
            reply(Self.error(Refusal(.overloaded, retryMilliseconds: 1_000), id))
            return
        }
        self.threads.submit { state in
            defer { self.waiting.wrappingSubtract(1, ordering: .relaxed) }
            guard case .active = state else { return reply(Self.error(Refusal(.draining), id)) }
            reply(self.frames(request, id, user))
        }
    }

    func close() async { try? await self.threads.shutdownGracefully() }

    private func frames(_ request: ReadRequest, _ id: Int64, _ user: UserID) -> ByteBuffer {
        var encoder = FrameEncoder()
        var buffer = ByteBuffer()
        do throws(ReadFailure) {
            switch request {
            case .history(let conversation, .after(let sequence), let limit):
                let page = try self.reader.entries(in: conversation, for: user, after: sequence, limit: limit)
                encoder.page(id: id, conversation, page, into: &buffer)
            case .history(let conversation, .before(let sequence), let limit):
                let page = try self.reader.entries(in: conversation, for: user, before: sequence, limit: limit)
                encoder.page(id: id, conversation, page, into: &buffer)
            case .sync(let request):
                try self.sync(request, id, user, &encoder, &buffer)
            case .members(let conversation, let slot, let limit):
                let members = try self.reader.members(of: conversation, for: user, afterSlot: slot, limit: limit + 1)
                encoder.members(id: id, conversation, Array(members.prefix(limit)), more: members.count > limit, into: &buffer)
            case .users(let users):
                encoder.users(id: id, try self.reader.profiles(of: users), into: &buffer)
            }
        } catch {
            return Self.error(Self.refusal(for: error), id)
        }
        return buffer
    }

    /// Bytes of entries in one `synced`; past that, conversations come without entries and the client asks for them by `history`.
    private static let syncEntryBytes = 1_048_576

    private func sync(
        _ request: SyncRequest, _ id: Int64, _ user: UserID, _ encoder: inout FrameEncoder, _ buffer: inout ByteBuffer
    )
        throws(ReadFailure)
    {
        guard request.epoch.isEmpty || request.epoch == self.epoch else {
            encoder.error(id: id, Refusal(.startOver, field: "epoch"), into: &buffer)
            return
        }
        let found = try self.reader.changes(for: user, after: request.token.stamp, limit: Limits.syncConversations + 1)
        var room = Self.syncEntryBytes
        var conversations: [(summary: ConversationSummary, page: Page?)] = []
        for summary in found.prefix(Limits.syncConversations) {
            var page: Page?
            if let position = request.positions[summary.head.conversation], summary.membership.active,
                position < summary.head.sequence
            {
                if room > 0 {
                    page = try self.page(of: summary.head.conversation, user, after: position)
                    room -= page?.entries.reduce(0) { $0 + $1.content.count } ?? 0
                } else {
                    page = Page(entries: [], head: summary.head.sequence, more: true)
                }
            }
            conversations.append((summary, page))
        }
        let token = SyncToken(stamps: [conversations.last?.summary.stamp ?? request.token.stamp])
        let reply = SyncReply(
            epoch: self.epoch, token: token, conversations: conversations, more: found.count > Limits.syncConversations)
        encoder.synced(id: id, reply, into: &buffer)
    }

    /// The first page after a position; nil where the membership ended since the list was read: the next sync tells that.
    private func page(of conversation: ConversationID, _ user: UserID, after position: Int64) throws(ReadFailure) -> Page? {
        do throws(ReadFailure) {
            return try self.reader.entries(in: conversation, for: user, after: position, limit: Limits.pageEntries)
        } catch {
            guard error == .notMember else { throw error }
            return nil
        }
    }

    private static func refusal(for failure: ReadFailure) -> Refusal {
        switch failure {
        case .notMember: Refusal(.notMember)
        case .store(.corrupt): Refusal(.internalError, rule: "an entry does not match its check sum")
        case .store: Refusal(.unavailable, retryMilliseconds: 1_000)
        }
    }

    private static func error(_ refusal: Refusal, _ id: Int64) -> ByteBuffer {
        var encoder = FrameEncoder()
        var buffer = ByteBuffer()
        encoder.error(id: id, refusal, into: &buffer)
        return buffer
    }
}

/// What is answered from the store alone.
enum ReadRequest: Sendable {
    case history(ConversationID, HistoryRange, limit: Int)
    case sync(SyncRequest)
    case members(ConversationID, afterSlot: Int32, limit: Int)
    case users([UserID])
}
