"""Read a throughput profile: one of longread's by name, or a file that changes some of its figures."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.errors import SettingsError
from schemas.throughput import Throughput

DEFAULT = "cookbook"
"""The only one whose rates are published."""


def load_throughput(name: str) -> Throughput:
    """Return the profile of that name, or of the YAML file of that path: `base: h100-fp8` and the figures that differ.

    Raises:
        SettingsError: there is no such profile or file, or a figure lacks its value, basis or source.
    """
    known: dict[str, Any] = yaml.safe_load((files("pipeline") / "throughput.yaml").read_text(encoding="utf-8"))
    if name in known:
        return Throughput(name=name, **known[name])
    path = Path(name)
    if not path.is_file():
        msg = f"--gpu {name}: no such throughput profile or file; profiles are {', '.join(known)}"
        raise SettingsError(msg)
    try:
        changes = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Throughput.model_validate({"name": path.stem, **known[changes.pop("base")], **changes})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        told = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else error
        msg = f"--gpu {name} is no throughput profile: base: one of {', '.join(known)}, and figures with value, basis and source ({told})"
        raise SettingsError(msg) from error
