"""The store of completions, content-addressed: what the model was paid for is on disk before anything else happens to it.

A completion lies under its request's hash, so that a run that was killed, or is repeated, asks for nothing twice, and parsing,
verification and writing can be run again without a model.
"""

import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from schemas.errors import WriteError
from schemas.message import Completion


class Store:
    """A folder of completions: `<root>/ab/<request_id>.json`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, request_id: str) -> Completion | None:
        """Return the stored completion, marked as such; None if there is none, or if its file was damaged."""
        try:
            content = self._path(request_id).read_bytes()
            return Completion.model_validate_json(content).model_copy(update={"from_store": True})
        except (FileNotFoundError, ValidationError):
            return None

    def put(self, completion: Completion) -> None:
        """Write the completion: wholly, or not at all.

        Raises:
            WriteError: the folder cannot be written.
        """
        path = self._path(completion.request_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, completion.model_dump_json().encode())
        except OSError as error:
            msg = f"the completion store {self._root} cannot be written ({error}): free some space or choose another --out"
            raise WriteError(msg) from error

    def _path(self, request_id: str) -> Path:
        return self._root / request_id[:2] / f"{request_id}.json"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a crash at any instant, finds the old content or the new, never a part."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
