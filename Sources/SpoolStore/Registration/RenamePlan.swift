/// Decides which sinks, or which streams, take another name: `renamed_from` against what the spool has.
///
/// The same value serves the registration, which carries it out, and `spool check`, which only reports it.
struct RenamePlan: Equatable, Sendable {
    /// A sink or stream in the spool.
    struct Known: Equatable, Sendable {
        let id: Int64
        let name: String
        /// True while nothing hangs on it: a sink that has settled nothing, a stream without an event.
        let isBlank: Bool
        /// The `renamed_from` that was carried out for it; nil when there was none, or the setting is gone.
        var carriedOut: String?
    }

    /// A sink or stream of the configuration.
    struct Wanted: Equatable, Sendable {
        let name: String
        let renamedFrom: String?
    }

    /// A row that takes another name.
    struct Move: Equatable, Sendable {
        let id: Int64
        let from: String
        let to: String
        /// The blank row that had the new name and gives way.
        var replaced: Int64?
    }

    /// A `renamed_from` that cannot be carried out.
    struct Ignored: Equatable, Sendable {
        enum Reason: Equatable, Sendable {
            /// The spool knows neither name.
            case unknown
            /// The former name is configured as well, and the new one exists.
            case formerNameInUse
            /// The new name has a history of its own.
            case hasHistory
        }

        let name: String
        let formerName: String
        let reason: Reason
    }

    private(set) var moves: [Move] = []
    private(set) var ignored: [Ignored] = []
    /// What `renamed_from` has been carried out, by id, after the moves.
    private(set) var carriedOut: [Int64: String] = [:]

    init(_ wanted: [Wanted], known: [Known]) {
        let rows = Dictionary(known.map { ($0.name, $0) }) { first, _ in first }
        let configured = Set(wanted.map(\.name))
        var claims: [(name: String, row: Known)] = []
        for part in wanted {
            guard let former = part.renamedFrom, former != part.name else { continue }
            let present = rows[part.name]
            if present?.carriedOut == former {
                carriedOut[present?.id ?? 0] = former
            } else if let row = rows[former] {
                claims.append((part.name, row))
            } else if let present {
                carriedOut[present.id] = former
            } else if !known.isEmpty {
                ignored.append(Ignored(name: part.name, formerName: former, reason: .unknown))
            }
        }
        // Names may be exchanged, and passed on in a chain: a name is free when its row takes another one. Each round
        // takes out the claims on names that do not become free.
        while let refused = Self.refused(claims, rows, configured) {
            claims.removeAll { $0.name == refused.name }
            ignored.append(refused)
        }
        let moving = Set(claims.map(\.row.id))
        for (name, row) in claims {
            let occupant = rows[name].flatMap { moving.contains($0.id) ? nil : $0.id }
            moves.append(Move(id: row.id, from: row.name, to: name, replaced: occupant))
            carriedOut[row.id] = row.name
        }
    }

    private static func refused(
        _ claims: [(name: String, row: Known)],
        _ rows: [String: Known],
        _ configured: Set<String>
    ) -> Ignored? {
        let moving = Set(claims.map(\.row.id))
        for (name, row) in claims {
            guard let occupant = rows[name], !moving.contains(occupant.id) else { continue }
            if configured.contains(row.name) {
                return Ignored(name: name, formerName: row.name, reason: .formerNameInUse)
            }
            if !occupant.isBlank {
                return Ignored(name: name, formerName: row.name, reason: .hasHistory)
            }
        }
        return nil
    }
}
