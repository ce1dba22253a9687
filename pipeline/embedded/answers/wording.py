"""The wordings by which questions say what they want: an operation, a kind of answer, a source, a form."""

import re
from typing import Literal

from schemas.extraction import AnswerKind

Operation = Literal["lookup", "difference", "growth", "ratio", "share", "sum", "average", "extreme", "peak", "choice", "trend", "multiple"]


def one_of(*alternatives: str) -> str:
    """Return the pattern that matches any of `alternatives`."""
    return "(?:" + "|".join(alternatives) + ")"


MORE = one_of(
    *("more", "less", "fewer", "higher", "lower", "greater", "larger", "smaller", "bigger", "longer", "shorter", "heavier", "lighter"),
    *("better", "worse", "older", "newer", "faster", "slower", "cheaper"),
)
_LOW = one_of("lowest", "smallest", "least", "fewest", "worst", "shortest", "lightest", "slowest", "minimum", "weakest", "cheapest")
_HIGH = one_of("highest", "largest", "greatest", "biggest", "most", "best", "longest", "heaviest", "fastest", "top", "maximum", "strongest")
MOST = one_of(_HIGH, _LOW)
BOUND = one_of("maximum", "minimum", "best", "top")
"""Superlatives that are as often part of a printed name: "maximum pressure"."""
MOVE = one_of(
    *(r"increas\w*", r"decreas\w*", r"grow\w*", "grew", r"chang\w*", r"ris(?:e|es|en|ing)", "rose", r"fall\w*", "fell"),
    *(r"declin\w*", r"drop\w*", r"improv\w*", r"shr[aiu]nk\w*"),
)
LEAST = re.compile(rf"\b{one_of(_LOW, 'lower', 'less', 'fewer', 'smaller', 'shorter')}\b", re.IGNORECASE)
PART = one_of("percent(?:age)?", "share", "proportion", "fraction", "%")
CHOOSING = r"\b(?:which|who|where|when|what (?!is\b|was\b|are\b|were\b)\w+)\b"
_ASKING = one_of("did", "has", "have", "is", "was", "were", "are", "does", "do")
_TREND = one_of(r"\bfrom\b.*\bto\b", r"\bbetween\b", "compared", "versus", r"\bover\b", r"\bsince\b", r"\bin (?:19|20)\d\d")

OPERATIONS: tuple[tuple[Operation, str], ...] = (
    (
        "growth",
        one_of(
            r"\bgrowth rate\b",
            r"\b(?:percent(?:age)?|%) (?:change|increase|decrease|growth|rise|decline|drop|reduction)",
            r"\bby (?:what|how many|how much) (?:percent(?:age)?\b(?! points?\b)|%|per cent)",
            r"\bhow (?:many|much) percent did\b",
            r"\brelative (?:change|growth)",
            rf"\bwhat percent(?:age)? did\b.*\b{MOVE}",
            rf"\b{MOVE}\b.*\b(?:in percent|in percentage terms?|in %)",
        ),
    ),
    ("multiple", r"\bhow many times\b"),
    ("trend", rf"^{_ASKING}\b.*\b{MOVE}\b.*{_TREND}"),
    (
        "choice",
        one_of(
            rf"\bwhich\b.*\b{MORE}\b[^,:]*[,:?].*\bor\b",
            rf"\bwhich\b.*\b(?:or|of\b.*\band)\b.*\b{MORE}\b",
            rf"^{_ASKING}\b.*\b(?:{MORE}|exceed\w*|surpass\w*)\b",
        ),
    ),
    (
        "difference",
        one_of(
            r"\bdifference (?:between|in|of)\b",
            r"\bgap\b",
            rf"\bhow (?:much|many)(?: \w+){{0,4}} {MORE}\b",
            r"\bby how (?:much|many)\b",
            rf"\bhow much (?:did|has|have|was)\b.*\b{MOVE}\b",
            r"\b(?:change|increase|decrease|rise|decline|growth|drop) (?:in|of)\b.*\b(?:from|between)\b.*\d{4}.*\d{4}",
        ),
    ),
    ("share", one_of(rf"\bas an? {PART} of\b", rf"\bwhat {PART} of\b")),
    ("ratio", one_of(r"\bratio (?:of|between)\b", r"\bto\b[^?]* ratio\b", r"\bdivided by\b")),
    ("average", r"\b(?:average|mean)\b.*\b(?:over|across|between|from|of|for|in)\b.*(?:\d{4}|\band\b)"),
    ("extreme", rf"\b(?:which|what|who|where|when)\b.*\b{MOST}\b"),
    ("sum", one_of(r"\bcombined\b", r"\b(?:al)?together\b", r"\bin total\b", r"\bsum of\b", r"\btotal of\b")),
)
"""Tried in this order; what none of them matches is a look-up."""

OPERATION_WORDS = re.compile(
    rf"\b{one_of(rf'(?:what|which) {PART}(?: of)?', rf'as an? {PART} of', MORE, rf'(?!{BOUND}){MOST}', MOVE)}\b"
    r"|\b"
    + one_of(
        *(r"exceed\w*", r"surpass\w*", "difference", "gap", "growth rate", "ratio", "divided", "times", "combined", "(?:al)?together"),
        *(
            "in total",
            "total of",
            "sum",
            "compared (?:to|with)",
            "versus",
            "vs",
            "between",
            "among",
            "percentage points?",
            "percent(?:age)?",
            "per cent",
        ),
        *("proportion", "in absolute terms", "respectively", "calculate", "compute", "answer", "amounts?", "according to", "kinds?"),
        *(
            "sorts?",
            "types?",
            "how (?:much|many)",
            "which",
            "what",
            "page",
            "fy",
            "usd",
            "eur",
            "gbp",
            "thousands?",
            "millions?",
            "billions?",
        ),
    )
    + r"\b",
    re.IGNORECASE,
)
"""Words that say what to do with a value, not what the value is called."""

_NUMBERS = one_of("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", r"\d")
_QUANTITIES = one_of("many", "long", "far", "tall", "wide", "heavy", "old", "high", "deep", "fast", "often", "large", "big", "hot", "loud")
_RATES = one_of("tax", "growth", "interest", "response", "vacancy", "churn", "yield")
_MONEY = one_of(
    *(r"revenues?", "sales", "income", "profit", "loss", "costs?", "price", "expenses?", "expenditures?", "capex", "cash", "dividends?"),
    *("assets", r"liabilit\w+", "equity", "debt", "earnings", "ebitda", "budget", r"spend\w*", "spent", "paid", "pay", "turnover", "fees?"),
    "capital",
)
KINDS: tuple[tuple[AnswerKind, str], ...] = (
    ("boolean", r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|should|must|may)\b"),
    (
        "list",
        one_of(
            r"^(?:list|name|enumerate)\b",
            rf"\b(?:what|which) (?:are|were) the (?:names? of the )?(?:{_NUMBERS}|main|key|different|various)\b",
            rf"\b(?:what|which) {_NUMBERS} \w+",
            r"^(?:what|which) (?:\w+ ){0,3}(?:are|were) (?:listed|named|included)",
            r"\bwhat are the \w+s\b",
            r"^(?:in |on |at |from )?which (?:\w+ ){0,2}?(?!is\b|was\b|has\b|does\b)\w+(?<![sui])s\b",
        ),
    ),
    (
        "percent",
        one_of(r"\b(?:what )?percent(?:age)?\b", r"\bwhat (?:%|share|proportion)", r"\bper ?cent\b", rf"\b{_RATES} rate\b", r"\bmargin\b"),
    ),
    (
        "date",
        one_of(r"^when\b", r"\b(?:what|which) (?:date|day|month|year)\b", r"^what (?:is|was) the (?:\w+ ){1,3}date\b", r"\bas of what\b"),
    ),
    ("none", r"^(?:which|what) (?:\w+ )?(?:rating|score|grade|rank|number)\b"),
    ("text", r"^(?:how often|who|where|why|(?:to |from |by |for |with )?(?:whom|which|whose))\b"),
    ("percent", r"^how much of\b"),
    ("number", one_of(rf"\bhow {_QUANTITIES}\b", r"\b(?:number of|ratio|temperature|weight|voltage|pressure|capacity|headcount)\b")),
    ("currency", one_of(r"\bhow much (?:money|did .* (?:cost|pay|spend|earn|sell|invest))\b", rf"\b{_MONEY}\b")),
)
"""Tried in this order; "none" leaves the kind open."""

INSTRUCTION = re.compile(
    r"(?:^|(?<=[.?!;,])\s*)"
    + one_of("please", "answer", "anwser", "round", "give", "write", "return", "express", "state your", "represent these", "respond")
    + r"\b[^?]*?(?:[.?!](?=\s|$)|$)",
    re.IGNORECASE,
)
SOURCE = re.compile(
    r"^(?:according to|based on|as (?:shown|stated|reported|given) (?:in|by)|in|from|per|using only|looking at) (?:the |this |its )?"
    r"(?:\w+ ){0,2}?(?:documents?|reports?|papers?|slides?|manuals?|text|tables?|charts?|figures?)(?: (?:above|below|provided))?,",
    re.IGNORECASE,
)
PAGE = re.compile(r"\bpages?\s+(\d{1,4})\b", re.IGNORECASE)
PLACES = re.compile(r"(one|two|three|four|1|2|3|4)[- ]decimal", re.IGNORECASE)
SCALED = re.compile(
    r"\bin (?:USD |US\$ |EUR |€ ?|\$ ?)?(thousand|million|billion)s?\b|\((?:in )?(?:USD |\$|€)?\s?(thousand|million|billion)s?\)",
    re.IGNORECASE,
)
YEAR = re.compile(
    r"\b(?:FY|CY|fiscal year |fiscal |financial year |calendar year )?['\u2019]?(?:19|20)\d\d\b|\bFY\s?\d\d\b",
    re.IGNORECASE,
)
AT_END = re.compile(
    one_of(r"\bat (?:the )?(?:\w+ ){0,2}end\b", r"\bas of\b", r"\byear[- ]end\b", r"\bat (?:December|June|March|September) \d"),
    re.IGNORECASE,
)
"""Asks for a balance on a day, not for what happened during a period."""
END_OF = re.compile(r"\bat (?:the )?(?:\w+ ){0,2}end of\b", re.IGNORECASE)
SUBJECT = re.compile(
    r"\b(?:which|what)\s+((?:(?!(?:is|was|were|are|had|has|did|does|the|of|in|do)\b)[\w-]+\s+){1,3})",
    re.IGNORECASE,
)
OUTFLOW = re.compile(r"\b(?:expenditures?|capex|spen[dt]|paid|pay|purchases?|repurchas\w*|dividends?)\b", re.IGNORECASE)
"""Statements of cash flows print what is spent in parentheses; asked how much was spent, the amount is positive."""
ALTERNATIVES = re.compile(r"^(?:is|are|was|were|do|does|did|has|have|had)\b.*?\b(\w+) or (\w+)\b", re.IGNORECASE)
