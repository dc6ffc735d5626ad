/// Headers that every response carries, and those of pages.
package enum SecurityHeaders {
    /// Keeps browsers from guessing types, telling addresses on, and framing.
    package static let always: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ]

    /// With TLS: browsers come back with TLS only, for a year (RFC 6797).
    package static let strictTransport = (name: "Strict-Transport-Security", value: "max-age=31536000")

    /// What a page of ours may load and do: only what came from here, and no markup made from strings.
    ///
    /// `'self'` in `connect-src` covers a WebSocket to the same host in today's browsers (CSP level 3).
    package static let contentSecurityPolicy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")
}
