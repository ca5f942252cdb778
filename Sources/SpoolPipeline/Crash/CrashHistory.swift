package import SpoolCore

/// What the unclean ends of earlier runs say of a step.
///
/// A pure decision over what the spool has counted.
package struct CrashHistory: Sendable {
    private let ends: [CrashMark: Int]
    private let subjects: Set<String>

    package init(_ ends: [CrashMark: Int]) {
        self.ends = ends
        subjects = Set(ends.filter { $0.value >= CrashMark.suspicious && $0.key.isSingle }.map(\.key.subject))
    }

    /// True when a page or batch is to be taken one by one.
    package func isSuspect(_ mark: CrashMark) -> Bool { ends[mark, default: 0] >= CrashMark.suspicious }

    /// True when this one record or event has trapped the process, alone and again and again.
    package func hasTrapped(_ mark: CrashMark) -> Bool { ends[mark, default: 0] >= CrashMark.suspicious }

    /// True when a record of any stream has trapped.
    package var knowsRecords: Bool {
        ends.contains { $0.key.step == .page && $0.key.isSingle && hasTrapped($0.key) }
    }

    /// True when a stream or sink has one that trapped; only then is it worth the search.
    package func knowsOne(of subject: String) -> Bool { subjects.contains(subject) }
}

extension CrashMark {
    fileprivate var isSingle: Bool { place.hasPrefix(CrashMark.single) }
}
