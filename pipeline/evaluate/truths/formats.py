"""Recognise the format of ground truth by what is there, and load it."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluate.truth import Truth
from pipeline.evaluate.truths import chartqa, corpus, financebench, icdar, mmlongbench, pubtabnet, samples
from schemas.errors import SettingsError


class _Format(NamedTuple):
    looks_like: str
    is_here: Callable[[Path], bool]
    load: Callable[[Path], Truth]


_FORMATS = (
    _Format("a collection with tables/tables.jsonl, charts/charts.jsonl or docs/questions.jsonl", corpus.is_here, corpus.load),
    _Format("longread's own truth/*.json", samples.is_here, samples.load),
    _Format("ICDAR-2013's *-str.xml", icdar.is_here, icdar.load),
    _Format("MMLongBench-Doc's samples.json", mmlongbench.is_here, mmlongbench.load),
    _Format("FinanceBench's JSON lines", financebench.is_here, financebench.load),
    _Format("PubTabNet's JSON lines", pubtabnet.is_here, pubtabnet.load),
    _Format("ChartQA's test_*.json", chartqa.is_here, chartqa.load),
)


class Loaded(NamedTuple):
    """A truth whose documents are there, and the documents that are not."""

    truth: Truth
    missing: tuple[Path, ...]


def load_truth(path: Path) -> Loaded:
    """Return the ground truth at a path, a folder or a file.

    Raises:
        SettingsError: nothing is there, its format is not known, it is not as its format says, or none of its documents is there.
    """
    if not path.exists():
        msg = f"no ground truth at {path}"
        raise SettingsError(msg)
    known = next((one for one in _FORMATS if one.is_here(path)), None)
    if known is None:
        msg = f"{path} holds no ground truth that longread knows: {'; '.join(one.looks_like for one in _FORMATS)}"
        raise SettingsError(msg)
    try:
        truth = known.load(path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{path} looks like {known.looks_like}, but is not as published: {type(error).__name__} {error}"
        raise SettingsError(msg) from error
    here = frozenset(doc for doc in truth.docs if doc.is_file())
    if not here:
        msg = f"none of the documents of {path} is there, such as {truth.docs[0] if truth.docs else 'any'}: download them too"
        raise SettingsError(msg)
    return Loaded(truth.of_docs(here), tuple(doc for doc in truth.docs if doc not in here))
