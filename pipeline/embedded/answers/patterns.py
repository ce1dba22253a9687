"""Patterns of dates, names and frequencies in running text."""

import re

MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?"
    r"|Dec(?:ember)?)\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
DATE = re.compile(
    r"\b(?:"
    + "|".join(
        (
            rf"{MONTH}\s+{_DAY}\s?(?:to|-|\u2013)\s?(?:{MONTH}\s+)?{_DAY},?\s+\d{{4}}",
            rf"{MONTH}\s+{_DAY},?\s+\d{{4}}",
            rf"{_DAY}\s+{MONTH},?\s+\d{{4}}",
            r"\d{4}-\d\d-\d\d",
            r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}",
            rf"{MONTH}\s+\d{{4}}",
            r"(?:Q[1-4]|[Ff]irst quarter|[Ss]econd quarter|[Tt]hird quarter|[Ff]ourth quarter)(?: of)? \d{4}",
            rf"{MONTH}\s+{_DAY}\b",
            rf"{_DAY}\s+{MONTH}",
            r"(?:19|20)\d\d",
        )
    )
    + ")"
)
_TITLE = r"(?:(?:Dr|Mr|Ms|Mrs|Prof|Sir)\.?\s)?"
_DEGREE = r"(?:,? (?:P\.E\.|Ph\.?D\.?|M\.D\.|Jr\.))?"
PERSON = re.compile(
    rf"\b(?!{MONTH}\s){_TITLE}[A-Z][a-z'\u2019]+(?:-[A-Z][a-z]+)?(?:\s[A-Z]\.)*(?:\s(?:de|van|von|der|la|du|da))?"
    rf"(?:\s[A-Z][A-Za-z'\u2019-]+){{1,2}}{_DEGREE}"
    r"|\b(?:[A-Z][\w'-]+,? (?:& |and )?){1,4}(?:LLP|LLC|Inc|GmbH|Ltd|AS|AG|SA|plc)\b\.?"
)
"""A person's name, or a firm's with its legal form."""
_TIMES = r"(?:once|twice|(?:two|three|four|five|six|\d+) times) (?:a|an|per|each|every|in a) \w+"
_EVERY = r"every (?:\w+ )?(?:hours?|days?|weeks?|months?|years?|seconds?|minutes?|quarters?)"
_ADVERB = r"(?:hourly|daily|weekly|monthly|quarterly|annually|yearly|biannually)"
OFTEN = re.compile(rf"\b(?:at least |at most |up to )?(?:{_TIMES}|{_EVERY}|{_ADVERB})\b", re.IGNORECASE)
