import SpoolCore

extension MomentText {
    /// The time that an option names.
    ///
    /// - Throws: what may be written instead, for a text that is no time.
    static func option(_ option: String, _ text: String, now: Timestamp) throws -> Timestamp {
        guard let moment = timestamp(text, now: now) else {
            throw CommandFailure(
                .wrongUse,
                "\(option) \(text): not a time; write 2026-11-23T04:00:00Z, 2026-11-23T04:00 (UTC), 2026-11-23, "
                    + "an age such as 2h or 3d, or now"
            )
        }
        return moment
    }
}
