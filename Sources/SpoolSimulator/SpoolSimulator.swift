// SpoolSimulator
