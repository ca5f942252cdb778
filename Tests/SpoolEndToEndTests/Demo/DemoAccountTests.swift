import Logging
import Synchronization
import Testing

@testable import spool

@Suite("The demo's account")
struct DemoAccountTests {
    /// Everything was delivered; `c` was sent again on purpose.
    private static let whole = DemoAccount(
        held: ["a", "b", "c"],
        shown: ["a", "b", "c"],
        spooled: ["a", "b", "c"],
        received: ["a": 1, "b": 1, "c": 2],
        replayed: ["c"]
    )

    @Test("adds up if every event of the portal arrived once, and replayed ones once more")
    func addsUp() {
        #expect(Self.whole.faults.isEmpty)
        #expect(
            Self.whole.line
                == "every event is accounted for: shown by the source 3, spooled 3, delivered 3, "
                + "sent again on purpose 1, duplicates 0"
        )
    }

    @Test("every deviation is a fault, and the last line says so")
    func faults() {
        func faults(_ change: (inout DemoAccount) -> Void) -> [String] {
            var account = Self.whole
            change(&account)
            #expect(account.line.hasPrefix("NOT ACCOUNTED FOR: "))
            #expect(account.faults.allSatisfy(account.line.contains))
            return account.faults
        }

        #expect(faults { $0.held.insert("d") } == ["1 held by the portal and never shown"])
        #expect(
            faults { account in
                account.held.insert("d")
                account.shown.insert("d")
            } == ["1 shown by the portal and not spooled"]
        )
        #expect(
            faults { account in
                account.spooled.insert("d")
                account.received["d"] = 1
            } == ["1 spooled and never shown by the portal"]
        )
        #expect(faults { $0.received["a"] = nil } == ["1 spooled and not delivered"])
        #expect(faults { $0.received["d"] = 1 } == ["1 delivered and not in the spool"])
        #expect(faults { $0.received["c"] = 1 } == ["1 replayed and not received again"])
        #expect(faults { $0.received["a"] = 3 } == ["2 received more often than sent"])
        #expect(faults { $0.received["c"] = 3 } == ["1 received more often than sent"])
        #expect(
            faults { $0.unfinished = "the backlog drains" } == ["not finished: the backlog drains"]
        )
    }

    @Test("an act that does not end within its limit is a fault", .timeLimit(.minutes(2)))
    func unfinished() async throws {
        var options = Demo.Options()
        options.history = 20
        options.act = .seconds(3_600)
        options.limit = .zero
        let written = Mutex("")
        let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let demo = Demo(options, logger: quiet) { text in written.withLock { $0 += text } }

        let account = try await demo.run()

        let fault = "not finished: events flow from the portal through the spool to the SIEM"
        #expect(account.unfinished != nil && account.faults.first == fault)
        #expect(written.withLock { $0 }.hasSuffix("\(account.line)\n"))
        #expect(account.line.hasPrefix("NOT ACCOUNTED FOR: "))
    }
}
