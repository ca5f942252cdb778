// SpoolEndToEndTests
