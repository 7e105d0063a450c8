"""The figures that galloc is to reach: instructions an operation, ratios, instructions."""

INSTRUCTIONS = {
    "R64": 60, "R64n": 58, "X64n": 45, "R256": 75, "S160": 60, "lua": 45, "tls": 45, "sqlite": 45,
}  # fmt: skip
REGION_PER_PEAK = {"lua": 1.18, "tls": 1.02, "sqlite": 1.20}
FILL = {"X64": 0.960}
REFILL = {"F64": 0.915}
WORST = {
    "alloc_400": 150,
    "alloc_200_64": 150,
    "alloc": 250,
    "aligned": 250,
    "free": 200,
    "resize": 200,
}
CHECKED_FACTOR = 1.3  # the default build's instructions, at most, over those without the checksum
# On the Cortex-M3, the core at -O2
NEWLIB_FACTOR = 1.5  # instructions of newlib's malloc in R64, at least, over ours
SMALL_ALLOC = 150  # the worst of small requests that are met

WORKLOADS = ("R64", "R64n", "X64", "X64n", "F64", "F64n", "R256", "X256", "S160")
