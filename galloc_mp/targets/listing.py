"""`targets`: the names of all targets."""

from galloc_mp.targets import known_targets


def main() -> None:
    """Lists the targets of a checkout."""
    print("\n".join(known_targets()))
