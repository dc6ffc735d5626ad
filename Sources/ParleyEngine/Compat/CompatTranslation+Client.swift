import NIOCore
import ParleyDomain
import ParleyWire

/// What the client asks for, as native requests.
extension CompatTranslation {
    mutating func handle(_ request: CompatRequest, _ steps: inout [Step]) -> Progress {
        switch self.entry {
        case .outside:
            // Anything but `auth` is refused by the native connection, which ends then.
            if case .auth(let credential) = request.call {
                self.send(.auth(credential), .auth, request.echo, &steps)
            } else {
                self.send(.ping, .ping, request.echo, &steps)
            }
            return .done
        case .entering:
            self.refuse(request, Refusal(.alreadyAuthenticated, rule: "wait for the answer to auth"), &steps)
            return .done
        case .inside(let me): return self.handle(request, me, &steps)
        }
    }

    private mutating func handle(_ request: CompatRequest, _ me: NumberedUser, _ steps: inout [Step]) -> Progress {
        if let from = request.from, from != me.number {
            self.refuse(
                request, Refusal(.outOfRange, field: "from_user_id", rule: "the number of the user who is logged in"), &steps)
            return .done
        }
        switch request.call {
        case .auth(let credential): self.send(.auth(credential), .auth, request.echo, &steps)
        case .ping: self.send(.ping, .ping, request.echo, &steps)
        // The native protocol has no such request; a ping brings the answer its place.
        case .bind: self.send(.ping, .bind, request.echo, &steps)
        case .sync(let token):
            self.send(.sync(SyncRequest(epoch: "", token: token, positions: [:])), .sync, request.echo, &steps)
        case .join(let group): return self.join(group, request, &steps)
        case .speak(let target, let content, let clientID): return self.speak(target, content, clientID, request, &steps)
        case .history(let target, let range, let limit):
            return self.place(of: target, request, &steps) { translation, id, steps in
                translation.send(.history(id, range, limit: limit), .history(target, range), request.echo, &steps)
            }
        case .read(let target, let sequence):
            return self.place(of: target, request, &steps) { translation, id, steps in
                translation.send(
                    .read(id, read: sequence, delivered: sequence), .read(target, sequence: sequence), request.echo, &steps)
            }
        }
        return .done
    }

    /// The newest entry is asked for: so the native connection decides whether he is a member, and its answer says from where on the
    /// group is told.
    private mutating func join(_ group: Int64, _ request: CompatRequest, _ steps: inout [Step]) -> Progress {
        self.place(of: .group(group), request, &steps) { translation, id, steps in
            if translation.groups[id] == nil, translation.joining[id] == nil {
                guard translation.groups.count + translation.joining.count < Limits.compatGroups else {
                    let rule = "at most \(Limits.compatGroups) groups on one connection"
                    return translation.refuse(request, Refusal(.tooMany, field: "group_id", rule: rule), &steps)
                }
                translation.joining[id] = 0
            }
            translation.send(.history(id, .before(.max), limit: 1), .join(id), request.echo, &steps)
        }
    }

    private mutating func speak(
        _ target: CompatTarget, _ content: String, _ clientID: ClientID?, _ request: CompatRequest, _ steps: inout [Step]
    ) -> Progress {
        if case .user(let number) = target, self.conversations[target] == nil, let peer = self.peers[number] {
            // There is one per pair of users; if it exists, this finds it.
            let new = NewConversation(kind: .direct, title: "", memberCap: 2)
            self.send(.create(ClientID(trusted: "compat:create"), new, members: [peer]), .open(number), request.echo, &steps)
            return .wait
        }
        return self.place(of: target, request, &steps) { translation, id, steps in
            let name = clientID ?? translation.mintClientID()
            let message = NewMessage(content: CompatContent.bytes(of: content))
            translation.send(
                .command(Command(id, name, .send(message))), .speak(target, content: content), request.echo, &steps)
        }
    }

    /// Goes on with the conversation that the target names. A conversation that there is not and one that the user is not in get the same
    /// refusal (A42).
    private mutating func place(
        of target: CompatTarget, _ request: CompatRequest, _ steps: inout [Step],
        _ body: (inout CompatTranslation, ConversationID, inout [Step]) -> Void
    ) -> Progress {
        if let id = self.conversations[target] {
            body(&self, id, &steps)
            return .done
        }
        if self.asked.looks == 0 { return .look(.target(target)) }
        switch (target, request.call) {
        case (.user, .speak): self.refuse(request, Refusal(.unknownUser, field: "to_user_id"), &steps)
        default: self.refuse(request, Refusal(.notMember), &steps)
        }
        return .done
    }
}
