"""OpenAPI sources: one operation for one command or query, and nothing that compile adds."""
