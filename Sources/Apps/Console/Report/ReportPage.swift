import Foundation
import HTTPTypes
import Hummingbird
import Postgres

/// The report as a page, and as a file.
extension Console {
    var reportRoutes: [Route] {
        [.get("/report/scheduling") { visit, person in try await report(visit, person) }]
    }

    private func report(_ visit: Visit, _ person: SignedIn) async throws -> Response {
        let day = visit.query["date"].flatMap(CalendarDay.init)
        let (report, offices) = try await reading(person) { desk in
            guard let practice = visit.query["practice"] ?? desk.offices.first?.id else { throw ConsoleError.notFound }
            let report = try await SchedulingReport.read(
                practice: practice, day: day, now: desk.now, in: desk.transaction)
            return (report, desk.offices)
        }
        guard let report else { throw ConsoleError.notFound }
        let id = report.practice.id
        let link = { (format: String?) in
            Form.link("/report/scheduling", ["practice": id, "date": day?.description, "format": format])
        }
        switch visit.query["format"] {
        case "csv": return Self.file(report.csv(), type: "text/csv; charset=utf-8", name: "scheduling.csv")
        case "json": return Self.file(try report.json(), type: "application/json", name: "scheduling.json")
        default: break
        }
        let address = Address(
            path: "/report/scheduling", parameters: [("practice", id), ("date", day?.description)])
        let practices =
            offices.count > 1
            ? [address.filter("Practice", "practice", offices.map { ($0.name, $0.id) })] : []
        let frame = Frame(title: "Scheduling report", person, at: "")
        return Pages.response(
            report.page(frame, pages, .init(csv: link("csv"), json: link("json"), filters: practices)),
            type: "text/html; charset=utf-8")
    }

    private static func file(_ text: String, type: String, name: String) -> Response {
        var response = Pages.response(text, type: type)
        response.headers[.contentDisposition] = #"attachment; filename="\#(name)""#
        return response
    }
}
