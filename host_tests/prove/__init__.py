"""Proofs of the core's arithmetic for all inputs, by CBMC."""
