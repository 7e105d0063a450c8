"""Tests, proofs and measurements, one technique or target a folder."""
