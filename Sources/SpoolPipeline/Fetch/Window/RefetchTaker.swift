import Foundation
import Logging
import SpoolCore

/// Spools the pages of a replay's refetch, and stores its progress.
struct RefetchTaker: WindowTaker {
    let access: SourceAccess
    let replay: ReplayID
    let part: Refetch.Part
    let pages: RetryingStore<any PageStore>
    let store: RetryingStore<any RefetchStore>
    let time: Timekeeper
    let appended: Signal

    func take(_ page: Page, of scan: Scan, ended: WindowState?) async throws(StoreError) -> WindowID? {
        let commit = ScanStep.commit(
            page,
            of: scan,
            stream: access.stream,
            id: access.id,
            progress: StreamProgress(),
            fetched: time.wall()
        )
        let receipt = try await store.append(commit, of: replay)
        if receipt.inserted > 0 { appended.notify() }
        return receipt.window
    }

    /// How long the spool may be full before the replay is cancelled.
    private static let roomPatience = Duration.minutes(10)

    /// Waits while the spool or its disk is full, as the stream's own fetching does, but not forever.
    ///
    /// Until the replay is fixed, it keeps retention from deleting its window, so all fetching would stay
    /// paused.
    ///
    /// - Throws: `invalid` when there has been no space for ten minutes.
    func ready(stop: Stop) async throws(StoreError) {
        guard try await pages.waitForRoom(atMost: Self.roomPatience, time: time, stop: stop) else {
            throw StoreError(
                .invalid,
                "The spool has no space for the records that replay \(replay) fetches again; choose a "
                    + "shorter window, or raise `spool.retention.max_size`."
            )
        }
    }

    func abandon(_ scan: Scan) async throws(StoreError) {
        try await pages.abandon(scan, of: access.id, at: time.wall())
    }

    func reached(_ place: WindowPlace) async throws(StoreError) {
        // A place consists of texts and numbers, so encoding it cannot fail.
        let text = (try? JSONEncoder().encode(place)).map { String(decoding: $0, as: UTF8.self) }
        let seenTo = max(place.readTo, min(place.scan?.greatest ?? place.readTo, place.to))
        let kept = Refetch.Place(readTo: place.readTo, seenTo: seenTo, reader: text ?? "")
        try await store.keep(kept, of: access.id, replay)
    }

    func troubled(by fault: SourceFault?) async throws(StoreError) {
        do throws(StoreError) {
            // Neither waits for a full disk, nor stops the daemon with it, because of the source's fault.
            try await store.bare.note(fault?.description, ofRefetch: replay)
        } catch {
            guard error.isPassing else { throw error }
        }
    }
}

extension Refetch.Part {
    /// The place at which its reader continues; nil at the start, and when it was read with other filters
    /// than the current ones.
    func readerPlace(filterHash: String) -> WindowPlace? {
        guard let text = place?.reader,
            let place = try? JSONDecoder().decode(WindowPlace.self, from: Data(text.utf8)),
            place.filterHash == filterHash
        else { return nil }
        return place
    }
}
