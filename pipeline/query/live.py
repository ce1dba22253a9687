"""Which files count: those of the committed runs that no other run replaces, all seen at one instant."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.write import COMMIT, Commit, commits, found_again
from schemas.errors import SettingsError
from schemas.settings import SCHEMA_VERSION


class Files(NamedTuple):
    """Parquet files of one table that follow one version of the contract."""

    version: int
    paths: tuple[Path, ...]


class Snapshot(NamedTuple):
    """The dataset at one instant: its live runs, and their files by table, oldest version first."""

    root: Path
    commits: tuple[Commit, ...]
    files: Mapping[str, tuple[Files, ...]]

    def paths(self, table: str) -> tuple[Path, ...]:
        """Return the files of a table; empty if there is none."""
        return tuple(path for files in self.files.get(table, ()) for path in files.paths)


@found_again
def snapshot(root: Path) -> Snapshot:
    """Return the live files under an output folder; commits that fall between the listings are seen wholly or not at all.

    Raises:
        SettingsError: there is no dataset, or a newer longread wrote it.
    """
    before = _live(root)
    while True:
        paths = sorted(root.glob("*/run_date=*/run_id=*/*.parquet"))
        now = _live(root)
        if now == before:
            break
        before = now
    _insist_on_known(root, now)
    version = {commit.run_id: commit.schema_version for commit in now}
    return Snapshot(root, now, _by_table(root, [(path, version[run]) for path in paths if (run := run_of(path)) in version]))


def run_of(path: Path) -> str:
    """Return the run that a file of the dataset is of."""
    return path.parent.name.removeprefix("run_id=")


def _live(root: Path) -> tuple[Commit, ...]:
    return tuple(commit for commit in commits(root) if not commit.is_replaced)


def _insist_on_known(root: Path, live: tuple[Commit, ...]) -> None:
    if not live:
        msg = f"{root} holds no committed run: name the folder that a run wrote with --out"
        raise SettingsError(msg)
    newest = max(commit.schema_version for commit in live)
    if newest > SCHEMA_VERSION:
        msg = f"{root} follows version {newest} of the contract, and this longread knows {SCHEMA_VERSION}: use the longread that wrote it"
        raise SettingsError(msg)


def _by_table(root: Path, files: Iterable[tuple[Path, int]]) -> dict[str, tuple[Files, ...]]:
    found: dict[str, dict[int, list[Path]]] = {COMMIT: {}}
    for path, version in files:
        found.setdefault(path.relative_to(root).parts[0], {}).setdefault(version, []).append(path)
    return {table: tuple(Files(version, tuple(paths)) for version, paths in sorted(by.items())) for table, by in found.items()}
