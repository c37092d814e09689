"""The behaviour that a model implies: life cycles, invariants, events, references."""
