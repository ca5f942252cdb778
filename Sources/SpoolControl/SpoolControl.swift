// SpoolControl
