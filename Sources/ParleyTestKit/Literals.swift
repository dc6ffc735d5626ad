package import ParleyDomain

// Tests name users, conversations and messages by plain text.

extension UserID: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(trusted: text) }
}

extension ConversationID: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(trusted: text) }
}

extension ClientID: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(trusted: text) }
}
