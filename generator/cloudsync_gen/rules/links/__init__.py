"""Links: every reference leads to something of the right kind."""
