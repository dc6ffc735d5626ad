import NIOCore
import ParleyDomain
import ParleyWire

/// Who of a subject is online, before it is known who of them may be seen.
struct OnlineAnswer: Sendable {
    let origin: RequestOrigin
    let user: UserID
    let subject: PresenceSubject
    let online: [UserID]
    /// Of a conversation: how many are online in all.
    let count: Int
}

/// The answers that are read from the store, as frames. Blocks: only for the threads of `ReaderPool`.
struct ReadAnswers: Sendable {
    let reader: any MessageReader
    let epoch: String
    let links: LinkSecrets

    /// Answers one request.
    ///
    /// - Parameter now: In milliseconds since 1970: what links expire by.
    func write(_ request: ClientFrame, id: Int64, for user: UserID, at now: Int64, into buffer: inout ByteBuffer)
        throws(ReadFailure)
    {
        var encoder = FrameEncoder()
        switch request {
        case .history(let conversation, .after(let sequence), let limit):
            let page = try self.reader.entries(in: conversation, for: user, after: sequence, limit: limit)
            encoder.page(id: id, conversation, page, into: &buffer)
        case .history(let conversation, .before(let sequence), let limit):
            let page = try self.reader.entries(in: conversation, for: user, before: sequence, limit: limit)
            encoder.page(id: id, conversation, page, into: &buffer)
        case .sync(let request): try self.sync(request, id, user, &encoder, &buffer)
        case .members(let conversation, let slot, let limit):
            // The version is read first: what changes in between is told again, never missed.
            let version = SyncToken(stamps: [try self.reader.newestStamp()])
            let members = try self.reader.members(of: conversation, for: user, afterSlot: slot, limit: limit + 1)
            encoder.members(
                id: id, conversation, Array(members.prefix(limit)), more: members.count > limit, version: version, into: &buffer)
        case .users(let users): encoder.users(id: id, try self.reader.profiles(of: users), into: &buffer)
        case .query(let query): try self.write(query, id, user, now, &encoder, &buffer)
        default: encoder.error(id: id, Refusal(.internalError), into: &buffer)
        }
    }

    private func write(
        _ query: Query, _ id: Int64, _ user: UserID, _ now: Int64, _ encoder: inout FrameEncoder, _ buffer: inout ByteBuffer
    ) throws(ReadFailure) {
        switch query {
        case .thread(let conversation, let root, let after, let limit):
            do throws(ReadFailure) {
                let page = try self.reader.thread(of: root, in: conversation, for: user, after: after, limit: limit)
                encoder.page(id: id, conversation, page, into: &buffer)
            } catch {
                guard error == .noMessage else { throw error }
                encoder.error(id: id, Refusal(.noMessage, field: "root"), into: &buffer)
            }
        case .revisions(let conversation, let sequence, let after, let limit):
            let page = try self.reader.revisions(of: sequence, in: conversation, for: user, after: after, limit: limit)
            encoder.page(id: id, conversation, page, into: &buffer)
        case .pins(let conversation):
            encoder.page(id: id, conversation, try self.reader.pins(in: conversation, for: user), into: &buffer)
        case .mentions(let conversation, let after, let limit):
            let page = try self.reader.mentions(of: user, in: conversation, after: after, limit: limit)
            encoder.page(id: id, conversation, page, into: &buffer)
        case .audit(let conversation, let before, let limit):
            let page = try self.reader.audit(conversation, for: user, before: before, limit: limit)
            encoder.page(id: id, conversation, page, into: &buffer)
        case .reactions(let conversation, let sequence, let emoji, let after, let limit):
            let users = try self.reader.reactions(
                to: sequence, emoji: emoji, in: conversation, for: user, after: after, limit: limit + 1)
            encoder.reactions(
                id: id, conversation, sequence: sequence, emoji: emoji, Array(users.prefix(limit)), more: users.count > limit,
                into: &buffer)
        case .memberChanges(let conversation, let version, let limit):
            try self.write(changesOf: conversation, after: version, limit, id, user, &encoder, &buffer)
        case .membersInState(let conversation, let state, let after, let limit):
            let members = try self.reader.members(of: conversation, for: user, in: state, after: after, limit: limit + 1)
            encoder.members(
                id: id, conversation, Array(members.prefix(limit)), more: members.count > limit, version: nil, into: &buffer)
        case .links, .linkInfo, .blocks, .preferences, .reports, .data:
            try self.write(own: query, id, user, now, &encoder, &buffer)
        }
    }

    private func write(
        changesOf conversation: ConversationID, after version: SyncToken, _ limit: Int, _ id: Int64, _ user: UserID,
        _ encoder: inout FrameEncoder, _ buffer: inout ByteBuffer
    ) throws(ReadFailure) {
        guard try version.stamp <= self.reader.newestStamp() else {
            let refusal = Refusal(.outOfRange, field: "version", rule: "a version of an earlier members of this server")
            return encoder.error(id: id, refusal, into: &buffer)
        }
        let changes = try self.reader.members(of: conversation, for: user, changedAfter: version.stamp, limit: limit)
        encoder.members(
            id: id, conversation, changes.members, more: changes.more, version: SyncToken(stamps: [changes.stamp]), into: &buffer)
    }

    private func write(
        own query: Query, _ id: Int64, _ user: UserID, _ now: Int64, _ encoder: inout FrameEncoder, _ buffer: inout ByteBuffer
    ) throws(ReadFailure) {
        switch query {
        case .links(let conversation):
            let links = try self.reader.links(of: conversation, for: user, at: now)
            encoder.links(id: id, conversation, links.map { ($0, self.links.token(of: $0.link.id)) }, into: &buffer)
        case .linkInfo(let token):
            guard let name = self.links.name(in: token), let preview = try self.reader.link(name, for: user, at: now) else {
                return encoder.error(id: id, Refusal(.badLink, field: "link"), into: &buffer)
            }
            encoder.linkInfo(id: id, preview, into: &buffer)
        case .blocks: encoder.blocks(id: id, try self.reader.blocks(of: user), into: &buffer)
        case .preferences: encoder.preferences(id: id, try self.reader.preferences(of: user), into: &buffer)
        case .reports(let conversation, let before, let limit):
            let reports = try self.reader.reports(of: conversation, for: user, before: before, limit: limit + 1)
            encoder.reports(id: id, conversation, Array(reports.prefix(limit)), more: reports.count > limit, into: &buffer)
        case .data(let conversation):
            encoder.data(id: id, conversation, try self.reader.data(of: user, in: conversation), into: &buffer)
        default: encoder.error(id: id, Refusal(.internalError), into: &buffer)
        }
    }

    /// Names for a page of slots; rights are looked up in the same snapshot as the names.
    func write(_ question: ReceiptQuestion, _ page: ReaderPage, into buffer: inout ByteBuffer) throws(ReadFailure) {
        guard case .readers(let sequence, let list, _, _) = question.kind else { return }
        var encoder = FrameEncoder()
        let members = try self.reader.members(of: question.conversation, for: question.user, slots: page.slots)
        encoder.readers(
            id: question.origin.request, question.conversation, sequence: sequence, list: list, members, more: page.more,
            into: &buffer)
    }

    /// Answers a question about presence; returns who of them may be seen.
    func write(_ answer: OnlineAnswer, into buffer: inout ByteBuffer) throws(ReadFailure) -> [UserID] {
        let asked: [UserID] =
            switch answer.subject {
            case .users(let users): users
            case .conversation: answer.online
            }
        let seen = try self.reader.seen(asked, for: answer.user)
        let online = Set(answer.online)
        let users = seen.map { PresenceLine(user: $0.user, online: online.contains($0.user), seen: $0.time) }
        var count = users.count(where: \.online)
        // Of more people than are named, the others are counted without a look at who may be seen: in such a crowd it tells of nobody.
        if case .conversation = answer.subject { count += max(0, answer.count - answer.online.count) }
        var encoder = FrameEncoder()
        encoder.presence(id: answer.origin.request, users, online: count, into: &buffer)
        return seen.map(\.user)
    }

    // MARK: Sync

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
        guard try request.token.stamp <= self.reader.newestStamp() else {
            let rule = "a token of an earlier synced of this server, or empty"
            encoder.error(id: id, Refusal(.outOfRange, field: "token", rule: rule), into: &buffer)
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

    // MARK: Refusals

    static func refusal(for failure: ReadFailure) -> Refusal {
        switch failure {
        case .notMember: Refusal(.notMember)
        case .forbidden: Refusal(.forbidden)
        case .noMessage: Refusal(.noMessage, field: "sequence")
        case .store(.corrupt): Refusal(.internalError, rule: "an entry does not match its check sum")
        case .store: Refusal(.unavailable, retryMilliseconds: 1_000)
        }
    }
}
