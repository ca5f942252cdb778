import SpoolCore
import Testing

@testable import SpoolEngine

@Suite("What ends a loop of a running daemon")
struct LoopEndTests {
    @Test(
        "what a loop did wrong with the spool is not wrong use by who started the daemon, so that it is started again"
    )
    func invalid() {
        let error = StoreError(.invalid, "The watermark stays.").endingLoop

        #expect(error.kind == .io)
        #expect(error.description.hasPrefix("The watermark stays. This is a bug in spool; please report it"))
    }

    @Test(
        "what made the spool unusable is told as it is",
        arguments: [StoreError.Kind.damaged, .io, .readOnly]
    )
    func unusable(_ kind: StoreError.Kind) {
        let error = StoreError(kind, "The disk is gone.")

        #expect(error.endingLoop == error)
    }
}
