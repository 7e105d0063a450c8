"""Fault injection: harm is done to random heaps, and the core must tell."""
