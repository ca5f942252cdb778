/// What kind of portal to simulate.
///
/// The default is a busy one that works as published.
package struct SimulatorConfiguration: Sendable {
    /// Address to listen at.
    package var host = "127.0.0.1"
    /// Port to listen at; 0 takes a free one.
    package var port = 0
    /// Certificate and key for HTTPS; nil for plain HTTP.
    package var tls: SimulatorTLS?
    /// Everything that is drawn by lot is drawn from this.
    package var seed: UInt64 = 1
    /// The portal's time.
    package var clock = SimulatorClock()

    /// New activities a second of the portal's time.
    package var activitiesPerSecond: Double = 0
    /// One alert for this many activities, in the history as well; 0 for no alerts.
    package var activitiesPerAlert = 50
    /// Activities that are there at the start.
    package var history = 0
    /// The time before the start over which the history is spread.
    package var historyWindow: Duration = .seconds(48 * 3600)
    /// How late records are.
    package var lateness = Lateness()
    /// One activity in this many is 200 KB long; 0 for none.
    package var activitiesPerLargeOne: UInt32 = 2000

    /// Who may use it.
    package var credentials = Credentials()
    /// The allowance of requests; nil for any number.
    package var throttle: Throttle? = Throttle()
    /// How large pages may be.
    package var limits = PageLimits()
    /// What a scan does with records that share a millisecond at the edge of a page.
    package var millisecondGroups: MillisecondGroups = .kept
    /// How long records are answered.
    package var retention: Duration = .seconds(180 * 86_400)
    /// What happens to times more than 30 days ago.
    package var oldWindows: OldWindows = .answered
    /// Takes every operator for both times, not only the published ones.
    package var acceptsEveryTimeOperator = false
    /// Faults from the start.
    package var faults: [FaultRule] = []

    /// A portal without records; tests insert theirs, others set a history and a rate.
    package init() {}

    var alertsPerSecond: Double {
        activitiesPerAlert > 0 ? activitiesPerSecond / Double(activitiesPerAlert) : 0
    }

    var alertHistory: Int {
        activitiesPerAlert > 0 ? history / activitiesPerAlert : 0
    }
}

/// A certificate chain and its key, as PEM files.
package struct SimulatorTLS: Sendable {
    package var certificateFile: String
    package var keyFile: String

    /// Reads both files when the simulator starts.
    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
