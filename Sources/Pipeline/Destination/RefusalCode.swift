import Foundation

/// Why another system said no, in its own words as far as they are a code: an OperationOutcome's, a problem's type
/// (RFC 9457), or a member that is named so. A sentence is never kept, for it may name a patient.
enum RefusalCode {
    private struct Answer: Decodable {
        struct Issue: Decodable {
            struct Details: Decodable {
                struct Coding: Decodable { let code: String? }
                let coding: [Coding]?
            }
            let code: String?
            let details: Details?
        }

        let issue: [Issue]?
        let code: String?
        let error: String?
        let reason: String?
        let type: String?

        enum CodingKeys: String, CodingKey { case issue, code, error, reason, type }

        /// Members of another shape are as if they were not there.
        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            issue = try? members.decode([Issue].self, forKey: .issue)
            code = try? members.decode(String.self, forKey: .code)
            error = try? members.decode(String.self, forKey: .error)
            reason = try? members.decode(String.self, forKey: .reason)
            type = try? members.decode(String.self, forKey: .type)
        }

        var words: [String?] {
            let coded = issue?.first?.details?.coding?.first?.code
            return [coded, issue?.first?.code, code, error, reason, type.map { ($0 as NSString).lastPathComponent }]
        }
    }

    static func read(_ body: [UInt8]) -> String? {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else { return nil }
        return answer.words.lazy.compactMap { $0 }.first(where: isCode)
    }

    /// A short word of letters with hyphens and the like, and no number that could be a patient's.
    private static func isCode(_ text: String) -> Bool {
        let digits = text.utf8.count { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return (2...48).contains(text.utf8.count) && digits <= 3 && text.first?.isLetter == true
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
