"""`python -m galloc_mp` is the command line of the package."""

from galloc_mp.cli import main

main()
