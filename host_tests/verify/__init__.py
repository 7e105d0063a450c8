"""Whether the core is right: all states, all inputs, random programs, interrupts."""
