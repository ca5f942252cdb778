/// The codes of the notifications that the daemon's own audits raise and clear.
enum AuditCode: String, Sendable, CaseIterable {
    case missing = "Proof found missing events"
    case failed = "Proof failed"
    case little = "Proof proves little"
}
