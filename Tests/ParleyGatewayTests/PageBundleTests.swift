import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ParleyEngine
import Testing

@testable import ParleyGateway

struct PageBundleTests {
    private let page = """
        <link rel="stylesheet" href="style/a.css">
        <link rel="stylesheet" href="style/b.css">
        <script type="module" src="app/main.js"></script>
        """
    private let sources = [
        "app/main.js": "import { start as begin } from './parts/start.js';\nawait begin();\n",
        "app/parts/start.js": """
        import { count } from '../count.js';
        export async function start() {
          count();
          return import('../late/panel.js');
        }

        """,
        "app/count.js": "let value = 0;\nexport const count = () => (value += 1);\nexport const limit = 7;\n",
        "app/late/panel.js": """
        import { count, limit } from '../count.js';
        export function panel() {
          return import('../../vendor/code.js');
        }

        """,
        "vendor/code.js": "var code = 1;\nexport { code };\n", "style/a.css": "a {}\n", "style/b.css": "b {}\n",
    ]

    private func bundle(_ changes: [String: String] = [:]) -> PageBundle? {
        PageBundle(page: "index.html", sources: self.sources.merging(["index.html": self.page]) { $1 }.merging(changes) { $1 })
    }

    private func file(_ bundle: PageBundle, _ begin: String) throws -> (name: String, text: String) {
        let found = try #require(bundle.files.first { $0.key.hasPrefix(begin) })
        return (found.key, found.value)
    }

    @Test func modulesBecomeOneFileInTheOrderInWhichTheyRun() throws {
        let bundle = try #require(self.bundle())
        let (name, text) = try self.file(bundle, "app/main.")
        let late = try self.file(bundle, "app/late/panel.").name
        #expect(
            text == """
                export { $app_count };
                // app/count.js
                const $app_count = (() => {
                let value = 0;
                const count = () => (value += 1);
                const limit = 7;

                return { count, limit };
                })();
                // app/parts/start.js
                const $app_parts_start = (() => {
                const { count } = $app_count;
                async function start() {
                  count();
                  return import('./../\(late)');
                }

                return { start };
                })();
                // app/main.js
                const { start: begin } = $app_parts_start;
                await begin();


                """)
        #expect(StaticAssets.isVersioned(name))
        #expect(bundle.files["index.html"]?.contains("<script type=\"module\" src=\"\(name)\"></script>") == true)
    }

    @Test func whatIsLoadedLaterSharesTheModulesOfTheFirst() throws {
        let bundle = try #require(self.bundle())
        let main = try self.file(bundle, "app/main.").name
        let text = try self.file(bundle, "app/late/panel.").text
        #expect(text.hasPrefix("import { $app_count } from './../../\(main)';\n// app/late/panel.js\n"))
        #expect(text.hasSuffix("export const { panel } = $app_late_panel;\n"))
        // Not written in a form that can be joined: loaded as it stands.
        #expect(text.contains("import('./../../vendor/code.js')"))
    }

    @Test func styleSheetsBecomeOneInTheirOrder() throws {
        let bundle = try #require(self.bundle())
        let (name, text) = try self.file(bundle, "style/a.")
        #expect(text == "a {}\nb {}\n")
        #expect(bundle.files["index.html"]?.hasPrefix("<link rel=\"stylesheet\" href=\"\(name)\">\n<script") == true)
    }

    @Test func everyChangeIsAnotherName() throws {
        let before = try self.file(try #require(self.bundle()), "app/main.").name
        let after = try self.file(try #require(self.bundle(["app/late/panel.js": "export const panel = 1;\n"])), "app/main.").name
        #expect(before != after)
    }

    @Test(arguments: [
        "import count from './count.js';\n", "import * as all from './count.js';\n", "export { count } from './count.js';\n",
        "export let value = 1;\n", "import { start } from './nowhere.js';\n", "import { start } from './main.js';\n",
    ])
    func whatIsNotUnderstoodIsServedAsItStands(text: String) {
        #expect(self.bundle(["app/count.js": text]) == nil)
        #expect(self.bundle(["app/main.js": text]) == nil)
    }

    @Test func modulesThatImportEachOtherAreNotJoined() {
        #expect(self.bundle(["app/count.js": "import { start } from './parts/start.js';\nexport const count = start;\n"]) == nil)
    }

    @Test func textsArePackedForWhoTakesIt() async throws {
        let text = String(repeating: "const value = 1;\n", count: 200)
        var routes = RouteTable()
        StaticAssets(files: ["app.js": text, "app.png": text, "small.js": "1"]).add(to: &routes)
        let context = GatewayRequestContext(logger: Logger(label: "test"), origin: Origin(address: "", agent: ""))
        func get(_ path: String, _ headers: HTTPFields) async throws -> Response {
            let head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: path, headerFields: headers)
            return try await routes.respond(to: Request(head: head, body: .init(buffer: ByteBuffer())), in: context)
        }
        let plain = try await get("/app.js", [:])
        let packed = try await get("/app.js", [.acceptEncoding: "br, gzip;q=0.8"])
        #expect(plain.headers[.contentEncoding] == nil)
        #expect(packed.headers[.contentEncoding] == "gzip")
        #expect(Int(packed.headers[.contentLength] ?? "") ?? .max < text.utf8.count / 10)
        #expect(plain.headers[.vary] == "Accept-Encoding" && packed.headers[.vary] == "Accept-Encoding")
        #expect(plain.headers[.eTag] != packed.headers[.eTag])
        let tag = try #require(packed.headers[.eTag])
        #expect(try await get("/app.js", [.acceptEncoding: "gzip", .ifNoneMatch: tag]).status == .notModified)
        #expect(try await get("/app.js", [.ifNoneMatch: tag]).status == .ok)
        for refused in ["gzip;q=0", "gzip; q=0.000", "br", "identity, x-gzip"] {
            #expect(try await get("/app.js", [.acceptEncoding: refused]).headers[.contentEncoding] == nil)
        }
        for path in ["/app.png", "/small.js"] {
            #expect(try await get(path, [.acceptEncoding: "gzip"]).headers[.contentEncoding] == nil)
        }
    }
}
