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
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let folder = (own as NSString).deletingLastPathComponent
        func found(_ name: String) throws(UpError) -> Found {
            let path = "\(folder)/pmsync-\(name)"
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw .missingProgram("pmsync-\(name)", folder: folder)
            }
            return Found(name: name, path: path)
        }
        var always: [Found] = []
        for name in ["gateway", "scheduling", "console"] { always.append(try found(name)) }
        return Programs(always: always, practice: demo ? try found("practice") : Found(name: "practice", path: ""))
    }
}
