"""Put crops of tables together into requests, pure: the instruction is sent once for several small tables.

A table in several parts, or one whose rows may fill a reply, is asked for alone; so is every chart.
"""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.document import Box, LayerWord

REPLY_TOKENS_PER_WORD = 16
"""Of a table as JSON, a cell of which has a word or two: measured on the embedded reader's replies, boxes included."""
MOST_TOGETHER = 12
"""Tables in one request: a reply that fails costs no more than these."""
IMAGE_TOKENS_PER_WORD = 4
"""Of a crop at reading resolution, where no text layer tells how many words it shows."""


class Cost(NamedTuple):
    """What a table takes of a request, and of its reply."""

    prompt_tokens: int
    reply_tokens: int


def reply_tokens(box: Box, words: Sequence[LayerWord], image_tokens: int) -> int:
    """Return about how many tokens the table in the box of a page takes as JSON."""
    inside = sum(box.x0 <= word.x0 and word.x1 <= box.x1 and box.y0 <= word.y0 and word.y1 <= box.y1 for word in words)
    return REPLY_TOKENS_PER_WORD * (inside or image_tokens // IMAGE_TOKENS_PER_WORD)


def together(costs: Sequence[Cost], room: Cost, most: int) -> list[list[int]]:
    """Return the tables, by position, in groups of at most `most` that fit the room: first fit, the longest replies first.

    One that is larger than the room is a group of its own. Inside a group, and by their first tables, they keep their order.
    """
    groups: list[list[int]] = []
    left: list[Cost] = []
    for number in sorted(range(len(costs)), key=lambda number: (-costs[number].reply_tokens, number)):
        prompt, reply = costs[number]
        for at, free in enumerate(left):
            if len(groups[at]) < most and prompt <= free.prompt_tokens and reply <= free.reply_tokens:
                break
        else:
            at = len(groups)
            groups.append([])
            left.append(room)
        groups[at].append(number)
        left[at] = Cost(left[at].prompt_tokens - prompt, left[at].reply_tokens - reply)
    return sorted(sorted(group) for group in groups)
