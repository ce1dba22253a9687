"""Score what was read against a folder of truth."""
