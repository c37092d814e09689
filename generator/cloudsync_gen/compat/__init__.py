"""Break detection: what a change of a contract does to those who rely on it."""
