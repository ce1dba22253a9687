"""The values that move through longread, and the contracts at its two ends: the model's and the analyst's."""
