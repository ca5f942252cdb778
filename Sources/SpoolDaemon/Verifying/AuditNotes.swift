import SpoolCore
import SpoolStore

/// Which notifications an audit that has ended raises, and which it clears.
///
/// It clears a finding only if it found nothing and proves enough (`AuditWeakness`): what was found before may lie in
/// the part that is no longer provable.
struct AuditNotes {
    struct Raised {
        let code: AuditCode
        let severity: NotificationSeverity
        let message: String
    }

    private(set) var raised: [Raised] = []
    private(set) var cleared: [AuditCode] = []

    init(_ proof: Proof) {
        let isDone = proof.state == .done
        let weakness = isDone ? AuditWeakness(proof) : nil
        if let weakness {
            raised.append(Raised(code: .little, severity: .warning, message: weakness.message))
        } else if isDone {
            cleared.append(.little)
        }
        if let finding = AuditFinding(proof) {
            raised.append(Raised(code: .missing, severity: finding.severity, message: finding.message))
        } else if isDone, weakness == nil {
            cleared.append(.missing)
        }
    }
}
