package import SpoolNetwork

extension DefenderSource: NetworkPeer {
    package var connections: [ConnectionPlan] {
        var plans = [
            ConnectionPlan(role: .portal, url: settings.url, tls: settings.tls, route: settings.route)
        ]
        if case .application(let application) = settings.authentication {
            plans.append(
                ConnectionPlan(
                    role: .login,
                    url: application.authority,
                    tls: settings.tls,
                    route: settings.route
                )
            )
        }
        return plans
    }
}
