"""Coverage-guided fuzzing of the core against a model."""
