/// The streams, sinks and subscriptions of a configuration, as they are registered in the spool at the start.
package struct Topology: Sendable, Equatable {
    /// A stream with its source's type.
    package struct Stream: Sendable, Equatable {
        package let name: StreamName
        package let kind: EventKind
        package let renamedFrom: StreamName?
        /// Identifies the current filters, for `gaps`; nil keeps the filters of the last page.
        package let filterHash: String?
        /// A pause between two answers longer than this is a gap, which is still shown after it has healed.
        package let gapAfter: Duration

        package init(
            name: StreamName,
            kind: EventKind,
            renamedFrom: StreamName? = nil,
            filterHash: String? = nil,
            gapAfter: Duration = .minutes(5)
        ) {
            self.name = name
            self.kind = kind
            self.renamedFrom = renamedFrom
            self.filterHash = filterHash
            self.gapAfter = gapAfter
        }
    }

    /// A sink with its streams.
    package struct Sink: Sendable, Equatable {
        package let name: SinkName
        package let type: String
        package let streams: [StreamName]
        /// The start of a subscription that is added to a stream which already has events.
        package let start: SubscriptionStart?
        package let renamedFrom: SinkName?

        package init(
            name: SinkName,
            type: String,
            streams: [StreamName],
            start: SubscriptionStart? = nil,
            renamedFrom: SinkName? = nil
        ) {
            self.name = name
            self.type = type
            self.streams = streams
            self.start = start
            self.renamedFrom = renamedFrom
        }
    }

    package let streams: [Stream]
    package let sinks: [Sink]
    /// A sink that is down for longer than this is in the state `connection error`.
    package let connectionErrorAfter: Duration
    /// A sink that is down for longer than this is `disconnected`; the view `health` takes both thresholds
    /// from here.
    package let disconnectedAfter: Duration

    package init(
        streams: [Stream],
        sinks: [Sink],
        connectionErrorAfter: Duration = .hours(2),
        disconnectedAfter: Duration = .hours(12)
    ) {
        self.streams = streams
        self.sinks = sinks
        self.connectionErrorAfter = connectionErrorAfter
        self.disconnectedAfter = disconnectedAfter
    }
}

/// `start:` of a sink.
package enum SubscriptionStart: Sendable, Equatable {
    case now
    case beginning
    /// The first event that occurred at this time or later.
    case time(Timestamp)
}

/// The result of registering a roster in the spool.
package struct Registration: Sendable, Equatable {
    package let streams: [StreamName: StreamID]
    package let sinks: [SinkName: SinkID]
    /// Sinks that cannot start: a subscription was added to a stream that has events, without `start:`.
    ///
    /// They are held, with a notification, and keep their events.
    package let held: [SinkName: String]
    /// Settings without effect that the operator should know about, each as a sentence.
    package let notes: [String]

    package init(
        streams: [StreamName: StreamID],
        sinks: [SinkName: SinkID],
        held: [SinkName: String],
        notes: [String] = []
    ) {
        self.streams = streams
        self.sinks = sinks
        self.held = held
        self.notes = notes
    }
}

/// The result of `spool prune --forget`.
package struct ForgetReport: Codable, Sendable, Equatable {
    /// Its former name, which can be used again.
    package let name: String
    package let isStream: Bool
    /// Unsent events that will not be sent: for a sink on all its streams, for a stream at all its sinks.
    package let waiting: Int
    /// Dead letters of the sink that were dismissed.
    package let dismissed: Int
    /// Unfinished replays to the sink that were cancelled.
    package let cancelled: [ReplayID]

    package init(name: String, isStream: Bool, waiting: Int, dismissed: Int, cancelled: [ReplayID]) {
        self.name = name
        self.isStream = isStream
        self.waiting = waiting
        self.dismissed = dismissed
        self.cancelled = cancelled
    }

    private enum CodingKeys: String, CodingKey {
        case name, waiting, dismissed, cancelled
        case isStream = "is_stream"
    }
}
