"""The demo: synthetic benchmarks and methods that go through the real pipeline."""
