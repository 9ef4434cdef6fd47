import Foundation

/// The programs that are built, found in the folder of this one.
struct Programs: Sendable {
    struct Found: Sendable {
        let name: String
        let path: String
    }

    /// In the order of their start; stopped in reverse.
    let always: [Found]
    let practice: Found

    static func find(demo: Bool) throws(UpError) -> Programs {
        var always: [Found] = []
        for name in ["gateway", "scheduling", "console"] {
            always.append(Found(name: name, path: try path(of: name)))
        }
        return Programs(always: always, practice: Found(name: "practice", path: demo ? try path(of: "practice") : ""))
    }

    /// Where this program is.
    static var folder: String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return (own as NSString).deletingLastPathComponent
    }

    static func path(of name: String) throws(UpError) -> String {
        let path = "\(folder)/pmsync-\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw .missingProgram("pmsync-\(name)", folder: folder)
        }
        return path
    }
}
