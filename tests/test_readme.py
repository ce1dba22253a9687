"""What the README tells people to type works, and what it shows is what comes out."""

import re
import shlex
import subprocess
import sys

import pytest

from schemas.rows import TABLES
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
# Run by tests of their own: test_samples runs the main job, tests/flows runs `longread up`, the test command runs this file, tests/query
# what is done with a dataset.
DATASET = ("longread query", "longread export", "longread compact", "longread forget")
ELSEWHERE = (
    *DATASET,
    "longread run data/samples",
    "longread up",
    "pip install -e '.[dev]' && pytest -n auto --dist loadfile --no-loadscope-reorder",
)


@pytest.mark.parametrize("command", [command for command in COMMANDS if not any(other in command for other in ELSEWHERE)])
def test_every_other_command_runs_and_prints_what_is_shown(command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "longread"
    done = subprocess.run([sys.executable, "-m", "pipeline", *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    shown = README.split(f"$ {command}\n```\n")[1].split("```")[1].removeprefix("\n")
    assert done.stdout.split() == shown.split()


def test_the_commands_tested_elsewhere_are_those_shown() -> None:
    assert all(any(other in command for command in COMMANDS) for other in ELSEWHERE)


def test_every_table_is_described() -> None:
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == list(TABLES)


def test_the_links_into_the_repository_lead_somewhere() -> None:
    assert all((ROOT / path).exists() for path in re.findall(r"`((?:schemas|data|docs|flows|pipeline|tests)/[\w./]+)`", README))
