import Foundation
import NIOCore
import NIOSSL
import SpoolNetwork
import Testing

struct NetworkFailureTests {
    @Test(
        "error numbers become sentences with the peer and a remedy",
        arguments: [
            (ECONNREFUSED, "siem.example:514 refuses the connection"), (ECONNRESET, "dropped the connection"),
            (EPIPE, "dropped the connection"), (ETIMEDOUT, "did not answer in time"),
            (EHOSTUNREACH, "no route"),
            (EMFILE, "LimitNOFILE"), (EMSGSIZE, "max_message_bytes"), (EACCES, "forbids"),
        ]
    )
    func numbers(_ number: CInt, _ words: String) {
        let error = IOError(errnoCode: number, reason: "connection reset (error set)")

        let text = NetworkFailure.describe(error, peer: "siem.example:514")

        #expect(text.contains("siem.example:514") && text.contains(words))
        #expect(!text.contains("error set"))
    }

    @Test("errors without a translation are shown by their type, never by their text")
    func unknown() {
        struct Odd: Error, CustomStringConvertible { let description = "/build/path/secret.cc:12" }

        let text = NetworkFailure.describe(Odd(), peer: "siem.example:514")

        #expect(text.contains("Odd") && !text.contains("secret"))
    }

    @Test("certificate errors are distinguished from others")
    func certificates() {
        #expect(NetworkFailure.isCertificateProblem(NIOSSLExtraError.failedToValidateHostname))
        #expect(NetworkFailure.isCertificateProblem(NIOSSLError.unableToValidateCertificate))
        #expect(!NetworkFailure.isCertificateProblem(NIOSSLError.uncleanShutdown))
        #expect(!NetworkFailure.isCertificateProblem(ChannelError.eof))
        #expect(NetworkFailure.cause(of: ChannelError.connectTimeout(.seconds(1))) == .timedOut)
    }
}
