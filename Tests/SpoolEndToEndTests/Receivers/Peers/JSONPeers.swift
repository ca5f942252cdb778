/// A record as parsed by a real receiver's JSON parser.
struct SeenRecord: Decodable, Sendable {
    let host: String
    /// The name of the program.
    let tag: String
    /// `_id`; missing if the parser found no JSON.
    let id: String?
    /// `spool_cut.record_bytes` as a text; empty or missing in a complete record.
    let cut: String?

    var isCut: Bool { !(cut ?? "").isEmpty }
}

extension Rsyslog {
    /// Starts it with the stock TCP input and the JSON parser, configured for JSON without a cookie.
    static func startWithJSON(at site: Site) async throws -> Peer {
        try await start(.tcp, at: site) { listener, file in
            """
            \(listener)
            module(load="mmjsonparse")
            template(name="seen" type="list" option.jsonf="on") {
              property(outname="host" name="hostname" format="jsonf")
              property(outname="tag" name="syslogtag" format="jsonf")
              property(outname="id" name="$!_id" format="jsonf")
              property(outname="cut" name="$!spool_cut!record_bytes" format="jsonf")
            }
            action(type="mmjsonparse" cookie="")
            action(type="omfile" file="\(file)" template="seen")

            """
        }
    }
}

extension SyslogNG {
    /// Starts it with a stock TCP input and the JSON parser; messages that it cannot parse are dropped.
    static func startWithJSON(_ driver: Driver, at site: Site) async throws -> Peer {
        try await start(driver, .tcp, at: site) { source, file in
            """
            \(source)
            parser json { json-parser(prefix(".json.")); };
            template seen {
              template("$(format-json host=$HOST tag=$PROGRAM id=${.json._id} cut=${.json.spool_cut.record_bytes})\\n");
            };
            destination seen { file("\(file)" template(seen)); };
            log { source(siem); parser(json); destination(seen); };

            """
        }
    }
}
