"""QoS specs: limits of throughput that volume types name."""
