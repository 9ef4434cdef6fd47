import FHIR
import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// Whether there is a body, read or not.
    var mayHaveBody: Bool {
        if headers[.transferEncoding] != nil { return true }
        return headers[.contentLength].map { $0 != "0" } ?? false
    }
}

extension HTTPField.Name {
    static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options") ?? .contentType
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering") ?? .cacheControl
    static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .ifMatch
}

extension Response {
    /// A resource as JSON. Kept by nobody without asking again: it is a patient's.
    static func fhir(
        _ status: HTTPResponse.Status, _ resource: some FHIR.Resource, headers: HTTPFields = [:]
    ) -> Response {
        bytes(status, JSON.encode(resource), type: "application/fhir+json; charset=utf-8", headers: headers)
    }

    static func bytes(
        _ status: HTTPResponse.Status, _ bytes: [UInt8], type: String, headers: HTTPFields = [:]
    ) -> Response {
        var fields: HTTPFields = [
            .contentType: type, .cacheControl: "private, no-cache", .contentTypeOptions: "nosniff",
        ]
        for field in headers { fields[field.name] = field.value }
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// This answer to a request whose body is not wanted: nothing more is read, and the connection ends. The output is
    /// closed a second before the rest, because a reset for what was not read would take the answer back.
    func closing(_ channel: any Channel) -> Response {
        var closing = self
        closing.headers[.connection] = "close"
        let body = self.body
        closing.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await channel.setOption(.autoRead, value: false).get()
            try await body.write(writer)
            try? await channel.close(mode: .output).get()
            try await Task.sleep(for: .seconds(1))
            throw BodyNotWanted()
        }
        return closing
    }
}

/// Ends a connection whose request body is not read.
struct BodyNotWanted: Error {}
