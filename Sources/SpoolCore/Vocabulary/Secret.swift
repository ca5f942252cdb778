/// A token, password or key.
///
/// It never appears in a description, a dump or a log.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: String

    package init(_ value: String) { self.value = value }

    /// The secret itself, for the code that sends it.
    package func reveal() -> String { value }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A secret of the configuration with its reference, so that it can be read again when a peer refuses it.
///
/// A secret that is rotated in its file (Kubernetes swaps a link) takes effect without a reload.
package struct RenewableSecret: Sendable, Hashable {
    /// The secret as it was when the configuration was read.
    package let value: Secret
    private let origin: Origin?

    private struct Origin: Sendable {
        let reference: String
        let secrets: any SecretLookup
    }

    /// A secret without a reference, which never changes.
    package init(_ value: Secret) {
        self.value = value
        origin = nil
    }

    package init(_ value: Secret, reference: String, secrets: any SecretLookup) {
        self.value = value
        origin = Origin(reference: reference, secrets: secrets)
    }

    /// The current secret of the reference; nil when it cannot be read, or cannot be sent in a header.
    package func reread() -> Secret? {
        guard let origin, let secret = try? origin.secrets.resolve(origin.reference) else { return nil }
        return secret.isHeaderText ? secret : nil
    }

    package static func == (left: RenewableSecret, right: RenewableSecret) -> Bool {
        left.value == right.value
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

extension Secret {
    /// True when the secret consists of visible ASCII characters, the only ones a header can carry (RFC 9110
    /// §5.5).
    package var isHeaderText: Bool {
        let text = reveal()
        return !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
