import SpoolConfig
import SpoolControl
import SpoolCore
import SpoolStore
import Testing

@testable import SpoolEngine

@Suite("The notification of a refused reload")
struct ReloadNoticeTests {
    private struct Mistake: Error, CustomStringConvertible { let description: String }

    private let at = Timestamp(milliseconds: 1_795_000_000_123)

    @Test(
        "each sentence ends with one punctuation mark, and time and cause can be parsed back",
        arguments: [
            "spool.path has changed, which requires a restart of the daemon", "did you mean `transport`?",
            "The spool was held by another connection for too long (SQLite 5). Close programs that use it.",
        ]
    )
    func roundTrip(cause: String) {
        let text = ReloadNotice.text(
            of: Reloads.Refusal(Mistake(description: cause), path: "/etc/spool/spool.yaml", at: at)
        )
        let notification = SpoolNotification(
            at: at + .seconds(9),
            severity: .error,
            code: RuleCode.reloadRefused.rawValue,
            subject: "",
            message: text
        )

        #expect(!text.contains(#/[.?][.?]/#), "\(text)")
        #expect(ReloadNotice.refusal(in: notification) == RefusedReload(at: at, cause: Sentence.ended(cause)))
    }

    @Test("a text of another version is returned as the cause, and other notifications report no reload")
    func other() {
        var notification = SpoolNotification(
            at: at,
            severity: .error,
            code: RuleCode.reloadRefused.rawValue,
            subject: "",
            message: "Not reloaded."
        )

        #expect(ReloadNotice.refusal(in: notification) == RefusedReload(at: at, cause: "Not reloaded."))
        notification.code = RuleCode.spoolFull.rawValue
        #expect(ReloadNotice.refusal(in: notification) == nil)
    }
}
