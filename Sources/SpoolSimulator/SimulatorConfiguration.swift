/// The configuration of a simulated portal.
///
/// The default is a busy portal that works as documented.
package struct SimulatorConfiguration: Sendable {
    /// The address to listen on.
    package var host = "127.0.0.1"
    /// The port to listen on; 0 selects a free one.
    package var port = 0
    /// Certificate and key for HTTPS; nil for plain HTTP.
    package var tls: SimulatorTLS?
    /// The seed of all randomness.
    package var seed: UInt64 = 1
    /// The portal's time.
    package var clock = SimulatorClock()

    /// New activities per second of the portal's time.
    package var activitiesPerSecond: Double = 0
    /// Activities per alert, in the history as well; 0 for no alerts.
    package var activitiesPerAlert = 50
    /// The number of activities at the start.
    package var history = 0
    /// The time before the start over which the history is spread.
    package var historyWindow: Duration = .seconds(48 * 3600)
    /// The delays of records.
    package var lateness = Lateness()
    /// One activity in this many is 200 KB long; 0 for none.
    package var activitiesPerLargeOne: UInt32 = 2000

    /// The accepted credentials.
    package var credentials = Credentials()
    /// The request limit; nil for none.
    package var throttle: Throttle? = Throttle()
    /// The limits of page sizes.
    package var limits = PageLimits()
    /// What a scan does with records that share a millisecond at the edge of a page.
    package var millisecondGroups: MillisecondGroups = .kept
    /// How long records are returned.
    package var retention: Duration = .seconds(180 * 86_400)
    /// The handling of times more than 30 days ago.
    package var oldWindows: OldWindows = .answered
    /// Accepts every operator for both times, not only the published ones.
    package var acceptsEveryTimeOperator = false
    /// The faults at the start.
    package var faults: [FaultRule] = []

    /// A portal without records: tests insert theirs, or set a history and a rate.
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

    /// Both files are read when the simulator starts.
    package init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
