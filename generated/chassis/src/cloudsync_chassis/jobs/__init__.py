"""What a service does without being asked: at its start, by the clock, and after an answer."""
