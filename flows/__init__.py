"""The only package that imports Prefect, which shows, starts and schedules runs. The truth is in the store."""
