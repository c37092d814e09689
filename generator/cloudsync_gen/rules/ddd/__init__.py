"""Domain-driven design: aggregates, their life cycles and invariants, borders of contexts."""
