/// Why a message waits for a person instead of being applied. Closed, because it labels metrics and filters.
package enum ParkCode: String, Codable, Sendable, CaseIterable {
    /// No feed, or none of its practices, claims the message.
    case unknownPractice = "unknown-practice"
    /// No workflow accepts this message type and event.
    case unknownType = "unknown-type"
    /// A test message (MSH-11 = T) on a production feed.
    case testMessage = "test-message"
    /// Not an HL7 message that can be read.
    case unreadable
    /// A field that is needed holds bytes that are not text in the message's charset.
    case invalidText = "invalid-text"
    /// A field that is needed holds a time that is none.
    case invalidTime = "invalid-time"
    /// The appointment would end before it starts.
    case invalidDuration = "invalid-duration"
    case missingSCH = "missing-sch"
    case missingStart = "missing-start"
    /// A block or an opening that names no resource.
    case missingResource = "missing-resource"
    /// Neither an appointment nor a person is named by any identifier.
    case missingIdentifier = "missing-identifier"
    case unmappedStatus = "unmapped-status"
    case unmappedEvent = "unmapped-event"
    case unmappedCategory = "unmapped-category"
    case unmappedLocation = "unmapped-location"
    case unmappedResource = "unmapped-resource"
    case unmappedProvider = "unmapped-provider"
    case unmappedCancelReason = "unmapped-cancel-reason"
    /// Which of several appointments is meant cannot be told; the candidates are shown.
    case ambiguousAppointment = "ambiguous-appointment"
}
