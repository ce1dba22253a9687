"""Read a preset: one of longread's by name, or a file that changes some of its fields."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from schemas.errors import SettingsError
from schemas.preset import PRESETS, Preset, preset_of


def load_preset(name: str) -> Preset:
    """Return the preset of that name, or of the YAML file of that path: `base: zai-org/GLM-4.6V` and the fields that differ.

    Raises:
        SettingsError: there is no such preset or file, or it sets a field that does not exist.
    """
    known = preset_of(name)
    if known:
        return known
    path = Path(name)
    if not path.is_file():
        msg = f"--preset {name}: no such preset or file; presets are {', '.join(PRESETS)}"
        raise SettingsError(msg)
    try:
        changes = yaml.safe_load(path.read_text(encoding="utf-8"))
        base = preset_of(str(changes.pop("base")))
        if base is None:
            msg = f"--preset {name}: its base is none of {', '.join(PRESETS)}"
            raise SettingsError(msg)
        return Preset.model_validate(_merged(base.model_dump(), changes))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        told = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else error
        msg = f"--preset {name} is no preset: base: NAME and fields of {', '.join(Preset.model_fields)} ({told})"
        raise SettingsError(msg) from error


def _merged(base: dict[str, object], changes: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for name, value in changes.items():
        known = merged.get(name)
        merged[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
