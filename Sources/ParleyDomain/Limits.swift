/// Every bound that a client can run into, with units last. `LimitsTests` asserts how they relate.
package enum Limits {
    /// Longest identifier of any kind, in bytes (they are ASCII).
    package static let identifierBytes = 64
    /// Longest text of a message, in Unicode scalar values (not bytes).
    package static let textCharacters = 8_000
    /// Longest content object of a message as it came, in bytes. The text may be escaped: 12 bytes a character.
    package static let contentBytes = 98_304
    /// Longest frame that a client may send, in bytes.
    package static let frameBytes = 131_072
    /// Longest frame before log-in, in bytes.
    package static let frameBeforeAuthBytes = 4_096
    /// Deepest nesting of a JSON value.
    package static let jsonDepth = 32
    /// Longest display name or title, in Unicode scalar values.
    package static let nameCharacters = 64
    /// Longest password, in bytes.
    package static let passwordBytes = 1_024
    /// Shortest password, in Unicode scalar values.
    package static let passwordCharactersMin = 8
    /// Members of a group unless its setting says otherwise (R2).
    package static let membersPerGroup = 500
    /// The largest cap a group can be given.
    package static let membersPerGroupMax = 1_000_000
    /// Users named in one request (initial members, a bulk add).
    package static let usersPerRequest = 1_000
    /// Users invited in one request.
    package static let invitesPerRequest = 100
    /// Users that one message mentions by name.
    package static let mentionsPerMessage = 50
    /// Longest emoji of a reaction, in bytes of UTF-8.
    package static let emojiBytes = 32
    /// Different emoji on one message.
    package static let emojiPerMessage = 20
    /// Pinned messages of a conversation.
    package static let pinsPerConversation = 100
    /// Links of a conversation that can be used.
    package static let linksPerConversation = 100
    /// Longest link that a client may hand in: its name, a dot and its secret, in bytes (they are ASCII).
    package static let linkBytes = 128
    /// Longest description of a group, in Unicode scalar values.
    package static let descriptionCharacters = 1_000
    /// Longest avatar of a group, in Unicode scalar values.
    package static let avatarCharacters = 64
    /// Longest reason of a report, in Unicode scalar values.
    package static let reasonCharacters = 500
    /// Longest private data of a user, or of a user and conversation, in bytes.
    package static let privateDataBytes = 4_096
    /// Messages whose receipts one request asks for.
    package static let receiptsPerRequest = 200
    /// A sender's newest messages whose counts are pushed, and answered where none are named.
    package static let receiptsFollowed = 64
    /// Messages of one conversation whose counts are pushed, of all senders.
    package static let receiptsFollowedInAll = 1_024
    /// Users whose presence one request asks for.
    package static let presencePerRequest = 200
    /// Members of a group beyond which nobody is woken by its messages.
    package static let membersWoken = 5_000
    /// Users of a conversation who are named as online.
    package static let onlineShown = 100
    /// Users that one user blocks.
    package static let blocksPerUser = 1_000
    /// Connections in a conversation beyond which typing is not told.
    package static let typingConnections = 500
    /// Replies of a thread are counted up to here.
    package static let repliesShown = 1_000
    /// Entries about one message, newest first, by which its reactions are counted for who was away where history is hidden.
    package static let relationsRead = 1_000
    /// The longest slow mode, in milliseconds.
    package static let slowMilliseconds: Int64 = 86_400_000
    /// The longest window for taking back a message, in milliseconds: ten years.
    package static let recallMilliseconds: Int64 = 315_360_000_000
    /// Entries in a page unless the client asks for fewer (R30, R31).
    package static let pageEntries = 50
    /// The largest page that a client may ask for.
    package static let pageEntriesMax = 200
    /// Bytes of content after which a page ends early, whatever the entries asked for.
    package static let pageBytes = 262_144
    /// Conversations in one reply to `sync`.
    package static let syncConversations = 100
    /// Positions that a client may name in one `sync`.
    package static let syncPositions = 1_000
    /// Longest `content` of the compatibility profile unless its setting says otherwise, in Unicode scalar values (R107).
    package static let compatContentCharacters = 128
    /// Longest `from_avatar` that a client of the compatibility profile may claim, in Unicode scalar values.
    package static let compatAvatarCharacters = 1_024
    /// The largest frame of the compatibility profile whose fields an error gives back, in bytes.
    package static let compatEchoBytes = 4_096
    /// Groups that one connection of the compatibility profile may have joined at once.
    package static let compatGroups = 1_000
    /// Users, and conversations, whose numbers one such connection remembers; at the bound it forgets them all and asks anew.
    package static let compatKnown = 1_024
    /// Native frames that one such connection may hold while names are looked up; beyond, its client counts as slow.
    package static let compatHeldFrames = 256
    /// Drafts of one conversation in one commit, so that a hot one leaves room for the others.
    package static let draftsPerConversationAndBatch = 128
    /// Drafts in one commit.
    package static let draftsPerBatch = 2_048
    /// Content in one commit, in bytes; the command that passes it is the last of its batch. Bounds what the store's log grows by.
    package static let bytesPerBatch = 8_388_608
    /// Conversations that are kept in memory though no member is connected.
    package static let idleConversations = 4_096
    /// Users of one conversation whose places are kept in memory though they are not connected.
    package static let idlePlaces = 1_024
    /// Commands that may wait for the shard before new ones are told to come back later.
    package static let waitingCommands = 65_536
}
