"""Replays allocation traces of programs: on a target with every byte verified, and on the host to
find the smallest region that serves.
"""
