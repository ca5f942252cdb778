// SpoolReceiverTests
