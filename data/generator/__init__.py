"""Draws the sample documents in `data/samples` and writes down what is in them.

Documents and truth come from the same Python values. Run it with `python -m data.generator`.
"""
