// SpoolReceiver
