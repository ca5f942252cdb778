// SpoolSinksTests
