"""Closure: every state that a small heap can reach, each visited, each request tried in it."""
