"""Tests of the core on the host: real builds of it under sanitizers, driven by commands."""
