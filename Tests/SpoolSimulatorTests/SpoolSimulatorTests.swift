// SpoolSimulatorTests
