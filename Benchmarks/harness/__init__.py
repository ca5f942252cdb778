"""The parts of `Benchmarks/run`: one module for each kind of process it measures."""
