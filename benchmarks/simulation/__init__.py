"""What a cluster of replicas would make of a planner's requests: a simulation, because nobody here has the GPUs.

`python -m benchmarks.simulation` runs all of it and writes benchmarks/results/simulation.md and the plots of docs/scale.md.
"""
