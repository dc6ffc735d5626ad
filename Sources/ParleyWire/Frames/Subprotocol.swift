/// What a client and we agree to speak on a socket, by the name in `Sec-WebSocket-Protocol`. Decided at the handshake, once.
package enum Subprotocol: String, Sendable, CaseIterable {
    /// The protocol as JSON text frames; also where a client names none.
    case json = "parley.json.1"
    /// The same frames in the binary encoding.
    case binary = "parley.bin.1"
    /// The protocol of the articles, translated from and to the frames of the first (decision 0013).
    case compat = "parley.compat.1"

    /// How its frames are bytes.
    package var encoding: WireEncoding {
        switch self {
        case .json, .compat: .json
        case .binary: .binary
        }
    }
}

/// How a frame of the protocol is bytes. What frames there are and what they mean is the same in all of them (decision 0010).
package enum WireEncoding: Sendable {
    /// One JSON object in a text frame.
    case json
    /// One CBOR map in a binary frame.
    case binary
}
