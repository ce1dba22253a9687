"""longread's stages, one a module, and the line that joins them. Nothing here knows of Prefect."""
