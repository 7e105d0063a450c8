"""Mutation testing of the core: small mistakes, and whether the tests' drivers see them."""
