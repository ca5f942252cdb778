/// A list that the portal answers.
package enum PortalStream: String, Sendable, CaseIterable, Hashable {
    case activities
    case alerts
}
