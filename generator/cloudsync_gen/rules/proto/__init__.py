"""Proto sources: every RPC carries a command or query, every entity exists."""
