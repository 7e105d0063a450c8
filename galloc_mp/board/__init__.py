"""Boards that are connected: how to reach one, and what to do with the galloc on it."""
