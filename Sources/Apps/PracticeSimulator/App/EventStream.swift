/// Server-sent events, read as the HTML standard has them (9.2.6), and not by pmsync's writer: pieces of any size in,
/// whole events out.
struct EventStream: Sendable {
    struct Event: Sendable, Equatable {
        /// The last `id:` that came, with this event or before it.
        var id = ""
        var type = "message"
        var data = ""
    }

    private var line: [UInt8] = []
    private var afterReturn = false
    private var lastID = ""
    private var type = ""
    private var data: [String] = []

    /// The events that these bytes complete. One without data is none.
    mutating func read(_ bytes: some Sequence<UInt8>) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            defer { afterReturn = byte == 0x0D }
            switch byte {
            case 0x0A where afterReturn: break
            case 0x0A, 0x0D:
                if let event = take(String(decoding: line, as: UTF8.self)) { events.append(event) }
                line = []
            default: line.append(byte)
            }
        }
        return events
    }

    private mutating func take(_ line: String) -> Event? {
        if line.isEmpty {
            defer { (type, data) = ("", []) }
            if data.isEmpty { return nil }
            return Event(id: lastID, type: type.isEmpty ? "message" : type, data: data.joined(separator: "\n"))
        }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty else { return nil }
        var value = parts.count > 1 ? parts[1] : ""
        if value.first == " " { value.removeFirst() }
        switch name {
        case "id": lastID = String(value)
        case "event": type = String(value)
        case "data": data.append(String(value))
        default: break
        }
        return nil
    }
}
