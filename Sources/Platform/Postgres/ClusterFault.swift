/// Why a private cluster cannot be made or started, each with what to do about it.
package enum ClusterFault: Error, Equatable, Sendable, CustomStringConvertible {
    case noServerInstalled
    case noPostgresUser
    case notTraversable(folder: String)
    case otherVersion(found: String, ours: String)
    case stillRunning(pid: Int32)
    case couldNot(String)

    package var description: String {
        switch self {
        case .noServerInstalled: "no PostgreSQL server is installed (apt install postgresql)"
        case .noPostgresUser: "PostgreSQL refuses to run as root, and there is no user postgres to run it as"
        case .notTraversable(let folder): "user postgres cannot enter \(folder); choose a data folder that it can reach"
        case .otherVersion(let found, let ours):
            "the data folder was made by PostgreSQL \(found), and \(ours) is installed; upgrade it with pg_upgradecluster"
        case .stillRunning(let pid):
            "a PostgreSQL server (process \(pid)) still runs on the data folder and does not stop"
        case .couldNot(let act): "could not \(act)"
        }
    }
}
