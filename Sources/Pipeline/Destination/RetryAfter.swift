import Foundation

/// The `Retry-After` header (RFC 9110, 10.2.3): seconds, or a date.
enum RetryAfter {
    /// Never below nothing, never above a day; nil when there is none that can be read.
    static func parse(_ text: String?, now: Date) -> Duration? {
        guard let text = text?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if let seconds = Int(text) { return bounded(Double(seconds)) }
        return date(text).map { bounded($0.timeIntervalSince(now)) }
    }

    private static func bounded(_ seconds: TimeInterval) -> Duration {
        .seconds(min(max(seconds.rounded(.up), 0), 86_400))
    }

    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text)
    }
}
