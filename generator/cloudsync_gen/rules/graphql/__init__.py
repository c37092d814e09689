"""GraphQL sources: every root field is resolved by an operation, every entity exists."""
