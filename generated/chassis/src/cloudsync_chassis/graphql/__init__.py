"""The GraphQL adapter over one port: a published schema, what answers its fields, its limits."""
