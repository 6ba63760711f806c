"""Helpers for tests and benchmarks: SIPp, the service as a child process, latency probes, tones."""
