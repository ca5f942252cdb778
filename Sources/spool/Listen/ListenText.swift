import Foundation
import SpoolCore
import SpoolReceiver

/// A received message in the forms that `spool listen` prints.
struct ReceivedText {
    let event: ReceivedEvent

    init(_ event: ReceivedEvent) { self.event = event }

    /// Time, class, severity, user, name and id on one line; a message that is not CEF unchanged, with a
    /// mark.
    var compact: String {
        switch event.reading {
        case .failure(let error): return "?? \(error): \(event.line)"
        case .success(let line):
            let time = (line["rt"] ?? line["start"]).flatMap { Int64($0) }.map {
                Timestamp(milliseconds: $0).description
            }
            let parts = [
                time ?? line.prefix.time, line.eventClassID, "severity \(line.severity)", line["suser"],
                line.name,
                line["externalId"].map { "id \($0)" },
            ]
            return parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "  ")
        }
    }

    /// A JSON object on one line.
    func json(at now: Timestamp) throws -> String {
        try JSONText.line(Object(event, at: now))
    }

    private struct Object: Encodable {
        struct CEF: Encodable {
            let version: Int
            let vendor: String
            let product: String
            let deviceVersion: String
            let classID: String
            let name: String
            let severity: String
            let fields: [String: String]

            enum CodingKeys: String, CodingKey {
                case version, vendor, product, name, severity, fields
                case deviceVersion = "device_version"
                case classID = "class"
            }
        }

        let received: Timestamp
        let connection: Int
        let framing: String
        let line: String
        var cef: CEF?
        var problem: String?

        enum CodingKeys: String, CodingKey {
            case connection, framing, line, cef, problem
            case received = "received_ms"
        }

        init(_ event: ReceivedEvent, at now: Timestamp) {
            received = now
            connection = event.connection
            framing = event.framing
            line = event.line
            switch event.reading {
            case .failure(let error): problem = error.description
            case .success(let line):
                cef = CEF(
                    version: line.version,
                    vendor: line.deviceVendor,
                    product: line.deviceProduct,
                    deviceVersion: line.deviceVersion,
                    classID: line.eventClassID,
                    name: line.name,
                    severity: line.severity,
                    fields: Dictionary(line.pairs.map { ($0.key, $0.value) }) { first, _ in first }
                )
            }
        }
    }
}

/// The summary that a listener prints when it ends.
struct ListenSummary: Encodable {
    struct Gap: Encodable {
        let from: Int
        let to: Int
    }

    let address: String
    let events: Int
    let bytes: Int
    let seconds: Double
    let perSecond: Double
    let connections: Int
    let notCEF: Int
    let problems: [String: Int]
    let classes: [String: Int]
    let differentIDs: Int
    let repeats: Int
    let repeatedIDs: [String]
    let withoutID: Int
    let numbered: Int
    let missingNumbers: Int
    let gaps: [Gap]
    let cutOff: Int
    let tooLong: Int
    private let hasForgotten: Bool

    enum CodingKeys: String, CodingKey {
        case address, events, bytes, seconds, connections, problems, classes, repeats, numbered, gaps
        case perSecond = "per_second"
        case notCEF = "not_cef"
        case differentIDs = "different_ids"
        case repeatedIDs = "repeated_ids"
        case withoutID = "without_id"
        case missingNumbers = "missing_numbers"
        case cutOff = "cut_off"
        case tooLong = "too_long"
    }

    /// `elapsed` is the time from the first event to the last.
    init(_ target: ListenTarget, _ tally: ListenTally, _ counts: ReceiverCounts, elapsed: Duration) {
        address = target.description
        events = tally.events
        bytes = tally.bytes
        seconds = Double(elapsed.milliseconds) / 1_000
        perSecond = ListenSummary.rate(tally.events, over: elapsed)
        connections = counts.connectionsOpened
        notCEF = tally.notCEF
        problems = tally.problems
        classes = tally.classes
        differentIDs = tally.differentIDs
        repeats = tally.repeats
        repeatedIDs = Array(tally.repeated.keys.sorted().prefix(20))
        withoutID = tally.withoutID
        numbered = tally.sequences.reduce(0) { $0 + $1.numbered }
        missingNumbers = tally.sequences.reduce(0) { $0 + $1.missing }
        gaps = tally.sequences.flatMap(\.gaps).prefix(20).map { Gap(from: $0.lowerBound, to: $0.upperBound) }
        cutOff = counts.unfinished
        tooLong = counts.tooLong
        hasForgotten = tally.hasForgotten
    }

    /// Events per second with one decimal; 0 if the duration is zero.
    static func rate(_ events: Int, over elapsed: Duration) -> Double {
        guard elapsed.milliseconds > 0 else { return 0 }
        return (Double(events) / Double(elapsed.milliseconds) * 10_000).rounded() / 10
    }

    var text: String {
        var lines = [
            "\(Count.text(events, "event")), \(ByteSize.text(Int64(bytes))), "
                + "\(Count.text(connections, "connection"))"
                + (perSecond > 0
                    ? ", \(Self.grouped(perSecond))/s over \(Age.text(.milliseconds(Int64(seconds * 1_000))))"
                    : "")
        ]
        if !classes.isEmpty {
            let sorted = classes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            let others = sorted.dropFirst(8).reduce(0) { $0 + $1.value }
            var most = sorted.prefix(8).map { "\($0.key) \(Grouped.text($0.value))" }
            if others > 0 { most.append("others \(Grouped.text(others))") }
            lines.append("  by class   " + most.joined(separator: ", "))
        }
        var told = "  ids        \(Grouped.text(differentIDs)) different, \(Grouped.text(repeats)) repeated"
        if withoutID > 0 { told += ", \(Count.text(withoutID, "event")) without an id" }
        if hasForgotten {
            told += "; ids beyond the first \(Grouped.text(ListenTally.longestMemory)) are not compared"
        }
        lines.append(told)
        if !repeatedIDs.isEmpty {
            let shown = repeatedIDs.prefix(5).joined(separator: ", ")
            lines.append("             repeated: \(shown)\(repeatedIDs.count > 5 ? ", …" : "")")
        }
        if notCEF > 0 {
            let causes = problems.sorted { $0.key < $1.key }.map { "\($0.key) \(Grouped.text($0.value))" }
            lines.append("  not CEF    \(Grouped.text(notCEF)) (\(causes.joined(separator: ", ")))")
        }
        lines.append(numbered > 0 ? numbers : "  numbers    none: these lines carry no sequenceId (RFC 5424)")
        if cutOff > 0 {
            lines.append(
                "  cut off    \(Grouped.text(cutOff)), because the connection ended"
            )
        }
        if tooLong > 0 { lines.append("  too long   \(Grouped.text(tooLong)), skipped") }
        return lines.joined(separator: "\n")
    }

    /// Events per second, "2,857.1".
    static func rateText(_ events: Int, over elapsed: Duration) -> String {
        grouped(rate(events, over: elapsed))
    }

    private static func grouped(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? Grouped.text(tenths / 10) : "\(Grouped.text(tenths / 10)).\(tenths % 10)"
    }

    private var numbers: String {
        let places = gaps.prefix(5).map { $0.from == $0.to ? "\($0.from)" : "\($0.from)-\($0.to)" }
        let named = places.isEmpty ? "" : ": \(places.joined(separator: ", "))\(gaps.count > 5 ? ", …" : "")"
        return "  numbers    \(Count.text(numbered, "event")) with a sequenceId, "
            + "\(Grouped.text(missingNumbers)) missing\(named)"
    }
}
