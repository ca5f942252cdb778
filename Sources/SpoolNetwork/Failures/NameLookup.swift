import Foundation
import NIOCore

/// The causes that errors of `getaddrinfo` indicate.
enum NameLookup {
    static func cause(of error: SocketAddressError.UnknownHost) -> NetworkCause {
        cause(ofCode: error.errorCode)
    }

    static func cause(ofCode code: Int) -> NetworkCause {
        switch code {
        case Int(EAI_AGAIN): .nameServersSilent
        case Int(EAI_MEMORY): .outOfResources
        default: .nameUnknown
        }
    }
}
