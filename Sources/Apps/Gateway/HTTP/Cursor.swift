import Foundation

/// Where a page ended, as a next link carries it: the id of its last record, in letters that a URL need not escape.
enum Cursor {
    static func text(after id: UUID) -> String {
        let b = id.uuid
        let bytes = [
            b.0, b.1, b.2, b.3, b.4, b.5, b.6, b.7, b.8, b.9, b.10, b.11, b.12, b.13, b.14, b.15,
        ]
        return Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }

    /// Throws for a text that none of our links has.
    static func id(_ text: String) throws -> UUID {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/") + "=="
        guard text.utf8.count == 22, let data = Data(base64Encoded: plain), data.count == 16 else {
            throw Problem.badCursor
        }
        let b = Array(data)
        return UUID(
            uuid: (
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
            ))
    }
}
