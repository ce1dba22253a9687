"""Northwind Instruments, an invented company, and its two annual reports."""
