"""How good a run is, measured against published ground truth."""
