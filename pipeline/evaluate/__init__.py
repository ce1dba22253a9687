"""Scores of what a run found against the truth: small pure scorers."""
