package import Foundation

/// A change notice as it was received.
package struct Notice: Codable, Sendable, Equatable {
    /// From 1, in the order of first receipt.
    package var order: Int
    /// `webhook-id`: the same for each attempt.
    package var webhook: String
    package var type: String
    /// The subscription's own number of it, without gaps.
    package var event: Int64?
    /// The practice's own number of the change; nil where it tells of something else, such as a record sent again.
    package var change: Int64?
    /// The record that changed.
    package var id: String
    package var version: Int?
    package var receivedAt: Date
    /// How often it was received.
    package var times: Int
    /// Whether the app said yes and did nothing with it.
    package var dropped: Bool
}

/// What a notice's body says:
/// `{"type":…,"timestamp":…,"data":{"event":…,"change":…,"record":{"kind":"appointment","id":…,"version":…}}}`.
package struct NoticeBody: Decodable, Sendable {
    struct Content: Decodable {
        var event: Int64?
        let change: Int64?
        let record: Record
    }
    struct Record: Decodable {
        let kind: String
        let id: String
        let version: Int?
    }

    let type: String
    var data: Content
}
