"""Compiles and caches kernels, scans bytes, and spreads videos over processes."""
