package import SpoolCore

/// Decides which steps are suspect, from the crash counts that earlier runs left in the spool.
package struct PoisonHistory: Sendable {
    private let ends: [PoisonMark: Int]
    private let subjects: Set<String>

    package init(_ ends: [PoisonMark: Int]) {
        self.ends = ends
        subjects = Set(
            ends.filter { $0.value >= PoisonMark.suspicious && $0.key.isSingle }.map(\.key.subject)
        )
    }

    /// True when the records of a page, or the events of a batch, must be processed one by one.
    package func isSuspect(_ mark: PoisonMark) -> Bool { ends[mark, default: 0] >= PoisonMark.suspicious }

    /// True when this single record or event has crashed the process repeatedly: it is a poison record.
    package func hasTrapped(_ mark: PoisonMark) -> Bool { ends[mark, default: 0] >= PoisonMark.suspicious }

    /// True when any stream has a poison record.
    package var knowsRecords: Bool {
        ends.contains { $0.key.step == .page && $0.key.isSingle && hasTrapped($0.key) }
    }

    /// True when this stream or sink has a poison record; otherwise the search is skipped.
    package func knowsOne(of subject: String) -> Bool { subjects.contains(subject) }
}

extension PoisonMark {
    fileprivate var isSingle: Bool { place.hasPrefix(PoisonMark.single) }
}
