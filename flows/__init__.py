"""The only package that imports Prefect: it shows runs, starts them from a form and schedules them. The truth is in the store."""
