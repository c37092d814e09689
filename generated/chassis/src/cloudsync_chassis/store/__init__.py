"""Where entities lie: SQLite by default, PostgreSQL by configuration, always within a tenant."""
