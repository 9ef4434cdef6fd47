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
        let report = try await reading(person) { desk in
            guard let practice = visit.query["practice"] ?? desk.offices.first?.id else { throw ConsoleError.notFound }
            return try await SchedulingReport.read(practice: practice, day: day, now: desk.now, in: desk.transaction)
        }
        guard let report else { throw ConsoleError.notFound }
        let id = report.practice.id
        if visit.query["format"] == "csv" {
            var response = Pages.response(report.csv(), type: "text/csv; charset=utf-8")
            response.headers[.contentDisposition] = #"attachment; filename="scheduling.csv""#
            return response
        }
        let csv = Form.link(
            "/report/scheduling", ["practice": id, "date": day?.description, "format": "csv"])
        let frame = Frame(title: "Scheduling report", person, at: "")
        return Pages.response(report.page(frame, pages, csvLink: csv), type: "text/html; charset=utf-8")
    }
}
