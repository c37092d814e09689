"""Standard validation: names and forms that every layer shares."""
