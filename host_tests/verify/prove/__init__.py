"""Proofs of the core by CBMC."""
