"""Tell a model in a loop from one that writes a long table, while it streams. Servers other than vLLM have no such guard."""

_WINDOW = 12_000
_PROBE = 200
_BLANKS = 1_000


def repeats_itself(text: str) -> bool:
    """Tell whether the last 12,000 characters are one unit over and over, or the last 1,000 are all blank.

    A constrained model that has nothing to say writes white space between two JSON tokens until its budget is spent.
    """
    return _blank(text) or _one_unit(text[-_WINDOW:])


def _blank(text: str) -> bool:
    return len(text) >= _BLANKS and text[-_BLANKS:].isspace()


def _one_unit(tail: str) -> bool:
    if len(tail) < _WINDOW:
        return False
    before = tail.rfind(tail[-_PROBE:], 0, len(tail) - 1)
    period = len(tail) - _PROBE - before
    return before >= 0 and period <= _WINDOW // 8 and tail[:-period] == tail[period:]
