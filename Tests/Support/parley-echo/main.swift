import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ParleyEngine
import ParleyGateway
import ServiceLifecycle
import UnixSignals

// The gateway's own listener with a session that sends back what it gets: what the conformance suites talk to.
//
// parley-echo [--name value]...: see `EchoOptions`. Prints `listening ADDRESS PORT` when it is ready.

let options = EchoOptions(arguments: CommandLine.arguments.dropFirst())
var logger = Logger(label: "parley-echo")
logger.logLevel = options.verbose ? .debug : .warning

let group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
var routes = RouteTable()
try options.assets.map { folder in try StaticAssets(folder: folder) }?.add(to: &routes)
routes.get("/healthz") { _, _ in Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "ok"))) }
routes.post("/v1/echo") { request, _ in
    Response(status: .ok, body: ResponseBody(byteBuffer: try await request.body.collect(upTo: GatewayRequestContext.bodyBytes)))
}
let server = GatewayServer(
    configuration: options.configuration, group: group, sessions: EchoFactory(), logger: logger,
    onListening: { address in
        print("listening \(address.ipAddress ?? "?") \(address.port ?? 0)")
        flushOutput()
    },
    routes: routes)
let services = ServiceGroup(
    configuration: .init(services: [try await server.listen()], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
try await services.run()
try await group.shutdownGracefully()
