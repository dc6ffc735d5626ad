import NIOCore
import ParleyDomain
import ParleyWire

/// What a connection is given to write, and in which order: acks in the places of events, answers before pushes.
extension Connection {
    // MARK: Pushes

    /// New entries of a conversation that this client is live in.
    func push(_ broadcast: Broadcast) {
        // A client that does not read is told the heads when it reads again; until then nothing is kept for it.
        guard !self.isBehind else { return self.drop(broadcast.conversation) }
        self.append(.broadcast(self.form(of: broadcast)), isUrgent: false)
    }

    /// The broadcast as this client may have it: without content if it is about a message that its user may not see.
    private func form(of broadcast: Broadcast) -> Broadcast {
        guard let withheld = broadcast.withheld, let first = self.firstVisible[broadcast.conversation], first > broadcast.target
        else { return broadcast }
        return withheld
    }

    /// What a lane of the room owed this client, put in line. False if it is told the head instead, or nothing.
    func take(_ due: Lanes.Due, of room: Room, from lanes: Lanes, isUrgent: Bool = false) -> Bool {
        guard !self.isBehind else {
            if due != .nothing { self.drop(room.conversation) }
            return false
        }
        switch due {
        case .nothing: return true
        case .run(let run):
            for broadcast in lanes.broadcasts(run) { self.append(.broadcast(self.form(of: broadcast)), isUrgent: isUrgent) }
            return true
        case .lost:
            self.append(.frames(room.behind(with: &self.delivery.encoder)), isUrgent: isUrgent)
            return false
        }
    }

    /// The turn of the lane that it sits in: written at once, behind what it had before.
    func serve(_ due: Lanes.Due, of room: Room, from lanes: Lanes) {
        let isShared = lanes.isPlain || self.firstVisible[room.conversation] == nil
        if case .run(let run) = due, isShared, self.outgoing.isEmpty, self.notedHeads.isEmpty, !self.isBehind,
            self.socket.isWritable
        {
            return self.write(lanes.frames(run, in: self.encoding))
        }
        guard due != .nothing else { return }
        if !self.socket.isWritable { self.fallBehind() }
        _ = self.take(due, of: room, from: lanes)
        _ = self.write()
    }

    /// Entries of this broadcast were asked for here. Where they are pushed to it, the acks are in the broadcast's place.
    func acknowledged(_ broadcast: Broadcast, seated: Bool) {
        for origin in broadcast.origins where origin.connection == self.id { self.inFlight -= 1 }
        guard !seated || self.isBehind else { return self.hurry() }
        var acks = ByteBuffer()
        self.writeAcks(of: broadcast, into: &acks)
        self.append(.frames(acks), isUrgent: true)
    }

    // MARK: Answers

    func answer(_ request: Int64, _ answer: Answer) {
        var frame = ByteBuffer()
        switch answer {
        case .ack(let entry):
            self.delivery.counts.acks += 1
            self.delivery.encoder.ack(id: request, entry, into: &frame)
        case .created(let conversation, let clientID), .exists(let conversation, let clientID):
            self.delivery.encoder.created(id: request, conversation, clientID: clientID, into: &frame)
        case .ok: self.delivery.encoder.ok(id: request, into: &frame)
        case .refused(let refusal):
            self.inFlight -= 1
            // Who could not come in, for whatever reason, comes again on a connection of its own: this one has had its turn.
            return self.isEntering ? self.refuseAndClose(refusal, request) : self.refuse(request, refusal)
        }
        self.answer(frame)
    }

    /// Frames made elsewhere that answer one request.
    func answer(_ frames: ByteBuffer) {
        self.inFlight -= 1
        self.append(.frames(frames), isUrgent: true)
    }

    /// Frames that nobody asked for and that may be lost: a client that is behind gets none.
    func enqueue(_ frames: ByteBuffer) {
        if !self.isBehind { self.append(.frames(frames), isUrgent: false) }
    }

    // MARK: Heads

    /// A head that goes out with the next write, in one frame with others (R36).
    func note(_ conversation: ConversationID, head: Int64) {
        guard !self.isBehind else { return self.drop(conversation) }
        self.notedHeads.append((conversation, head))
        self.wait()
    }

    /// Heads, in the place where they are told.
    func tell(_ heads: [(ConversationID, Int64)]) {
        guard !self.isBehind else { return heads.forEach { self.drop($0.0) } }
        var frame = ByteBuffer()
        self.delivery.encoder.heads(heads, into: &frame)
        self.append(.frames(frame), isUrgent: true)
    }

    // MARK: Queues

    func append(_ part: Outgoing, isUrgent: Bool) {
        if self.isClosed { return }
        self.outgoing.append(part)
        if isUrgent { self.hurry() } else { self.wait() }
    }

    private func hurry() {
        guard !self.isAnswering else { return }
        self.isAnswering = true
        self.delivery.turns.add(answering: self)
    }

    private func wait() {
        guard !self.isWaiting, !self.isAnswering else { return }
        self.isWaiting = true
        self.delivery.turns.add(waiting: self)
    }

    /// Writes a frame at once, behind what waits: the loop's turn is not waited for.
    func writeNow(_ frame: ByteBuffer) {
        if self.isClosed { return }
        self.outgoing.append(.frames(frame))
        _ = self.write()
    }

    /// Its place in a queue has come. Whether anything was written.
    func flush(isAnswering: Bool) -> Bool {
        if isAnswering { self.isAnswering = false } else { self.isWaiting = false }
        return self.write()
    }

    // MARK: Writing

    /// Writes what waits, in one write. Whether there was any.
    ///
    /// The write is the last thing done: it may end the connection, or make it writable again, before it returns.
    private func write() -> Bool {
        guard !self.outgoing.isEmpty || !self.notedHeads.isEmpty else { return false }
        if self.isClosed {
            self.outgoing = []
            return false
        }
        if !self.socket.isWritable { self.fallBehind() }
        self.addNotedHeads()
        if let shared = self.sharedFrames() {
            self.clearOutgoing()
            self.write(shared)
        } else {
            let frames = self.ownFrames()
            self.clearOutgoing()
            if frames.readableBytes > 0 { self.socket.write(frames) }
        }
        return true
    }

    private func clearOutgoing() { self.outgoing.removeAll(keepingCapacity: self.outgoing.capacity <= 16) }

    private func addNotedHeads() {
        guard !self.notedHeads.isEmpty else { return }
        defer { self.notedHeads.removeAll() }
        guard !self.isBehind else { return self.notedHeads.forEach { self.drop($0.0) } }
        var frame = ByteBuffer()
        self.delivery.encoder.heads(self.notedHeads, into: &frame)
        self.outgoing.append(.frames(frame))
    }

    /// What waits, as bytes that others get as well; nil where something in it is for this connection alone.
    private func sharedFrames() -> SharedFrames? {
        guard !self.isBehind else { return nil }
        if self.outgoing.count == 1, case .broadcast(let broadcast) = self.outgoing[0], !self.asked(broadcast) {
            return broadcast.shared(in: self.encoding)
        }
        let isShared = self.outgoing.allSatisfy { if case .broadcast(let part) = $0 { !self.asked(part) } else { false } }
        return isShared ? self.delivery.turns.joined[self.encoding].join(self.outgoing) : nil
    }

    /// Every entry is a frame.
    private func write(_ shared: SharedFrames) { self.socket.write(self.counted(shared), count: shared.entries) }

    private func counted(_ shared: SharedFrames) -> ByteBuffer {
        self.delivery.counts.deliveries += shared.entries
        return shared.frames
    }

    private func asked(_ broadcast: Broadcast) -> Bool { broadcast.originConnections.contains(self.id) }

    /// What waits, put together for this connection alone: acks stand in the places of the events that it asked for.
    private func ownFrames() -> ByteBuffer {
        var frames = ByteBuffer()
        for part in self.outgoing {
            switch part {
            case .frames(let bytes): self.add(bytes, to: &frames)
            case .broadcast(let broadcast):
                if self.isBehind {
                    self.drop(broadcast.conversation)
                    guard self.asked(broadcast) else { continue }
                    var acks = ByteBuffer()
                    self.writeAcks(of: broadcast, into: &acks)
                    self.add(acks, to: &frames)
                } else if self.asked(broadcast) {
                    self.writeMixed(broadcast, into: &frames)
                } else {
                    frames.writeImmutableBuffer(self.counted(broadcast.shared(in: self.encoding)))
                }
            }
        }
        return frames
    }

    /// Frames of JSON, in this connection's encoding.
    func encoded(_ json: ByteBuffer) -> ByteBuffer {
        guard self.encoding == .binary else { return json }
        var frames = ByteBuffer()
        self.add(json, to: &frames)
        return frames
    }

    /// Adds frames of JSON, in this connection's encoding.
    private func add(_ json: ByteBuffer, to frames: inout ByteBuffer) {
        switch self.encoding {
        case .json: frames.writeImmutableBuffer(json)
        case .binary: self.delivery.binary.write(json, into: &frames)
        }
    }

    private func writeMixed(_ broadcast: Broadcast, into frames: inout ByteBuffer) {
        let run = broadcast.run(in: self.encoding)
        var start = 0
        for (index, end) in run.ends.enumerated() {
            if broadcast.origins[index].connection == self.id {
                switch self.encoding {
                case .json: self.writeAck(broadcast, index, into: &frames)
                case .binary:
                    var ack = ByteBuffer()
                    self.writeAck(broadcast, index, into: &ack)
                    self.add(ack, to: &frames)
                }
            } else if let slice = run.frames.getSlice(at: run.frames.readerIndex + start, length: end - start) {
                self.delivery.counts.deliveries += 1
                frames.writeImmutableBuffer(slice)
            }
            start = end
        }
    }

    /// Its acks as JSON.
    private func writeAcks(of broadcast: Broadcast, into frames: inout ByteBuffer) {
        for index in broadcast.entries.indices where broadcast.origins[index].connection == self.id {
            self.writeAck(broadcast, index, into: &frames)
        }
    }

    private func writeAck(_ broadcast: Broadcast, _ index: Int, into frames: inout ByteBuffer) {
        self.delivery.counts.acks += 1
        self.delivery.encoder.ack(id: broadcast.origins[index].request, broadcast.entries[index], into: &frames)
    }

    // MARK: Slow readers

    private func fallBehind() {
        guard !self.isBehind else { return }
        self.isBehind = true
        self.delivery.counts.fellBehind += 1
        self.delivery.counts.behind += 1
        // What waits now is dropped too, so everything since the last word on heads is news.
        self.socket.pauseReading()
    }

    private func drop(_ conversation: ConversationID) { self.dropped.insert(conversation) }

    func becameWritable() {
        guard self.isBehind else { return }
        self.isBehind = false
        self.delivery.counts.behind -= 1
        if !self.isDraining { self.socket.resumeReading() }
        var frame = ByteBuffer()
        self.delivery.encoder.behind(heads: self.newsAfterDrop(), into: &frame)
        self.writeNow(frame)
    }
}
