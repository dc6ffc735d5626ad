import DequeModule
import NIOCore
import ParleyDomain
import ParleyWire

/// The compatibility profile of one connection (R105 to R112), as a value: its client's frames and the native frames for it in, native
/// requests and envelopes out.
///
/// It decides nothing about chat. Every frame that is well formed becomes a native request, which rights, limits and rates are applied to
/// like any other; every refusal goes back through the native connection too, so that all that is said to the client has one order and one
/// bound. What it knows besides is names: the profile calls users and conversations by numbers. It asks for those that it lacks one question
/// at a time, and what comes meanwhile waits in line: nothing overtakes.
struct CompatTranslation {
    /// What is to be done, in order.
    enum Step: Equatable {
        /// A request for the native connection.
        case request(ClientRequest)
        /// The native connection is to refuse this request, and to end if `closes`.
        case refuse(Int64, Refusal, closes: Bool)
        /// An envelope for the client.
        case envelope(ByteBuffer)
        /// Names to be looked up; `found` or `failed` answers.
        case look(CompatQuestion)
        /// The connection tells of a group from here on, or no longer.
        case joined(ConversationID)
        case parted(ConversationID)
    }

    /// How far one frame in line has come.
    enum Progress {
        case done
        /// Names are missing.
        case look(CompatQuestion.Subject)
        /// A native answer is missing.
        case wait
    }

    /// Frames in order, the first of which may wait for an answer.
    struct Line<Frame> {
        var frames: Deque<Frame> = []
        var waits = false
        /// Questions asked for the first frame.
        var looks = 0

        mutating func next() {
            self.frames.removeFirst()
            self.looks = 0
        }
    }

    enum Entry: Equatable {
        case outside
        /// Logged in; the user's own number is looked up.
        case entering(UserID)
        case inside(NumberedUser)
    }

    /// Which request of the client a native answer belongs to.
    enum Pending: Equatable {
        case auth
        case bind
        case join(ConversationID)
        case speak(CompatTarget, content: String)
        /// The private conversation with this user is made; the request that needs it is first in line.
        case open(Int64)
        case ping
        case history(CompatTarget, HistoryRange)
        case read(CompatTarget, sequence: Int64)
        case sync
        /// Refused here, in the names of the profile.
        case refused
    }

    /// What a conversation is called here.
    struct Place: Equatable {
        var target: CompatTarget
        var title: String
    }

    /// What the connection is called in logs and in `leave`.
    let connection: String
    /// Begins the client ids of messages that came without one: random, so that no two connections make the same.
    let mint: String
    /// Whether a frame that breaks a rule ends the connection (R108).
    let closesOnInvalid: Bool
    private var decoder: CompatDecoder

    var entry = Entry.outside
    var pingMilliseconds: Int64 = 30_000
    /// Whether private messages are told here.
    var isBound = false
    /// By joined group, the last sequence that was told.
    var groups: [ConversationID: Int64] = [:]
    /// By group that is being joined, the newest sequence seen meanwhile.
    var joining: [ConversationID: Int64] = [:]
    /// By private conversation, the last sequence that was told.
    var directs: [ConversationID: Int64] = [:]
    var users: [UserID: NumberedUser] = [:]
    var peers: [Int64: UserID] = [:]
    var places: [ConversationID: Place] = [:]
    var conversations: [CompatTarget: ConversationID] = [:]
    var pending: [Int64: (call: Pending, echo: CompatEcho)] = [:]
    var asked = Line<CompatRequest>()
    var written = Line<ServerFrame>()
    private var lastRequest: Int64 = 0
    private var minted: Int64 = 0

    init(connection: String, mint: String, contentCharacters: Int = Limits.compatContentCharacters, closesOnInvalid: Bool = false)
    {
        self.connection = connection
        self.mint = mint
        self.closesOnInvalid = closesOnInvalid
        self.decoder = CompatDecoder(contentCharacters: contentCharacters)
    }

    /// Whether it holds so much that the client counts as slow.
    var isFull: Bool { self.written.frames.count >= Limits.compatHeldFrames }

    /// Who is logged in.
    var me: NumberedUser? {
        if case .inside(let user) = self.entry { user } else { nil }
    }

    // MARK: In

    /// A frame of the client.
    ///
    /// - Parameter waiting: Requests that may wait at once.
    mutating func received(_ text: ByteBuffer, waiting: Int64) -> [Step] {
        var steps: [Step] = []
        do throws(CompatFailure) {
            let request = try self.decoder.decode(text)
            if self.asked.frames.count < waiting {
                self.asked.frames.append(request)
                self.serveClient(&steps)
            } else {
                self.refuse(request, Refusal(.tooManyRequests, rule: "at most \(waiting) waiting"), &steps)
            }
        } catch {
            let id = self.newRequest(.refused, error.echo)
            steps.append(.refuse(id, error.refusal, closes: self.closesOnInvalid || error.refusal.code.closes))
        }
        return steps
    }

    /// A frame of the native connection for the client.
    mutating func wrote(_ frame: ServerFrame) -> [Step] {
        var steps: [Step] = []
        self.written.frames.append(frame)
        self.serveServer(&steps)
        return steps
    }

    mutating func found(_ facts: CompatFacts, for line: CompatQuestion.Line) -> [Step] {
        var steps: [Step] = []
        self.learn(facts)
        switch line {
        case .asked:
            self.asked.waits = false
            self.serveClient(&steps)
        case .written:
            self.written.waits = false
            self.serveServer(&steps)
        }
        return steps
    }

    /// Names could not be looked up: what needed them is refused, or left out. A client finds what was left out by `behind`.
    mutating func failed(_ refusal: Refusal, for line: CompatQuestion.Line) -> [Step] {
        var steps: [Step] = []
        switch line {
        case .asked:
            self.asked.waits = false
            if let request = self.asked.frames.first {
                self.refuse(request, refusal, &steps)
                self.asked.next()
            }
            self.serveClient(&steps)
        case .written:
            self.written.waits = false
            if let frame = self.written.frames.first {
                self.leaveOut(frame, refusal, &steps)
                self.written.next()
            }
            self.serveServer(&steps)
        }
        return steps
    }

    /// The connection ends: of what waits, the client still gets what needs no names and concerns his own requests.
    mutating func closing() -> [Step] {
        var steps: [Step] = []
        for frame in self.written.frames {
            switch frame {
            case .ack, .error, .reconnect: _ = self.handle(frame, &steps)
            default: continue
            }
        }
        self.written.frames.removeAll()
        return steps.filter { if case .envelope = $0 { true } else { false } }
    }

    /// The last connection of a user has closed.
    mutating func left(_ user: NumberedUser, from conversations: [ConversationID], connection: String) -> [Step] {
        guard user != self.me else { return [] }
        return conversations.compactMap { id in
            guard self.groups[id] != nil, case .group(let number)? = self.places[id]?.target else { return nil }
            var envelope = ByteBuffer()
            CompatEncoder.closed(number, user, connection: connection, into: &envelope)
            return .envelope(envelope)
        }
    }

    // MARK: Lines

    mutating func serveClient(_ steps: inout [Step]) {
        while !self.asked.waits, let request = self.asked.frames.first {
            switch self.handle(request, &steps) {
            case .done: self.asked.next()
            case .look(let subject):
                self.asked.looks += 1
                self.asked.waits = true
                steps.append(.look(CompatQuestion(line: .asked, subject: subject)))
            case .wait: self.asked.waits = true
            }
        }
    }

    private mutating func serveServer(_ steps: inout [Step]) {
        while !self.written.waits, let frame = self.written.frames.first {
            switch self.handle(frame, &steps) {
            case .done: self.written.next()
            case .look(let subject):
                self.written.looks += 1
                self.written.waits = true
                steps.append(.look(CompatQuestion(line: .written, subject: subject)))
            case .wait: self.written.waits = true
            }
        }
    }

    // MARK: Requests

    mutating func newRequest(_ call: Pending, _ echo: CompatEcho) -> Int64 {
        self.lastRequest += 1
        self.pending[self.lastRequest] = (call, echo)
        return self.lastRequest
    }

    mutating func send(_ frame: ClientFrame, _ call: Pending, _ echo: CompatEcho, _ steps: inout [Step]) {
        steps.append(.request(ClientRequest(id: self.newRequest(call, echo), frame: frame)))
    }

    mutating func refuse(_ request: CompatRequest, _ refusal: Refusal, _ steps: inout [Step]) {
        let id = self.newRequest(.refused, request.echo)
        steps.append(.refuse(id, refusal, closes: false))
    }

    mutating func mintClientID() -> ClientID {
        self.minted += 1
        return ClientID(trusted: "\(self.mint)-\(self.minted)")
    }

    // MARK: Names

    private mutating func learn(_ facts: CompatFacts) {
        if self.users.count + facts.users.count > Limits.compatKnown {
            self.users = [:]
            self.peers = [:]
        }
        for user in facts.users {
            self.users[user.profile.user] = user
            self.peers[user.number] = user.profile.user
        }
        for known in facts.conversations {
            if known.kind == .group {
                self.learn(known.conversation, Place(target: .group(known.number), title: known.title))
            } else if let peer = known.peer.flatMap({ self.users[$0] }) {
                self.learn(known.conversation, Place(target: .user(peer.number), title: ""))
            }
        }
    }

    mutating func learn(_ conversation: ConversationID, _ place: Place) {
        if self.places.count >= Limits.compatKnown + Limits.compatGroups {
            self.places = self.places.filter { self.groups[$0.key] != nil || self.joining[$0.key] != nil }
            self.conversations = self.conversations.filter { self.places[$0.value] != nil }
            self.directs = [:]
        }
        self.places[conversation] = place
        self.conversations[place.target] = conversation
    }
}
