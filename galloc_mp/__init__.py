"""Host side of galloc: runs scripts on targets, replays traces, shows heaps."""

__version__ = "0.1.0"
