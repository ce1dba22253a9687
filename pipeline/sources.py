"""Find the files that the user named: paths, folders, globs, manifests and fsspec URLs."""

import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
from pydantic import ValidationError

from schemas.document import Source
from schemas.errors import MissingSource, SettingsError

DOCUMENT_SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff"})
MANIFEST_SUFFIXES = frozenset({".csv", ".parquet", ".jsonl"})
_MANIFEST_COLUMNS = frozenset({"uri", "collection", "password_env"})


def expand(source: str) -> tuple[Source, ...]:
    """Return the files behind one SOURCE argument, sorted by name.

    Raises:
        MissingSource: nothing is there, or a folder holds no document.
        SettingsError: a manifest cannot be read.
    """
    path = Path(source)
    if "://" in source:
        return (Source(uri=source, filename=source.rstrip("/").rpartition("/")[2]),)
    if path.is_dir():
        found = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in DOCUMENT_SUFFIXES and not _is_hidden(p, path)]
        if not found:
            msg = f"the folder {source} holds no PDF, PNG, JPEG or TIFF file"
            raise MissingSource(msg)
        return tuple(_source(p) for p in found)
    if path.is_file():
        return tuple(_from_manifest(path)) if path.suffix.lower() in MANIFEST_SUFFIXES else (_source(path),)
    # Path.glob takes no absolute patterns.
    matched = [
        Path(p)
        for p in sorted(glob.glob(source, recursive=True))  # noqa: PTH207
        if Path(p).is_file()
    ]
    if not matched:
        msg = f"no file, folder or match at {source}"
        raise MissingSource(msg)
    return tuple(_source(p) for p in matched)


def local_path(source: Source, cache: Path) -> str:
    """Return a local path of the source's bytes; a URL is fetched into `cache` once.

    Raises:
        MissingSource: the file is not there, or its file system refuses.
    """
    if "://" not in source.uri:
        if not Path(source.uri).is_file():
            msg = f"no file at {source.uri}"
            raise MissingSource(msg)
        return source.uri
    try:
        return str(fsspec.open_local(f"simplecache::{source.uri}", simplecache={"cache_storage": str(cache)}))
    except (OSError, ValueError, ImportError) as error:
        msg = f"{source.uri} cannot be fetched: {error}"
        raise MissingSource(msg) from error


def _source(path: Path) -> Source:
    return Source(uri=str(path), filename=path.name)


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _from_manifest(path: Path) -> Iterator[Source]:
    table = _manifest(path)
    if "uri" not in table.columns:
        msg = f"the manifest {path} has no column uri; it has {', '.join(map(str, table.columns))}"
        raise SettingsError(msg)
    unknown = set(table.columns) - _MANIFEST_COLUMNS
    if unknown:
        msg = f"the manifest {path} has unknown columns {', '.join(sorted(unknown))}; known are {', '.join(sorted(_MANIFEST_COLUMNS))}"
        raise SettingsError(msg)
    for row in table.to_dict("records"):
        uri = str(row["uri"])
        located = uri if "://" in uri else str(path.parent / uri)
        yield _checked(path, {**{str(key): value for key, value in row.items()}, "uri": located, "filename": located.rpartition("/")[2]})


def _manifest(path: Path) -> pd.DataFrame:
    try:
        match path.suffix.lower():
            case ".csv":
                table = pd.read_csv(path, dtype=str)
            case ".parquet":
                table = pd.read_parquet(path)
            case _:
                table = pd.read_json(path, lines=True, dtype=False)
    except (ValueError, OSError) as error:
        msg = f"the manifest {path} cannot be read: {error}"
        raise SettingsError(msg) from error
    return table.astype(object).where(table.notna(), None)


def _checked(path: Path, fields: dict[str, Any]) -> Source:
    try:
        return Source.model_validate(fields)
    except ValidationError as error:
        msg = f"the manifest {path} has a row that names no file: {error.errors()[0]['msg']}"
        raise SettingsError(msg) from error
