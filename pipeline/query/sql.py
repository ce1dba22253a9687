"""Texts and names as SQL writes them, pure: whatever comes from outside goes through here."""

from collections.abc import Iterable


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Return texts as SQL literals separated by commas."""
    return ", ".join(map(literal, texts))


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
