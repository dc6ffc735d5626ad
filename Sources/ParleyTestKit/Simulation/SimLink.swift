import DequeModule
import ParleyWire

/// One direction of a connection: in order, delayed, and at any moment stalled or dead.
struct SimPipe<Message> {
    /// Nil is the end of the stream.
    var queue: Deque<Message?> = []
    /// When the last message arrives: none overtakes it.
    var last: Int64 = 0
    var stalledUntil: Int64 = 0
    /// What is sent or on its way is lost.
    var isDead = false
}

/// One connection of a client, with the number that its core gave it.
final class SimLink {
    let id: Int
    let client: Int
    let number: UInt64
    var down = SimPipe<ServerFrame>()
    var up = SimPipe<ClientRequest>()
    weak var server: SimConnection?
    /// The server takes nothing from this client for now; so many arrivals wait.
    var upPaused = false
    var upWaiting = 0
    /// Whether the server is to be told when there is room again.
    var awaitsRoom = false
    var clientOpen = true

    init(id: Int, client: Int, number: UInt64) {
        self.id = id
        self.client = client
        self.number = number
    }
}

extension SimWorld {
    // MARK: The network

    func open(client: Int, number: UInt64) {
        let link = SimLink(id: self.links.count, client: client, number: number)
        self.links.append(link)
        self.clients[client].link = link
        self.push(.connect, after: self.draw(self.plan.netMilliseconds), link.id)
    }

    /// The connection attempt reaches the place where a server may be.
    func connected(_ link: SimLink) {
        guard link.clientOpen, !link.up.isDead else { return }
        guard let server = self.server else { return self.push(.clientHears, after: self.draw(self.plan.netMilliseconds), link.id) }
        self.clients[link.client].opened(link)
        server.accept(link)
    }

    func isWritable(_ link: SimLink) -> Bool { link.down.isDead || link.down.queue.count < self.plan.highWater }

    func send(down frame: ServerFrame?, on link: SimLink) {
        guard !link.down.isDead else { return }
        link.down.last = max(link.down.last, self.now + self.draw(self.plan.netMilliseconds))
        link.down.queue.append(frame)
        self.queue.push(.down, at: link.down.last, link.id)
    }

    func send(up request: ClientRequest?, on link: SimLink) {
        guard !link.up.isDead else { return }
        link.up.last = max(link.up.last, self.now + self.draw(self.plan.netMilliseconds))
        link.up.queue.append(request.map { self.codec.request($0) })
        self.queue.push(.up, at: link.up.last, link.id)
    }

    func deliver(down link: SimLink) {
        guard !link.down.isDead else { return }
        guard link.down.stalledUntil <= self.now else { return self.queue.push(.down, at: link.down.stalledUntil, link.id) }
        guard let frame = link.down.queue.popFirst() else { return }
        if link.awaitsRoom, link.down.queue.count <= self.plan.highWater / 2 {
            link.awaitsRoom = false
            link.server?.becameWritable()
        }
        self.note(0x91, Int64(link.client), Int64(link.id), "client \(link.client) gets \(frame.map { "\($0)" } ?? "the end")")
        if let frame { self.clients[link.client].received(frame, on: link) } else { self.hears(client: link) }
    }

    func deliver(up link: SimLink) {
        guard !link.up.isDead else { return }
        guard !link.upPaused else {
            link.upWaiting += 1
            return
        }
        guard let request = link.up.queue.popFirst() else { return }
        self.note(0x92, Int64(link.client), Int64(link.id), "the server gets from \(link.client) \(request.map { "\($0)" } ?? "the end")")
        if let request { link.server?.received(request) } else { self.hears(server: link) }
    }

    func resume(up link: SimLink) {
        guard link.upPaused else { return }
        link.upPaused = false
        for _ in 0..<link.upWaiting { self.queue.push(.up, at: self.now, link.id) }
        link.upWaiting = 0
    }

    /// The connection breaks. Who does not hear of it now finds out by missed heartbeats.
    func cut(_ link: SimLink, clientHears: Bool, serverHears: Bool) {
        link.down.isDead = true
        link.up.isDead = true
        link.down.queue.removeAll()
        link.up.queue.removeAll()
        let late = 2 * self.plan.heartbeat
        if clientHears { self.push(.clientHears, after: self.draw(self.plan.netMilliseconds), link.id) }
        self.push(.serverHears, after: serverHears ? self.draw(self.plan.netMilliseconds) : late, link.id)
    }

    func hears(client link: SimLink) {
        guard link.clientOpen else { return }
        link.clientOpen = false
        self.clients[link.client].closed(link)
    }

    func hears(server link: SimLink) {
        link.server?.disconnected()
        link.server = nil
    }

    /// The client closes: what it sent before still arrives.
    func close(fromClient link: SimLink) {
        guard link.clientOpen else { return }
        link.clientOpen = false
        link.down.isDead = true
        link.down.queue.removeAll()
        if link.up.isDead { return }
        self.send(up: nil, on: link)
        // A server that reads nothing from a slow client learns of its end all the same.
        self.push(.serverHears, after: 2 * self.plan.heartbeat, link.id)
    }
}
