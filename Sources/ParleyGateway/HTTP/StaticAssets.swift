import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The web client's files, read once into memory and served from there: scripts and style sheets joined (``PageBundle``), and texts packed.
///
/// Nothing is looked up on disk later, so a path in a request can name only what was found at the start.
package struct StaticAssets: Sendable {
    /// Why the files could not be taken in.
    package enum Failure: Error, Sendable, Equatable {
        case unreadable(path: String)
        /// The files are larger together than the cap, in bytes.
        case tooLarge(limit: Int)
    }

    struct Asset: Sendable {
        var bytes: ByteBuffer
        /// The same under gzip, where that is less.
        var packed: ByteBuffer?
        var contentType: String
        /// Without its quotation marks.
        var tag: String
        var cacheControl: String
        var isPage: Bool

        func response(to request: Request) -> Response {
            var headers = HTTPFields()
            headers[.contentType] = self.contentType
            headers[.cacheControl] = self.cacheControl
            // Another form of the same file is another thing to a cache.
            let isPacked = self.packed != nil && Gzip.isAccepted(by: request.headers[.acceptEncoding])
            let bytes = (isPacked ? self.packed : nil) ?? self.bytes
            let tag = isPacked ? "\"\(self.tag)-gzip\"" : "\"\(self.tag)\""
            headers[.eTag] = tag
            if self.packed != nil { headers[.vary] = "Accept-Encoding" }
            if isPacked { headers[.contentEncoding] = "gzip" }
            headers[.contentSecurityPolicy] = SecurityHeaders.contentSecurityPolicy
            if self.isPage, let name = HTTPField.Name("Cross-Origin-Opener-Policy") { headers[name] = "same-origin" }
            if let tags = request.headers[.ifNoneMatch], Self.matches(tags, tag) {
                return Response(status: .notModified, headers: headers)
            }
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
        }

        private static func matches(_ tags: String, _ tag: String) -> Bool {
            tags.split(separator: ",").contains { offered in
                var offered = offered.drop { $0 == " " }
                if offered.hasPrefix("W/") { offered = offered.dropFirst(2) }
                while offered.last == " " { offered = offered.dropLast() }
                return offered == "*" || offered == tag[...]
            }
        }
    }

    private let assets: [String: Asset]

    /// Reads all files under `folder` but hidden ones, in the thread of the caller. `limit` bounds their bytes together.
    package init(folder: String, limit: Int = 33_554_432) throws(Failure) {
        var files: [String: [UInt8]] = [:]
        var total = 0
        guard let names = try? FileManager.default.subpathsOfDirectory(atPath: folder) else {
            throw .unreadable(path: folder)
        }
        for name in names where !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
            let path = folder + "/" + name
            var isFolder = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .unreadable(path: path) }
            if isFolder { continue }
            guard let content = FileManager.default.contents(atPath: path) else { throw .unreadable(path: path) }
            total += content.count
            guard total <= limit else { throw .tooLarge(limit: limit) }
            files[name] = Array(content)
        }
        self.init(files: files)
    }

    /// From names and texts.
    package init(files: [String: String]) { self.init(files: files.mapValues { Array($0.utf8) }) }

    /// From names and contents.
    private init(files: [String: [UInt8]]) {
        let texts = files.filter { name, _ in Self.isText(name) }.compactMapValues { String(validating: $0, as: UTF8.self) }
        let bundle = PageBundle(page: "index.html", sources: texts)?.files ?? [:]
        var assets: [String: Asset] = [:]
        for (name, content) in files.merging(bundle.mapValues { Array($0.utf8) }, uniquingKeysWith: { _, joined in joined }) {
            assets["/" + name] = Self.asset(name: name, content: content)
        }
        if let index = assets["/index.html"] { assets["/"] = index }
        self.assets = assets
    }

    package var count: Int { self.assets.count }

    /// A route for each file.
    package func add(to routes: inout RouteTable) {
        for (path, asset) in self.assets { routes.get(path) { request, _ in asset.response(to: request) } }
    }

    private static func asset(name: String, content: [UInt8]) -> Asset {
        let packed = Self.isText(name) ? Gzip.packed(content) : nil
        return Asset(
            bytes: ByteBuffer(bytes: content), packed: packed.map { ByteBuffer(bytes: $0) },
            contentType: Self.contentType(of: name), tag: SHA256.hash(data: content).prefix(12).hex,
            cacheControl: Self.isVersioned(name) ? "public, max-age=31536000, immutable" : "no-cache",
            isPage: name.hasSuffix(".html"))
    }

    /// Whether the name carries a hash of the content, such as `app.3f9a01bc.js`: eight or more hexadecimal digits between dots.
    static func isVersioned(_ name: String) -> Bool {
        let parts = (name.split(separator: "/").last ?? "").split(separator: ".")
        guard parts.count >= 3 else { return false }
        return parts.dropFirst().dropLast().contains { part in part.count >= 8 && part.allSatisfy(\.isHexDigit) }
    }

    private static func isText(_ name: String) -> Bool {
        let type = Self.contentType(of: name)
        return type.hasSuffix("charset=utf-8") || type == "image/svg+xml"
    }

    static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json", "map": "application/json; charset=utf-8"
        case "webmanifest": "application/manifest+json; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "mp3": "audio/mpeg"
        case "ogg": "audio/ogg"
        case "txt": "text/plain; charset=utf-8"
        case "wasm": "application/wasm"
        default: "application/octet-stream"
        }
    }
}
