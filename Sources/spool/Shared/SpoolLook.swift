import SpoolConfig
import SpoolCore
import SpoolDaemon

/// What a command knows that only reads the spool.
enum SpoolLook {
    case composition(Composition)
    /// The configuration has mistakes; this is the spool's place.
    case path(String)

    /// The spool's file.
    var path: String {
        switch self {
        case .composition(let composition): composition.spool.path
        case .path(let path): path
        }
    }
}
