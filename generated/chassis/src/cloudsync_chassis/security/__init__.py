"""Who calls, proven by signed tokens, and what they may do."""
