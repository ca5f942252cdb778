import ArgumentParser
import SpoolCore
import Foundation
import SpoolSimulator
import UnixSignals

/// `spool simulate`.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs a simulated portal, to try a SIEM's parsers before connecting a tenant.",
        discussion: """
            It listens on loopback and answers the activities and alerts API like the real portal, with \
            invented records. Its list of truth is at /simulator/truth?stream=activities; faults can be \
            switched on by POST /simulator/faults.
            """
    )

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 8_080

    @Option(help: "Activities per second, 0 to 100,000.")
    var rate = 5.0

    @Option(help: "Activities that exist at the start, spread over the time before it; at most 10,000,000.")
    var history = 1_000

    @Option(help: "Hours over which the history is spread, 1 to 87,600.")
    var historyHours = 48

    @Option(help: "One alert for this many activities; 0 for none.")
    var activitiesPerAlert = 50

    @Option(help: "The same seed gives the same records.")
    var seed: UInt64 = 1

    @Option(help: "Requests per minute that are answered; 0 for any number (the real portal allows 30).")
    var requestsPerMinute = 30

    @Option(help: "API token to accept.")
    var token = Credentials.defaultToken

    @Flag(help: "No late arrivals: every record appears as soon as it is saved.")
    var prompt = false

    @Flag(help: "Print address and token as JSON, on one line.")
    var json = false

    func validate() throws {
        try NumberOption.check("--port", port, 0...65_535)
        try NumberOption.check("--rate", rate, 0...100_000)
        try NumberOption.check("--history", history, 0...10_000_000)
        try NumberOption.check("--history-hours", historyHours, 1...87_600)
        try NumberOption.check("--activities-per-alert", activitiesPerAlert, 0...1_000_000)
        try NumberOption.check("--requests-per-minute", requestsPerMinute, 0...1_000_000)
    }

    func run() async throws {
        var configuration = SimulatorConfiguration()
        configuration.port = port
        configuration.activitiesPerSecond = rate
        configuration.activitiesPerAlert = activitiesPerAlert
        configuration.history = history
        configuration.historyWindow = .seconds(historyHours * 3_600)
        configuration.seed = seed
        configuration.credentials.tokens = [token]
        configuration.throttle = requestsPerMinute > 0 ? Throttle(requestsPerMinute: requestsPerMinute) : nil
        if prompt { configuration.lateness = .none }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let simulator: Simulator
        do {
            simulator = try await Simulator.start(configuration)
        } catch {
            throw CommandFailure(.cannotReach, "cannot listen on port \(port); is it in use? Try --port 0")
        }
        if json {
            Output.line(try JSONText.line(["url": simulator.url, "token": token]))
        } else {
            Output.line("simulated portal at \(simulator.url)")
            Output.line("token: \(token)")
        }
        // Without its address it is of no use.
        if !Output.isOpen {
            await simulator.stop()
            return
        }
        for await _ in signals { break }
        await simulator.stop()
    }
}
