// SpoolStoreTests
