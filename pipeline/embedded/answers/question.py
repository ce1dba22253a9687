"""What a question asks for, read from its wording."""

import re
from typing import Literal, NamedTuple

from pipeline.embedded.answers.amounts import years
from pipeline.embedded.answers.terms import terms
from schemas.extraction import AnswerKind

Operation = Literal["lookup", "difference", "growth", "ratio", "share", "sum", "average", "extreme", "peak", "choice", "trend", "multiple"]

_INSTRUCTION = re.compile(
    r"(?:^|(?<=[.?!;,])\s*)(?:please\b|answer\b|anwser\b|round\b|give\b|write\b|return\b|express\b|state your|represent these|respond\b)[^?]*?(?:[.?!](?=\s|$)|$)",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"^(?:according to|based on|as (?:shown|stated|reported|given) (?:in|by)|in|from|per|using only|looking at) (?:the |this |its )?"
    r"(?:\w+ ){0,2}?(?:documents?|reports?|papers?|slides?|manuals?|text|tables?|charts?|figures?)(?: (?:above|below|provided))?,",
    re.IGNORECASE,
)
_PAGE = re.compile(r"\bpages?\s+(\d{1,4})\b", re.IGNORECASE)
_PLACES = re.compile(r"(one|two|three|four|1|2|3|4)[- ]decimal", re.IGNORECASE)
_SCALED = re.compile(
    r"\bin (?:USD |US\$ |EUR |€ ?|\$ ?)?(thousand|million|billion)s?\b|\((?:in )?(?:USD |\$|€)?\s?(thousand|million|billion)s?\)",
    re.IGNORECASE,
)
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_FACTORS = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}

_MORE = r"more|less|fewer|higher|lower|greater|larger|smaller|longer|shorter|heavier|lighter|better|worse|older|newer|faster|slower|bigger|cheaper"
_MOST = (
    r"highest|largest|greatest|biggest|most|best|longest|heaviest|fastest|top|maximum|strongest|"
    r"lowest|smallest|least|fewest|worst|shortest|lightest|slowest|minimum|weakest|cheapest"
)
_BOUND = r"maximum|minimum|best|top"
_LEAST = re.compile(
    r"\b(?:lowest|smallest|least|fewest|worst|shortest|lightest|slowest|minimum|weakest|cheapest|lower|less|fewer|smaller|shorter)\b",
    re.IGNORECASE,
)
_MOVE = r"increas\w*|decreas\w*|grow\w*|grew|chang\w*|ris(?:e|es|en|ing)|rose|fall\w*|fell|declin\w*|drop\w*|improv\w*|shr[aiu]nk\w*"

_OPERATIONS: tuple[tuple[Operation, str], ...] = (
    ("growth", r"\bgrowth rate\b|\b(?:percent(?:age)?|%) (?:change|increase|decrease|growth|rise|decline|drop|reduction)"
               r"|\bby (?:what|how many|how much) (?:percent(?:age)?|%|per cent)|\bhow (?:many|much) percent did\b|\brelative (?:change|growth)"
               rf"|\bwhat percent(?:age)? did\b.*\b(?:{_MOVE})|\b(?:{_MOVE})\b.*\b(?:in percent|in percentage terms?|in %)"),
    ("multiple", r"\bhow many times\b"),
    ("trend", rf"^(?:did|has|have|is|was|were)\b.*\b(?:{_MOVE})\b.*(?:\bfrom\b.*\bto\b|\bbetween\b|compared|versus|\bover\b|\bsince\b|\bin (?:19|20)\d\d)"),
    ("choice", rf"\bwhich\b.*\b(?:{_MORE})\b[^,:]*[,:?].*\bor\b|^(?:is|was|were|are|did|does|do|has|have)\b.*\b(?:{_MORE}|exceed\w*|surpass\w*)\b.*"),
    ("difference", rf"\bdifference (?:between|in|of)\b|\bgap\b|\bhow (?:much|many)(?: \w+){{0,4}} (?:{_MORE})\b|\bby how (?:much|many)\b"
                   rf"|\bhow much (?:did|has|have|was)\b.*\b(?:{_MOVE})\b|\b(?:change|increase|decrease|rise|decline|growth|drop) (?:in|of)\b.*\b(?:from|between)\b.*\d{{4}}.*\d{{4}}"),
    ("share", r"\bas an? (?:percentage|percent|share|proportion|fraction|%) of\b|\bwhat (?:percent(?:age)?|share|proportion|fraction|%) of\b"),
    ("ratio", r"\bratio (?:of|between)\b|\bto\b[^?]* ratio\b|\bdivided by\b"),
    ("average", r"\b(?:average|mean)\b.*\b(?:over|across|between|from|of|for)\b.*(?:\d{4}|\band\b)"),
    ("extreme", rf"\b(?:which|what|who|where|when|in which|in what)\b.*\b(?:{_MOST})\b"),
    ("sum", r"\b(?:combined|together|altogether|in total|sum of|total of)\b"),
)  # fmt: skip
_CHOOSING = r"\b(?:which|who|where|when|what (?!is\b|was\b|are\b|were\b)\w+)\b"
_OPERATION_WORDS = re.compile(
    rf"\b(?:(?:what|which) (?:share|proportion|fraction)(?: of)?|{_MORE}|(?!{_BOUND})(?:{_MOST})|{_MOVE}|exceed\w*|surpass\w*|difference|gap|growth rate|ratio|divided|times|combined|together|altogether|in total|sum|"
    r"compared (?:to|with)|versus|vs|between|among|percentage points?|amounts?|respectively|calculate|compute|answer|usd|eur|gbp|millions?|billions?|thousands?|page|fy|as an? (?:share|proportion|fraction) of|according to|kinds?|sorts?|types?|"
    r"percentage|percent|per cent|proportion|in absolute terms|how (?:much|many)|which|what)\b",
    re.IGNORECASE,
)


class Query(NamedTuple):
    """A question taken apart.

    `words` are its content terms without years; `places` is the number of decimals it asks for and `factor` the scale it
    wants the answer in, 0 where it names none; `subject` is what "which ..." asks for.
    """

    text: str
    kind: AnswerKind
    operation: Operation
    words: tuple[str, ...]
    years: tuple[int, ...]
    names: tuple[str, ...]
    quoted: tuple[str, ...]
    pages: tuple[int, ...]
    places: int | None
    factor: int
    size: int | None
    subject: tuple[str, ...]
    wants_least: bool
    at_end: bool
    alternatives: tuple[str, ...]
    is_count: bool


def parse(question: str, kind: AnswerKind | None = None) -> Query:
    """Take `question` apart; `kind` overrides the kind of answer that its wording suggests."""
    body = _asked(_SOURCE.sub("", _INSTRUCTION.sub(" ", question).strip()).strip()) or question
    operation: Operation = next((name for name, pattern in _OPERATIONS if re.search(pattern, body, re.IGNORECASE)), "lookup")
    if operation == "extreme" and not re.search(_CHOOSING, body, re.IGNORECASE):
        operation = "peak" if re.search(rf"\b(?!{_BOUND})(?:{_MOST})\b", body, re.IGNORECASE) else "lookup"  # "maximum" is part of names
    scaled = _SCALED.search(question)
    places = _PLACES.search(question)
    count = re.search(rf"\b({'|'.join(_COUNTS)}|\d)\b (?!percent|%|of the)\w+", body.lower())
    return Query(
        text=body,
        kind=kind if kind and kind != "none" else kind_of(body, operation),
        operation=operation,
        words=content(re.sub(r"\bat (?:the )?(?:\w+ ){0,2}end of\b", " ", body, flags=re.IGNORECASE)),
        years=tuple(sorted(years(body))),
        names=names(body),
        quoted=tuple(re.findall(r"[\"\u201c\u2018`]([^\"\u201d\u2019`]{2,80})[\"\u201d\u2019`]", body)),
        pages=tuple(int(page) for page in _PAGE.findall(body)),
        places=_digit(places[1]) if places else None,
        factor=_FACTORS[(scaled[1] or scaled[2]).lower()] if scaled else 0,
        size=_digit(count[1]) if count else None,
        subject=_subject(body),
        wants_least=bool(_LEAST.search(body)),
        alternatives=_alternatives(body),
        is_count=bool(re.search(r"\bhow many\b|\bnumber of\b", body, re.IGNORECASE))
        and not re.search(r"\bhow many (?:dollars|euros|pounds)\b", body, re.IGNORECASE),
        at_end=bool(
            re.search(
                r"\bat (?:the )?(?:\w+ ){0,2}end\b|\bas of\b|\byear[- ]end\b|\bat (?:December|June|March|September) \d", body, re.IGNORECASE
            )
        ),
    )


def _asked(text: str) -> str:
    """Return the sentence of `text` that asks; what is assumed or defined around it is left out."""
    asking = re.findall(r"[^.?!:]*(?:[.:](?=\w)[^.?!:]*)*\?", text)
    return (asking[0] if asking else text).strip(" ,")


def _digit(word: str) -> int:
    return _COUNTS.get(word.lower()) or int(word)


def content(text: str) -> tuple[str, ...]:
    """Return the terms of `text` that a label or sentence would repeat: no years, no words of the operation asked for."""
    bare = re.sub(
        r"\b(?:FY|CY|fiscal year |fiscal |financial year |calendar year )?['\u2019]?(?:19|20)\d\d\b|\bFY\s?\d\d\b",
        " ",
        _PAGE.sub(" ", text),
        flags=re.IGNORECASE,
    )
    found = terms(_OPERATION_WORDS.sub(" ", bare)) or terms(bare)
    return tuple(dict.fromkeys(found))


def names(text: str) -> tuple[str, ...]:
    """Return the terms of `text` written with a capital letter or a digit inside the sentence: they name things."""
    written = re.findall(r"(?<![.?!] )(?<!^)\b(?:[A-Z][\w&.-]*|\w*[a-z]\w*\d\w*|[A-Z]+-?\d[\w-]*)", text)
    return tuple(dict.fromkeys(term for word in written for term in terms(word) if not years(word)))


def _alternatives(text: str) -> tuple[str, ...]:
    """Return the terms of "own or lease" in a question that yes or no would not answer."""
    asked = re.search(r"^(?:is|are|was|were|do|does|did|has|have|had)\b.*?\b(\w+) or (\w+)\b", text, re.IGNORECASE)
    return (*terms(asked[1]), *terms(asked[2])) if asked else ()


def _subject(text: str) -> tuple[str, ...]:
    asked = re.search(
        r"\b(?:which|what)\s+((?:(?!is\b|was\b|were\b|are\b|had\b|has\b|did\b|does\b|the\b|of\b|in\b|do\b)[\w-]+\s+){1,3})",
        text,
        re.IGNORECASE,
    )
    return content(asked[1]) if asked else ()


_KINDS: tuple[tuple[AnswerKind, str], ...] = (
    ("boolean", r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|should|must|may)\b"),
    ("list", r"^(?:list|name|enumerate)\b|\b(?:what|which) (?:are|were) the (?:names? of the )?(?:two|three|four|five|six|seven|eight|nine|ten|\d|main|key|different|various)\b"
             r"|\b(?:what|which) (?:two|three|four|five|six|seven|\d) \w+|^(?:what|which) (?:\w+ ){0,3}(?:are|were) (?:listed|named|included)"
             r"|\bwhat are the \w+s\b|^(?:in |on |at |from )?which (?:\w+ ){0,2}?(?!is\b|was\b|has\b|does\b)\w+(?<![sui])s\b"),
    ("percent", r"\bwhat (?:percentage|percent|%)|\bpercent(?:age)?\b|\bby what per ?cent|\bhow many per ?cent|\bwhat (?:share|proportion)\b|\b(?:tax|growth|interest|response|vacancy|churn|yield) rate\b|\bmargin\b"),
    ("date", r"^when\b|\b(?:what|which) (?:date|day|month|year)\b|^what (?:is|was) the (?:\w+ ){1,3}date\b|\bon what date\b|\bin which year\b|\bas of what\b"),
    ("none", r"^(?:which|what) (?:\w+ )?(?:rating|score|grade|rank|number)\b"),
    ("text", r"^how often\b|^(?:who|where|why)\b|^(?:to |from |by |for |with )?(?:whom|which|whose)\b"),
    ("percent", r"^how much of\b"),
    ("number", r"\bhow (?:many|long|far|tall|wide|heavy|old|high|deep|fast|often|large|big|hot|loud)\b|\bnumber of\b|\bratio\b|\btemperature\b|\bweight\b|\bvoltage\b|\bpressure\b|\bcapacity\b|\bheadcount\b"),
    ("currency", r"\bhow much (?:money|did .* (?:cost|pay|spend|earn|sell|invest))\b|\b(?:revenues?|sales|income|profit|loss|cost|costs|price|expenses?|expenditures?|capex|cash|dividends?|assets|liabilit\w+|equity|debt|earnings|ebitda|budget|spend\w*|spent|paid|pay|turnover|fee|fees|capital)\b"),
)  # fmt: skip


def kind_of(body: str, operation: Operation) -> AnswerKind:
    """Return the kind of answer that the wording of `body` asks for."""
    if operation in {"growth", "share"}:
        return "percent"
    if operation in {"ratio", "multiple"}:
        return "number"
    if operation == "extreme" and re.search(_CHOOSING, body, re.IGNORECASE):
        return "date" if re.search(r"\b(?:which|what) (?:year|month|day|date|quarter)\b|^when\b", body, re.IGNORECASE) else "text"
    return next((kind for kind, pattern in _KINDS if re.search(pattern, body, re.IGNORECASE)), "none")
