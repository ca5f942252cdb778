import Foundation
import SpoolControl
import SpoolCore

/// What a replay would do, in words.
struct EstimateText {
    let text: String

    init(_ request: ReplayRequest, _ estimate: ReplayEstimate) {
        var lines = [
            "\(request.sink): \(estimate.inWindow) events \(request.basis.rawValue) from \(request.from) to "
                + "\(request.to)"
        ]
        func add(_ count: Int, _ what: String) {
            if count > 0 { lines.append("  \(count) \(what)") }
        }
        add(estimate.acknowledged, "acknowledged by the receiver")
        add(estimate.kernel, "written to the receiver's socket, its kernel has them; the receiver said nothing")
        add(estimate.sent, "handed to the network (UDP); nothing is known of their arrival")
        add(estimate.doubtful, "doubtful: a connection broke within 60 s after them")
        add(estimate.deadLetters, "dead letters: the receiver refused them")
        add(estimate.stillToComeLive, "still to come live; they are not part of a replay")
        lines.append("  \(estimate.toSend) would be sent\(request.missingOnly ? " (missing only)" : " again")")
        text = lines.joined(separator: "\n")
    }
}

/// A replay in words.
struct ReplayText {
    let text: String

    init(_ replay: Replay) {
        let request = replay.request
        var lines = [
            "replay \(replay.id) to \(replay.sink): \(replay.state.rawValue), \(replay.sent) of \(replay.total) sent",
            "  window   \(request.from) to \(request.to), by \(request.basis.rawValue)",
            "  sends    \(request.missingOnly ? "what the ledger does not show the sink to have" : "all of it")",
            "  streams  \(replay.streams.map(\.name.description).joined(separator: ", "))",
            "  made     \(replay.created)",
        ]
        if let finished = replay.finished { lines.append("  ended    \(finished)") }
        text = lines.joined(separator: "\n")
    }
}

/// JSON for scripts.
enum JSONText {
    static func of(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// Asks on a terminal.
enum Prompt {
    static func confirm(_ question: String) -> Bool {
        Output.text("\(question) [y/N] ")
        let answer = readLine()?.lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }
}
