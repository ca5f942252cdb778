// SpoolCoreTests
