"""How good the tests are: coverage and mutations."""
