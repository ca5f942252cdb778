import SpoolCore
import SpoolPipeline
import SpoolTestSupport
import Testing

@Suite("A tenant with 100 activities per second")
struct FetchSimulationTests {
    let begin = Sample.now

    /// Records at a constant rate; one in twenty appears late, by up to the look-back.
    private func tenant(
        perSecond: (Int) -> Double,
        seconds: Range<Int>,
        lateBy: Duration,
        pageSize: Int,
        seed: UInt64
    ) -> SimulatedTenant {
        var random = SeededGenerator(seed: seed)
        var records: [SimulatedTenant.Record] = []
        var owed = 0.0
        for second in seconds {
            owed += perSecond(second)
            let count = Int(owed)
            owed -= Double(count)
            for part in 0..<count {
                let created = begin + .milliseconds(second * 1_000 + part * 1_000 / count)
                let late = Int.random(in: 0..<20, using: &random) == 0
                let delay = late ? Int.random(in: 0...Int(lateBy.milliseconds), using: &random) : 0
                records.append(
                    .init(id: records.count, created: created, appears: created + .milliseconds(delay))
                )
            }
        }
        return SimulatedTenant(records: records, pageSize: pageSize)
    }

    private func simulation(pageSize: Int, end: Int, rate: @escaping (Int) -> Double) -> FetchSimulation {
        var simulation = FetchSimulation(begin: begin, perMinute: 20)
        simulation.add(
            Sample.stream("activities", .activity, pageLimit: pageSize),
            tenant(perSecond: rate, seconds: 0..<end, lateBy: .minutes(10), pageSize: pageSize, seed: 1)
        )
        simulation.add(
            Sample.stream("alerts", .alert, pageLimit: 100),
            tenant(
                perSecond: { _ in 0.05 },
                seconds: 0..<end,
                lateBy: .minutes(20),
                pageSize: 100,
                seed: 2
            )
        )
        return simulation
    }

    @Test("with pages of 5,000, 20 requests per minute suffice to read every record twice and find late ones")
    func largePages() {
        let end = 2_000
        var simulation = simulation(pageSize: 5_000, end: end) { _ in 100 }

        simulation.run(until: .seconds(end))

        #expect(simulation.busiestMinute <= 20)
        let activities = simulation.streams[0]
        #expect(activities.worstPollLag < .seconds(40))
        #expect(activities.worstSweepLag < .minutes(7))
        let mature = activities.tenant.records.prefix { $0.created < simulation.date - .minutes(18) }
        #expect(mature.count > 90_000)
        #expect(mature.allSatisfy { activities.swept[$0.id] == 1 })
        #expect(mature.allSatisfy { $0.appears > $0.created || activities.polled[$0.id] != nil })
        let alerts = simulation.streams[1]
        let old = alerts.tenant.records.prefix { $0.created < simulation.date - .minutes(35) }
        #expect(old.allSatisfy { alerts.hasRead($0.id) })
    }

    @Test("with pages of 500, sweeps lag visibly, polls keep up, and a quieter hour finds every late record")
    func smallPages() {
        let busy = 2_400
        let end = 9_600
        var simulation = simulation(pageSize: 500, end: end) { $0 < busy ? 100 : 5 }

        simulation.run(until: .seconds(busy))
        let atNoon = simulation.streams[0]
        let lag = FetchPlan.sweepLag(of: atNoon.stream, atNoon.progress, date: simulation.date)
        #expect(lag > .minutes(15))
        #expect(atNoon.worstPollLag < .minutes(8))

        simulation.run(until: .seconds(end))
        let atNight = simulation.streams[0]
        #expect(simulation.busiestMinute <= 20)
        #expect(FetchPlan.sweepLag(of: atNight.stream, atNight.progress, date: simulation.date) < .minutes(6))
        let mature = atNight.tenant.records.prefix { $0.created < simulation.date - .minutes(18) }
        #expect(mature.count > 240_000)
        #expect(mature.allSatisfy { atNight.hasRead($0.id) })
        #expect(mature.allSatisfy { atNight.swept[$0.id] != nil })
    }

    @Test("a late alert from before a three-day outage is still found by the sweep")
    func pause() {
        let stream = Sample.alerts
        let dated = begin - .hours(1)
        let late = SimulatedTenant.Record(id: 1, created: dated, appears: dated + .hours(15))
        let tenant = SimulatedTenant(records: [late], pageSize: 100)
        var simulation = FetchSimulation(begin: begin, perMinute: 20)
        simulation.add(stream, tenant)
        simulation.run(until: .minutes(30))
        let stored = simulation.streams[0].progress
        #expect(!simulation.streams[0].hasRead(1))

        var later = FetchSimulation(begin: begin + .days(3), perMinute: 20)
        later.add(stream, tenant)
        later.streams[0].progress = stored
        later.run(until: .minutes(1))

        #expect(later.streams[0].swept[1] == 1)
    }
}
