/// The gateway: every way in. It takes HL7 over MLLP and over HTTP, puts each message into the journal with its job in one
/// commit and only then answers the sender; and it lets booking apps read the records of their own practice as FHIR.
///
///     MLLP, POST /hl7 -> Reception (what is it, whose is it) -> Intake (one commit for all that wait) -> the answer
///     GET /fhir, GET /changes -> Doorkeeper (whose key) -> records under row-level security -> FHIR
///
/// It writes the journal and the queue, and reads records. It never applies a message: a worker does that.
enum Gateway {
    static let version = "0.1.0"
}
