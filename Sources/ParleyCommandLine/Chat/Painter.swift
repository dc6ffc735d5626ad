/// Turns images into a terminal's bytes: only lines that changed, in one write.
struct Painter: Sendable {
    /// False where the user wants none (NO_COLOR).
    var hasColours: Bool
    private var shown: ScreenImage?

    init(hasColours: Bool) { self.hasColours = hasColours }

    /// Another screen, bracketed paste; `end` takes both back, and shows the cursor.
    static let begin = "\u{1B}[?1049h\u{1B}[?2004h"
    static let end = "\u{1B}[0m\u{1B}[?2004l\u{1B}[?25h\u{1B}[?1049l"
    static let bell = "\u{07}"

    /// What was drawn does not stand there any more.
    mutating func forget() { self.shown = nil }

    mutating func paint(_ image: ScreenImage) -> String {
        guard image != self.shown else { return "" }
        var out = "\u{1B}[?25l"
        if self.shown?.lines.count != image.lines.count { out += "\u{1B}[2J" }
        for (index, line) in image.lines.enumerated() {
            if let shown = self.shown, shown.lines.count == image.lines.count, shown.lines[index] == line { continue }
            out += "\u{1B}[\(index + 1);1H"
            for span in line where !span.text.isEmpty { out += self.codes(span.style) + span.text }
            out += "\u{1B}[0m\u{1B}[K"
        }
        self.shown = image
        return out + "\u{1B}[\(image.cursorRow + 1);\(image.cursorColumn + 1)H\u{1B}[?25h"
    }

    private func codes(_ style: Style) -> String {
        var codes = "0"
        if style.contains(.bold) { codes += ";1" }
        if style.contains(.dim) { codes += ";2" }
        if style.contains(.reverse) { codes += ";7" }
        if self.hasColours {
            if style.contains(.own) { codes += ";36" }
            if style.contains(.name) { codes += ";32" }
            if style.contains(.warning) { codes += ";31" }
        }
        return "\u{1B}[\(codes)m"
    }
}
