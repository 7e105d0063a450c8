"""Coverage of the core's lines and branches by the tests' drivers."""
