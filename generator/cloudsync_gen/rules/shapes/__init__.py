"""Agreement: every shape of an entity says the same as its JSON Schema."""
