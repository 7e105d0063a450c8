"""Measurements: speed, worst case and memory, of galloc and of its peers."""
