import ArgumentParser

@main
struct Spool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "spool")
}
