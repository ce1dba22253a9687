"""How good a run is, measured against ground truth: pure scorers, one module for each kind of result."""
