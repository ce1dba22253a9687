"""Scores longread's output on the sample documents against their truth. `python -m tests.scoring OUT` prints the scores."""
