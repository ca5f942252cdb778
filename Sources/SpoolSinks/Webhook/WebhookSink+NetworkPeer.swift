import SpoolNetwork

extension WebhookSink: NetworkPeer {
    var connections: [ConnectionPlan] {
        [
            ConnectionPlan(
                role: .webhook,
                url: settings.base,
                tls: settings.tls,
                route: settings.route
            )
        ]
    }
}
