import NIOCore

/// Counts the bytes of a request's first line, in front of the decoder: that reports a target and a header that are too long
/// alike, and a client should learn which it was (414 or 431).
final class RequestLineMeter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Bytes of the first line so far, without its end.
    private(set) var bytes = 0
    private var isLineComplete = false

    /// Another request begins.
    func restart() {
        self.bytes = 0
        self.isLineComplete = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !self.isLineComplete {
            let view = self.unwrapInboundIn(data).readableBytesView
            let end = view.firstIndex(of: UInt8(ascii: "\n"))
            self.isLineComplete = end != nil
            self.bytes = self.bytes &+ view.distance(from: view.startIndex, to: end ?? view.endIndex)
        }
        context.fireChannelRead(data)
    }
}
