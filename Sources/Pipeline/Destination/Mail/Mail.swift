package import Foundation

/// One e-mail of plain text, to one address. `text` is a pure function of it, so that a repeat is the same byte for byte.
package struct Mail: Hashable, Sendable {
    /// The Message-ID, brackets and all; the same over all attempts.
    package var id: String
    package var from: String
    package var to: String
    package var date: Date
    package var subject: String
    package var body: String

    package init(id: String, from: String, to: String, date: Date, subject: String, body: String) {
        self.id = id
        self.from = from
        self.to = to
        self.date = date
        self.subject = subject
        self.body = body
    }

    /// The whole message as RFC 5322 has it: lines end in CRLF, none is longer than 76 characters, all of it is ASCII.
    package var text: String {
        let headers = [
            "Date: \(Self.time(date))", "From: pmsync <\(from)>", "To: \(to)", "Subject: \(Self.header(subject))",
            "Message-ID: \(id)", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable",
        ]
        return headers.joined(separator: "\r\n") + "\r\n\r\n" + Self.quotedPrintable(body)
    }

    /// What goes over the wire after DATA: a line that begins with a dot gets another, and a dot alone ends it
    /// (RFC 5321, 4.5.2).
    var wire: [UInt8] {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let stuffed = lines.map { $0.hasPrefix(".") ? "." + $0 : String($0) }.joined(separator: "\r\n")
        return Array((stuffed.hasSuffix("\r\n") ? stuffed : stuffed + "\r\n").utf8) + Array(".\r\n".utf8)
    }

    /// `Sun, 22 Nov 2026 21:00:00 +0000` (RFC 5322, 3.3).
    private static func time(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.weekday, .day, .month, .year, .hour, .minute, .second], from: date)
        let clock = [parts.hour, parts.minute, parts.second].map { two($0 ?? 0) }.joined(separator: ":")
        return "\(weekdays[(parts.weekday ?? 1) - 1]), \(two(parts.day ?? 1)) \(months[(parts.month ?? 1) - 1]) "
            + "\(parts.year ?? 1970) \(clock) +0000"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A header's value in encoded words of at most 75 characters where it is not plain ASCII (RFC 2047). Breaks are
    /// blanks: nothing said here may begin a header of its own.
    private static func header(_ text: String) -> String {
        let plain = String(text.map { $0.isNewline || $0 == "\0" ? " " : $0 })
        if plain.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return folded(plain) }
        var words: [String] = []
        var word: [UInt8] = []
        for character in plain {
            let bytes = Array(String(character).utf8)
            if word.count + bytes.count > 42 {
                words.append(encoded(word))
                word = []
            }
            word += bytes
        }
        return (words + [encoded(word)]).joined(separator: "\r\n ")
    }

    private static func encoded(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Data(bytes).base64EncodedString())?=" }

    /// Folded at blanks, so that no line is too long where one can be.
    private static func folded(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.utf8.count + word.utf8.count + 1 > 64 {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        return (lines + [line]).joined(separator: "\r\n ")
    }

    /// RFC 2045, 6.7.
    static func quotedPrintable(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            var out = ""
            var column = 0
            let bytes = Array(line.utf8)
            for (index, byte) in bytes.enumerated() {
                let isLast = index == bytes.count - 1
                let isPlain = (0x21...0x7E).contains(byte) && byte != 0x3D || byte == 0x20 && !isLast
                let piece = isPlain ? String(UnicodeScalar(byte)) : "=" + hex(byte)
                if column + piece.utf8.count > 75 {
                    out += "=\r\n"
                    column = 0
                }
                out += piece
                column += piece.utf8.count
            }
            return out
        }
        return lines.joined(separator: "\r\n")
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }
}
