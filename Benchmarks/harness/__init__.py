"""What `Benchmarks/run` is made of: one module for each kind of process it measures."""
