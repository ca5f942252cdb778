import Foundation

extension NetworkFailure {
    /// The cause that an `errno` of a connection indicates.
    package static func cause(ofErrorNumber number: Int32) -> NetworkCause {
        switch number {
        case ECONNREFUSED: .refused
        case ECONNRESET, EPIPE, ECONNABORTED: .reset
        case ETIMEDOUT: .timedOut
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EAFNOSUPPORT: .noRoute
        case EACCES, EPERM: .forbiddenLocally
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: .outOfResources
        case EMSGSIZE: .messageTooLarge
        default: .system(String(cString: strerror(number)))
        }
    }
}
