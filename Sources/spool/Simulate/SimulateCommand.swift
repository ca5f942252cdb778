import ArgumentParser
import SpoolCore
import Foundation
import SpoolSimulator
import UnixSignals

/// `spool simulate`.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs a simulated portal to test a SIEM's parsers before connecting a tenant.",
        discussion: """
            It listens on loopback and serves the activities and alerts API like the real portal, with \
            generated records. GET /simulator/truth?stream=activities returns the list of all records; POST \
            /simulator/faults injects faults.
            """
    )

    @Option(help: "Port to listen on; 0 picks a free port.")
    var port = 8_080

    @Option(help: "Activities per second, 0 to 100,000.")
    var rate = 5.0

    @Option(help: "Activities that exist at the start, spread over the preceding hours; at most 10,000,000.")
    var history = 1_000

    @Option(help: "Hours over which the history is spread, 1 to 87,600.")
    var historyHours = 48

    @Option(help: "Activities per alert; 0 disables alerts.")
    var activitiesPerAlert = 50

    @Option(help: "Random seed; the same seed produces the same records.")
    var seed: UInt64 = 1

    @Option(help: "Maximum requests per minute; 0 for no limit (the real portal allows 30).")
    var requestsPerMinute = 30

    @Option(help: "API token to accept.")
    var token = Credentials.defaultToken

    @Flag(help: "Disable late arrivals: every record appears as soon as it is saved.")
    var prompt = false

    @Flag(help: "Print address and token as one line of JSON.")
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
        // Without its address, the portal cannot be used.
        if !Output.isOpen {
            await simulator.stop()
            return
        }
        for await _ in signals { break }
        await simulator.stop()
    }
}
