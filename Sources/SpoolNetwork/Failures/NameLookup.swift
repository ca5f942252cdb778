import Foundation
import NIOCore

/// What `getaddrinfo` meant.
enum NameLookup {
    static func cause(of error: SocketAddressError.UnknownHost) -> NetworkCause {
        switch error.errorCode {
        case Int(EAI_AGAIN): .nameServersSilent
        case Int(EAI_MEMORY): .outOfResources
        default: .nameUnknown
        }
    }
}
