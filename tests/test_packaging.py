"""What the package promises of itself: constraints that are still needed, one version, a lock without hosts."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import prefect

from tests.conftest import ROOT


def test_the_fastapi_constraint_is_still_needed() -> None:
    """Prefect's server passes `min_items`, which FastAPI 0.150 dropped. When this fails, lift the constraint in pyproject.toml."""
    server = Path(prefect.__file__).parent / "server" / "api"
    assert any("min_items" in path.read_text(encoding="utf-8") for path in server.glob("*.py"))


def test_no_second_opencv_is_installed() -> None:
    """opencv-python needs libGL, which a bare machine lacks; opencv-python-headless does not."""
    installed = {distribution.metadata["Name"] for distribution in importlib.metadata.distributions()}
    assert "opencv-python" not in installed


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"## {importlib.metadata.version('longread')}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_lock_names_versions_only() -> None:
    lines = [line for line in (ROOT / ".ci" / "lock.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.\-\[\]]+==[\w.+!]+", line) for line in lines)


def test_the_pipeline_imports_without_prefect() -> None:
    code = "import sys; sys.modules['prefect'] = None; import pipeline.cli, pipeline.embedded.app"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
