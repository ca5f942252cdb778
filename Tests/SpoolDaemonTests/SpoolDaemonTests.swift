// SpoolDaemonTests
