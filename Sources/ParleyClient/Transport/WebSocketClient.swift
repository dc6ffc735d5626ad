package import NIOCore
import NIOPosix
import Synchronization

/// A WebSocket as it is: messages in and out, and nothing of chat. `ChatClient` is the one for applications.
///
/// Messages that nobody takes wait here, 64 at most; then the socket is not read until they are taken.
package final class WebSocketClient: Sendable {
    package typealias Messages = NIOAsyncSequenceProducer<
        SocketMessage, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Pace
    >

    /// Reads when there is room for messages, and closes the socket when nobody will take any more.
    package final class Pace: NIOAsyncSequenceProducerDelegate {
        private let channel = Mutex<(any Channel)?>(nil)

        func opened(_ channel: any Channel) { self.channel.withLock { $0 = channel } }
        func pause() { self.channel.withLock { $0 }?.triggerUserOutboundEvent(SocketPace.paused, promise: nil) }
        package func produceMore() { self.channel.withLock { $0 }?.triggerUserOutboundEvent(SocketPace.reading, promise: nil) }
        package func didTerminate() { self.channel.withLock { $0 }?.close(promise: nil) }
    }

    /// The last one is `.closed`. For one consumer.
    package let messages: Messages
    private let channel: any Channel

    private init(channel: any Channel, messages: Messages) {
        self.channel = channel
        self.messages = messages
    }

    /// Opens a socket.
    /// - Throws: `ConnectFailure`, with the HTTP status where the server gave one.
    package static func connect(
        _ connector: SocketConnector, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> WebSocketClient {
        let pace = Pace()
        let sequence = NIOAsyncSequenceProducer.makeSequence(
            elementType: SocketMessage.self,
            backPressureStrategy: NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
                lowWatermark: 8, highWatermark: 64),
            finishOnDeinit: true, delegate: pace)
        let source = sequence.source
        let opened = connector.connect(on: group.next()) { channel in
            pace.opened(channel)
        } receive: { message in
            if case .stopProducing = source.yield(message) { pace.pause() }
            if case .closed = message { source.finish() }
        }
        let channel = try await opened.get()
        return WebSocketClient(channel: channel, messages: sequence.sequence)
    }

    /// Returns when the kernel has it. At most one message of the caller's waits here at a time.
    package func send(text: String) async throws { try await self.write(.text(ByteBuffer(string: text))) }
    package func send(binary: [UInt8]) async throws { try await self.write(.binary(ByteBuffer(bytes: binary))) }
    package func ping(_ data: [UInt8] = []) async throws { try await self.write(.ping(ByteBuffer(bytes: data))) }

    private func write(_ output: SocketOutput) async throws { try await self.channel.writeAndFlush(output).get() }

    /// Says goodbye, waits for the server's answer (2 s at most) and ends the connection. Ending one that is over is no error.
    package func close(code: UInt16 = 1_000) async {
        try? await self.write(.close(code: code))
        let channel = self.channel
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
        try? await channel.closeFuture.get()
        deadline.cancel()
    }
}
