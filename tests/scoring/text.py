"""When two printed strings say the same."""

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from tests.scoring.matching import best_pairs

ALIKE = 0.5
"""ANLS threshold of the DocVQA metric (Biten et al. 2019, "Scene Text Visual Question Answering")."""
SHORT = 5
"""A word of so many letters has to be met exactly: one letter makes another word of it ("cat", "cut")."""
EMPTY_WORDS = frozenset({"a", "an", "the", "and"})
DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
LOOSE_SPACE = re.compile(r"(?<=[$€£(])\s+|\s+(?=[%)])")


def cell_text(text: str) -> str:
    """The text with one kind of dash, quote and space, and no space after "$" and "(" or before "%" and ")"."""
    plain = DASHES.sub("-", unicodedata.normalize("NFKC", text)).translate(QUOTES)
    return LOOSE_SPACE.sub("", " ".join(plain.split()))


def words(text: str) -> list[str]:
    """Lower-case words and numbers without punctuation, articles and "and"."""
    found: list[str] = re.findall(r"-?\d[\d.,]*\d|-?\d|[^\W\d_]+", cell_text(text).casefold())
    return [word for word in found if word not in EMPTY_WORDS]


def digits(text: str) -> list[str]:
    """The numbers in the text, without thousands separators."""
    return [number.replace(",", "") for number in re.findall(r"\d[\d,]*(?:\.\d+)?", cell_text(text))]


def likeness(first: str, second: str) -> float:
    """Normalized Levenshtein similarity of the words, 0 to 1; 0 if the numbers in them differ ("Q1", "Q2")."""
    if digits(first) != digits(second):
        return 0.0
    return Levenshtein.normalized_similarity(" ".join(words(first)), " ".join(words(second)))


def are_alike(first: str, second: str) -> bool:
    """Whether two names mean the same; short ones have to be equal."""
    if cell_text(first).casefold() == cell_text(second).casefold():
        return True
    is_short = len(" ".join(words(first))) <= SHORT
    return not is_short and likeness(first, second) >= ALIKE


def alike_pairs(truth: Sequence[str], found: Sequence[str]) -> list[tuple[int, int]]:
    """One-to-one pairs (position in truth, position in found) of names that mean the same, most alike in total."""
    weights = [[likeness(a, b) + (a == b) if are_alike(a, b) else 0.0 for b in found] for a in truth]
    return best_pairs(weights)
