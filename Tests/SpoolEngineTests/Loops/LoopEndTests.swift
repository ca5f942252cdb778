import SpoolCore
import Testing

@testable import SpoolEngine

@Suite("Errors that end a loop of a running daemon")
struct LoopEndTests {
    @Test(
        "an invalid request by a loop is not a usage error of the operator, so that the daemon is restarted"
    )
    func invalid() {
        let error = StoreError(.invalid, "The watermark stays.").endingLoop

        #expect(error.kind == .io)
        #expect(error.description.hasPrefix("The watermark stays. This is a bug in spool; please report it"))
    }

    @Test(
        "an error that made the spool unusable is reported unchanged",
        arguments: [StoreError.Kind.damaged, .io, .readOnly]
    )
    func unusable(_ kind: StoreError.Kind) {
        let error = StoreError(kind, "The disk is gone.")

        #expect(error.endingLoop == error)
    }
}
