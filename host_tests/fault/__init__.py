"""Harm is done to random heaps: the core must detect it, and stay inside its region."""
