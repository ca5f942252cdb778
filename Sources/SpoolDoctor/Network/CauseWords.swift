import SpoolNetwork

/// The daemon's sentence for a network failure, taken apart: what happened, and what to do.
struct CauseWords {
    let found: String
    let remedy: String?

    init(_ cause: NetworkCause, peer: String) {
        let halves = SentenceHalves(cause.sentence(peer: peer))
        (found, remedy) = (halves.found, halves.remedy)
    }
}
