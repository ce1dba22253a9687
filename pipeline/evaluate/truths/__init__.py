"""Ground truth as people publish it, one format a module."""
