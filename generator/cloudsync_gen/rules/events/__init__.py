"""Event-driven patterns: facts with an owner, a key, a payload and a way out for dead letters."""
