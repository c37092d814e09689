"""What several tests share: trees of files, golden comparison, the house rules."""
