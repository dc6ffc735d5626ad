import NIOCore
import ParleyDomain
import ParleyWire

/// What a live client asks for, each to where it is answered: the shard, the threads that read, or this loop itself.
extension Connection {
    func dispatch(_ frame: ClientFrame, _ origin: RequestOrigin, _ identity: Identity) {
        switch frame {
        case .auth, .ping: return
        case .command(let command): self.submit(command, origin, identity)
        case .create(let clientID, let new, let members):
            self.submit(self.engine.creation(of: new, by: identity.user, clientID: clientID, members: members), origin, identity)
        case .link(let conversation, let clientID, let expires, let uses):
            let name = self.engine.links.name(in: conversation, by: identity.user, clientID: clientID)
            let link = NewLink(id: name, expires: expires, uses: uses)
            self.submit(Command(conversation, clientID, .makeLink(link)), origin, identity)
        case .join(let clientID, let token): self.join(by: token, clientID, origin, identity)
        case .forward(let conversation, let clientID, let source, let sequence):
            self.forward(ForwardSource(conversation: source, sequence: sequence), to: conversation, clientID, origin, identity)
        case .read(let conversation, let read, let delivered):
            self.engine.shard.post(
                CollectionOfOne(.advance(origin, identity.user, conversation, read: read, delivered: delivered)))
        case .note(let request): self.note(request, origin, identity)
        case .receipts(let conversation, let sequences): self.ask(.counts(sequences), conversation, origin, identity)
        case .readers(let conversation, let sequence, let list, let slot, let limit):
            self.ask(.readers(sequence, list, afterSlot: slot, limit: limit), conversation, origin, identity)
        case .receiptRecord(let conversation, let sequence): self.ask(.record(sequence), conversation, origin, identity)
        case .presence(let subject, let watch):
            if watch, origin.isExchange { return self.answer(origin.request, .refused(Self.socketOnly)) }
            self.engine.shard.post(CollectionOfOne(.online(origin, identity.user, subject, watch: watch)))
        case .typing(let conversation): self.typing(in: conversation, origin, identity)
        case .follow(let conversation, let push): self.follow(conversation, push: push, origin)
        case .sync: self.sync(frame, origin, identity)
        case .history, .members, .users, .query: self.read(frame, origin, identity)
        }
    }

    private static let socketOnly = Refusal(.badRequest, field: "type", rule: "a request that makes sense without a socket")

    private func submit(_ command: Command, _ origin: RequestOrigin, _ identity: Identity) {
        self.engine.submit(Submission(origin: origin, user: identity.user, command: command))
    }

    private func ask(
        _ kind: ReceiptQuestion.Kind, _ conversation: ConversationID, _ origin: RequestOrigin, _ identity: Identity
    ) {
        let question = ReceiptQuestion(origin: origin, user: identity.user, conversation: conversation, kind: kind)
        self.engine.shard.post(CollectionOfOne(.ask(question)))
    }

    private func note(_ request: NoteRequest, _ origin: RequestOrigin, _ identity: Identity) {
        let user = identity.user
        var direct: ConversationID?
        let note: Note
        switch request {
        case .notify(let conversation, let level): note = .notify(conversation, user, level)
        case .preferences(let receipts, let presence): note = .preferences(user, receipts: receipts, presence: presence)
        case .block(let other, let on):
            guard other != user else {
                return self.answer(origin.request, .refused(Refusal(.outOfRange, field: "user", rule: "another user")))
            }
            note = .block(other, by: user, on: on)
            direct = Engine.directConversation(of: user, other)
        case .report(let conversation, let sequence, let reason):
            note = .report(conversation, sequence: sequence, by: user, reason: reason, time: self.engine.clock.wall())
        case .resolve(let conversation, let sequence): note = .resolve(conversation, sequence: sequence, by: user)
        case .data(let conversation, let data): note = .data(user, conversation, data)
        }
        self.engine.shard.post(CollectionOfOne(.note(origin, note, direct: direct)))
    }

    // MARK: On this loop

    /// Whoever is live in the conversation hears of it within a second, in one frame for all who type (B2). Lossy.
    private func typing(in conversation: ConversationID, _ origin: RequestOrigin, _ identity: Identity) {
        guard !origin.isExchange else { return self.answer(origin.request, .refused(Self.socketOnly)) }
        self.engine.shard.post(CollectionOfOne(.typing(origin, identity.user, conversation)))
    }

    private func follow(_ conversation: ConversationID, push: Bool, _ origin: RequestOrigin) {
        guard !origin.isExchange else { return self.answer(origin.request, .refused(Self.socketOnly)) }
        guard self.follow(conversation, push: push) else { return self.answer(origin.request, .refused(Refusal(.notMember))) }
        self.answer(origin.request, .ok)
        self.delivery.turns.write()
    }

    // MARK: Read first

    private func read(_ frame: ClientFrame, _ origin: RequestOrigin, _ identity: Identity) {
        self.engine.read(frame, origin, for: identity.user)
    }

    /// Who has an `ok` for what he read finds it in his list: what waits of his is stored first.
    private func sync(_ frame: ClientFrame, _ origin: RequestOrigin, _ identity: Identity) {
        let engine = self.engine
        engine.shard.post(CollectionOfOne(.settle(identity.user) { engine.read(frame, origin, for: identity.user) }))
    }

    /// The token's secret is checked here, its link in the transaction that lets the user in.
    private func join(by token: String, _ clientID: ClientID, _ origin: RequestOrigin, _ identity: Identity) {
        guard let name = self.engine.links.name(in: token) else {
            return self.answer(origin.request, .refused(Refusal(.badLink, field: "link")))
        }
        let engine = self.engine
        engine.readers.perform { reader throws(ReadFailure) in
            guard let conversation = try reader.conversation(ofLink: name) else {
                return engine.hand([.answer(origin, .refused(Refusal(.badLink, field: "link")))], to: origin.loop)
            }
            let command = Command(conversation, clientID, .join(link: name))
            engine.submit(Submission(origin: origin, user: identity.user, command: command))
        } refused: { refusal in
            engine.hand([.answer(origin, .refused(refusal))], to: origin.loop)
        }
    }

    /// The server makes the copy, so that nobody can put words into another's mouth.
    private func forward(
        _ source: ForwardSource, to conversation: ConversationID, _ clientID: ClientID, _ origin: RequestOrigin,
        _ identity: Identity
    ) {
        let engine = self.engine
        let message = NewMessage(content: [], asked: source.bytes)
        let submission: @Sendable (NewMessage) -> Submission = { message in
            Submission(origin: origin, user: identity.user, command: Command(conversation, clientID, .send(message)))
        }
        engine.readers.perform { reader throws(ReadFailure) in
            let page = try reader.entries(in: source.conversation, for: identity.user, after: source.sequence - 1, limit: 1)
            var message = message
            do throws(Refusal) {
                guard let entry = page.entries.first, entry.sequence == source.sequence, entry.kind == .message else {
                    throw Refusal(.noMessage, field: "from")
                }
                message.content = try ForwardedContent.make(of: entry)
            } catch {
                return engine.refuse(submission(message), error)
            }
            engine.submit(submission(message))
        } refused: { refusal in
            engine.refuse(submission(message), refusal)
        }
    }
}

/// Which message is forwarded.
struct ForwardSource: Sendable {
    let conversation: ConversationID
    let sequence: Int64

    /// What a repeat is told by: the content may have been edited since.
    var bytes: [UInt8] { Array("forward \(self.conversation) \(self.sequence)".utf8) }
}
