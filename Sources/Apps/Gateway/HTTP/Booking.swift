import FHIR
import HTTPTypes

/// The place of booking back: `POST`, `PUT` and `PATCH` of an Appointment, carried to the PM as HL7. Until it is there
/// these routes say so.
enum Booking {
    static func add(to routes: inout RouteTable, for type: ResourceType, path: String, name: String) {
        routes.refuseOthers(
            than: [.get], at: path, as: name,
            "\(type.rawValue) can only be read here: GET. Bookings and changes are made in the practice's own system.")
    }
}
