import Crypto
package import ParleyDomain

/// The plan file of `parley provision`: which accounts and groups to make, and the file of their tokens.
///
///     user N NAME PASSWORD
///     group NAME MEMBER_N ...
///
/// N is a number that groups name the user by. NAME becomes the user's id and log-in name, or the conversation's id and
/// title. The first member of a group is its owner. The password is not used: these accounts have tokens only. Empty lines
/// and lines that begin with `#` say nothing.
package struct ProvisionPlanFile: Sendable {
    package struct User: Sendable, Equatable {
        package var number: Int
        package var id: UserID
    }

    package struct Group: Sendable, Equatable {
        package var conversation: ConversationID
        package var members: [UserID]
    }

    /// A line that breaks a rule. Lines count from 1.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package var line: Int
        package var rule: String

        package init(line: Int, rule: String) {
            self.line = line
            self.rule = rule
        }

        package var description: String { "line \(self.line): \(self.rule)" }
    }

    /// In the order of the plan.
    package private(set) var users: [User] = []
    package private(set) var groups: [Group] = []

    private var usersByNumber: [Int: UserID] = [:]
    private var userNames: Set<String> = []
    private var groupNames: Set<ConversationID> = []

    /// Reads a plan.
    /// - Parameter bytes: UTF-8, lines ended by LF or CR LF.
    package init(_ bytes: [UInt8]) throws(Failure) {
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            guard let kind = words.first, kind.first != UInt8(ascii: "#") else { continue }
            do throws(Broken) {
                switch String(decoding: kind, as: UTF8.self) {
                case "user": try self.addUser(words.dropFirst())
                case "group": try self.addGroup(words.dropFirst())
                default: throw Broken("a line begins with user or group")
                }
            } catch {
                throw Failure(line: number, rule: error.rule)
            }
        }
    }

    /// What the store is to make. The same plan and secret give the same tokens, whenever and however often.
    /// - Parameters:
    ///   - now: in milliseconds since 1970: when accounts and sessions were made.
    ///   - address: for the audit rows of the sessions.
    package func plan(tokens: ProvisionTokens, at now: Int64, address: String = "provision") -> ProvisionPlan {
        ProvisionPlan(
            users: self.users.map { user in
                ProvisionPlan.User(
                    account: Account(id: user.id, name: user.id.rawValue, passwordHash: nil, created: now),
                    session: Session(
                        id: tokens.session(for: user.id), user: user.id, device: "provisioned",
                        tokenHash: tokenHash(tokens.token(for: user.id)), created: now, expires: ProvisionTokens.expires,
                        address: address, agent: "parley provision"))
            },
            groups: self.groups.map { group in
                ProvisionPlan.Group(conversation: group.conversation, title: group.conversation.rawValue, members: group.members)
            })
    }

    /// The accounts file: lines `user password token` in the order of the plan, with `-` for the password.
    /// It holds secrets: to be written so that only its owner can read it.
    package func accountsFile(tokens: ProvisionTokens) -> String {
        var text = ""
        for user in self.users { text += "\(user.id.rawValue) - \(tokens.token(for: user.id))\n" }
        return text
    }

    // MARK: Lines

    private struct Broken: Error {
        var rule: String
        init(_ rule: String) { self.rule = rule }
    }

    private typealias Words = ArraySlice<ArraySlice<UInt8>>

    private mutating func addUser(_ words: Words) throws(Broken) {
        guard let first = words.first, let name = words.dropFirst().first, words.count == 3 else {
            throw Broken("user N NAME PASSWORD")
        }
        let number = try Self.number(first)
        guard let id = UserID(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw Broken("NAME is 1 to 64 of the characters A-Z a-z 0-9 . _ - : @")
        }
        guard !ExternalNames.isReserved(id) else {
            throw Broken("names beginning with x: or xh: are for users of another application")
        }
        // The store folds log-in names to lower case: two that differ only so are one.
        guard self.userNames.insert(id.rawValue.lowercased()).inserted else { throw Broken("user \(id) stands here twice") }
        guard self.usersByNumber.updateValue(id, forKey: number) == nil else {
            throw Broken("number \(number) stands here twice")
        }
        self.users.append(User(number: number, id: id))
    }

    private mutating func addGroup(_ words: Words) throws(Broken) {
        guard let name = words.first, words.count >= 2 else { throw Broken("group NAME MEMBER_N ...") }
        guard let conversation = ConversationID(rawValue: String(decoding: name, as: UTF8.self)) else {
            throw Broken("NAME is 1 to 64 of the characters A-Z a-z 0-9 . _ - : @")
        }
        guard self.groupNames.insert(conversation).inserted else { throw Broken("group \(conversation) stands here twice") }
        guard words.count - 1 <= Limits.membersPerGroupMax else {
            throw Broken("at most \(Limits.membersPerGroupMax) members")
        }
        var members: [UserID] = []
        var seen: Set<UserID> = []
        for word in words.dropFirst() {
            let number = try Self.number(word)
            guard let id = self.usersByNumber[number] else { throw Broken("no user line before this one has number \(number)") }
            guard seen.insert(id).inserted else { throw Broken("member \(number) stands here twice") }
            members.append(id)
        }
        self.groups.append(Group(conversation: conversation, members: members))
    }

    private static func number(_ word: ArraySlice<UInt8>) throws(Broken) -> Int {
        // Nine digits fit in any Int: no overflow.
        guard (1...9).contains(word.count), word.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Broken("N is a number of at most 9 digits")
        }
        return word.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}

/// The long-lived tokens of provisioned accounts: made from the user's id and a secret of the store, so that provisioning
/// the same again gives the same tokens.
package struct ProvisionTokens: Sendable {
    /// When their sessions end, in milliseconds since 1970: in the year 2100. They are ended by revoking them.
    package static let expires: Int64 = 4_102_444_800_000

    private let key: SymmetricKey

    /// - Parameter secret: `AccountStore.secret(named: "provision")`, 32 random bytes.
    package init(secret: [UInt8]) { self.key = SymmetricKey(data: secret) }

    /// `pl1.` and 43 characters.
    package func token(for user: UserID) -> String {
        TokenPrefix.longLived.rawValue + Base64URL.encode(self.code("token", user))
    }

    /// `s` and 26 characters.
    func session(for user: UserID) -> SessionID {
        SessionID(trusted: "s" + Base32.packed(self.code("session", user), characters: 26))
    }

    private func code(_ purpose: String, _ user: UserID) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array((purpose + "/" + user.rawValue).utf8), using: self.key)
    }
}
