"""The environment that a real SGLang runs in on a CPU, and tiny checkpoints for it: built once, kept in the user's cache.

Both folders are named after what they are made of, so that a change makes new ones and old ones can be deleted by hand.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).parent
SGLANG = "0.5.23"
ARCHITECTURES = ("moe", "dense")
BUILD_COMMAND = "python -m tests.server.servers build"

REQUIREMENTS = HERE / "requirements.txt"
SHIMS = HERE / "shims"
CHECKPOINT_SOURCES = (REQUIREMENTS, HERE / "tiny.py", HERE / "chat_template.jinja")

Say = Callable[[str], None]


def cache() -> Path:
    """Return the folder that everything is kept in."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longread"


def environment() -> Path:
    """Return where the environment is, or would be built."""
    return cache() / f"sglang-{SGLANG}-{_digest([REQUIREMENTS, *_shims()])}"


def python() -> Path:
    """Return the environment's Python."""
    return environment() / "bin" / "python"


def checkpoints() -> dict[str, Path]:
    """Return where the checkpoint of each architecture is, or would be made."""
    return {arch: cache() / f"tiny-{_digest(CHECKPOINT_SOURCES)}-{arch}" for arch in ARCHITECTURES}


def is_built() -> bool:
    """Return whether environment and checkpoints are there, whole."""
    return _complete(environment()).exists() and all(path.is_dir() for path in checkpoints().values())


def build(say: Say = print) -> None:
    """Make what is missing. Whoever comes while another process builds waits for it."""
    cache().mkdir(parents=True, exist_ok=True)
    with FileLock(cache() / "build.lock"):
        if not _complete(environment()).exists():
            _build_environment(say)
        for arch, folder in checkpoints().items():
            if not folder.is_dir():
                _make_checkpoint(arch, folder, say)
    say(f"built: {environment()}")


def offline() -> dict[str, str]:
    """Return the variables of a process that must not look for anything on the hub."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "NO_COLOR": "1"}


def _build_environment(say: Say) -> None:
    folder = environment()
    # An environment knows its own path, so it is built in place and only counts once its mark is there.
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _step(say, "installing what SGLang imports (3 GB, some minutes)", [*pip, "-r", REQUIREMENTS])
    # Its own list of requirements is that of a GPU node.
    _step(say, f"installing SGLang {SGLANG}", [*pip, "--no-deps", f"sglang=={SGLANG}"])
    packages = next(folder.glob("lib/python3.*/site-packages"))
    shutil.copytree(SHIMS, packages, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    _complete(folder).touch()


def _make_checkpoint(arch: str, folder: Path, say: Say) -> None:
    with tempfile.TemporaryDirectory(dir=cache(), prefix="tiny-") as temporary:
        made = Path(temporary) / arch
        made.mkdir()
        _step(say, f"making the {arch} checkpoint", [python(), HERE / "tiny.py", arch, made])
        made.rename(folder)


def _step(say: Say, what: str, command: list[str | Path]) -> None:
    say(f"{what} …")
    start = time.monotonic()
    done = subprocess.run(command, check=False, env=offline(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        say(done.stdout)
        msg = f"{what} failed: the output is above"
        raise RuntimeError(msg)
    say(f"{what}: {time.monotonic() - start:.0f} s")


def _complete(folder: Path) -> Path:
    return folder / "complete"


def _shims() -> list[Path]:
    return sorted(path for path in SHIMS.rglob("*") if path.is_file() and path.suffix != ".pyc")


def _digest(paths: Iterable[Path]) -> str:
    content = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in paths:
        content.update(f"{path.relative_to(HERE)}\n".encode() + path.read_bytes())
    return content.hexdigest()[:12]
