"""`longread up`: a Prefect server on this machine and its deployments, all gone when it ends."""

import os
import sys

ENVIRONMENT = {
    # Nothing calls home.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # those pages ask a host of Amplitude's, whatever the settings say
    # What the pipeline logs is shown with the flow run.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "pipeline",
    # A folder `flows` in the current directory is not this package.
    "PYTHONSAFEPATH": "1",
}


def up() -> None:
    """Become `python -m flows.serving`, with the environment that Prefect reads at its import. Does not return."""
    command = [sys.executable, "-m", "flows.serving"]
    os.execve(sys.executable, command, {**os.environ, **ENVIRONMENT})  # noqa: S606 - a module of ours
