import NIOCore
import NIOPosix
import SpoolCore
import SpoolFormats
import SpoolNetwork

/// Opens a connected datagram socket, so that ICMP errors are reported on it.
struct DatagramConnector {
    let endpoint: Endpoint
    var pace = Pace.standard

    func open(_ renderer: LineRenderer) async throws(SinkFault) -> DatagramSession {
        let words = StreamWords(peer: endpoint.description)
        let report = StreamReport()
        do {
            let endpoint = endpoint
            let address = try await BlockingCall.run {
                try SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port)
            }
            let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelInitializer { channel in
                    let link = DatagramLink { error in report.over(words.fault(opening: error)) }
                    return channel.pipeline.addHandler(link)
                }
                .connect(to: address)
                .get()
            return DatagramSession(
                channel: channel,
                renderer: renderer,
                report: report,
                words: words,
                pace: pace
            )
        } catch {
            throw words.fault(opening: error)
        }
    }
}
