import SpoolCore
import Testing

@testable import SpoolPipeline

@Suite("Suspicion of a receiver")
struct SuspicionTests {
    @Test("a receiver that does not close a half-closed connection is suspected until it closes one")
    func unclosed() {
        var suspicion = Suspicion()
        #expect(suspicion.text("tcp://siem:514") == nil)

        suspicion.noteEnd(.unclosed)
        #expect(suspicion.text("tcp://siem:514")?.hasPrefix("tcp://siem:514 does not close") == true)
        suspicion.noteEnd(.broken)
        #expect(suspicion.text("") != nil && !suspicion.isProved)
        suspicion.noteEnd(.proved)

        #expect(suspicion.text("") == nil && suspicion.isProved)
    }

    @Test("a receiver that ends three consecutive connections soon after taking lines is suspected")
    func short() {
        var suspicion = Suspicion()

        suspicion.noteEnd(.short)
        suspicion.noteEnd(.short)
        #expect(suspicion.text("") == nil)
        suspicion.noteEnd(.short)

        #expect(
            suspicion.text("tls://siem:6514")?.contains("ended 3 connections in a row within 10s") == true
        )
        #expect(suspicion.short == 3)
    }

    @Test("a long connection resets the count of short ones")
    func lasting() {
        var suspicion = Suspicion()
        for end in [Suspicion.End.short, .short, .broken, .short] { suspicion.noteEnd(end) }

        #expect(suspicion.short == 1 && suspicion.text("") == nil)
    }

    @Test("for a receiver that never closes, the interval grows up to six times")
    func interval() {
        var suspicion = Suspicion()
        var intervals: [Duration] = []
        for _ in 0..<5 {
            intervals.append(suspicion.interval(.minutes(5)))
            suspicion.noteEnd(.unclosed)
        }

        #expect(intervals == [5, 10, 20, 30, 30].map { Duration.minutes($0) })
    }
}
