// SpoolNetwork
