import pytest

from pipeline.embedded.answers import ReadChart, SeenPage, answer, pages_with_charts
from pipeline.embedded.reading import Line, Reading, Rect, Region, Word
from pipeline.settle import settle
from schemas.extraction import ChartReading, ReadAxis, ReadPoint, ReadSeries

WHOLE = Rect(0, 0, 800, 560)


def page_of(*series, lines=(), rect=WHOLE, y_label=None, number=1):
    """`series` are (name, {x: value, or value as printed})."""
    read = tuple(ReadSeries(name=name, points=tuple(point(*pair) for pair in points.items())) for name, points in series)
    reading = ChartReading(chart_type="bar", y_axis=ReadAxis(label=y_label), series=read)
    shown = Reading(800, 560, tuple(map(line, lines)), (Region("chart", rect),))
    return SeenPage(1, number, "figure.png", shown, (ReadChart(rect, reading),))


def point(x, value):
    return ReadPoint(x=x, y=float(str(value).strip("%")), y_text=value if isinstance(value, str) else None)


def line(text):
    rect = Rect(10, 10, 10 + 8 * len(text), 24)
    return Line(tuple(Word(word, rect, 1.0) for word in text.split()), rect, 1.0)


def told(question, *pages):
    reply = settle(answer(question, None, pages))
    return (reply.text if reply.number is None else reply.number) if reply.is_answerable else None


YEARS = page_of(("", {"2017": 4.0, "2018": "5.5", "2019": 7.25, "2020*": 6.0}))
TEAMS = page_of(("", {"Harbour United": 31, "Stonebridge FC": 28, "Vale Rovers": 28.5, "Easton Town": 12}), y_label="Attendance")
SHOPS = page_of(("Online", {"Norway": "12%", "Denmark": "15%"}), ("In stores", {"Norway": "30%", "Denmark": "21%"}))
QUARTERS = page_of(("", {"Q1 2019": 1, "Q2 2019": 2, "Q3 '19": 3, "Q4 2019": 4, "Q1 2020": 5}))
MONTHS = page_of(("2018", {"Jan": 1, "Feb": 2}), ("2019", {"Jan": 3, "Feb": 4}))
MAKERS = page_of(("", {"Alpha Works": 500, "Beta Tools": 2000, "Other makers": 9000, "Total": 11500}))
TERMS = page_of(("", {"June 2017 to June 2018": 86, "June 2018 to June 2019": 70}))
LANDS = page_of(("", {"United States": 71, "United Kingdom": 69}))
SHORT = page_of(("", {"'18": 1, "'19": 2, "'20*": 3}))
SEASONS = page_of(("", {"2017/18": 10, "2018/19": 20}))


@pytest.mark.parametrize(
    ("page", "question", "expected"),
    [
        (YEARS, "How much was spent in 2018?", 5.5),
        (YEARS, "How much was spent in 2020?", 6),
        (YEARS, "How much was spent in the previous year?", 7.25),
        (YEARS, "What is the current spending?", 6),
        (YEARS, "In what year did spending peak?", "2019"),
        (YEARS, "In which year was spending lowest?", "2017"),
        (YEARS, "What was the highest spending?", 7.25),
        (YEARS, "When did the counting begin?", "2017"),
        (YEARS, "What is the difference between 2019 and 2017?", 3.25),
        (YEARS, "What is the sum of the spending in 2017 and 2018?", 9.5),
        (YEARS, "What is the average of 2017 and 2020?", 5),
        (YEARS, "What is the ratio of 2020 to 2017?", 1.5),
        (TEAMS, "How many came to the games of Vale Rovers?", 28.5),
        (TEAMS, "Which team had the highest attendance?", "Harbour United"),
        (TEAMS, "Which team had the third highest attendance?", "Stonebridge FC"),
        (TEAMS, "Which team drew about 12 thousand people?", "Easton Town"),
        (TEAMS, "What was the lowest attendance?", 12),
        (TEAMS, "What is the largest club of the league?", "Harbour United"),
        (SHOPS, "What percentage of Norwegians in Norway buy online?", 12),
        (SHOPS, "What share buys in stores in Denmark?", 21),
        (SHOPS, "In which country do 15 percent buy online?", "Denmark"),
        (QUARTERS, "What was the revenue in the third quarter of 2019?", 3),
        (QUARTERS, "What was the revenue in the first quarter of 2020?", 5),
        (MONTHS, "What was the volume in February 2019?", 4),
        (MONTHS, "What was the volume in January 2018?", 1),
        (MAKERS, "What is the second largest maker of tools?", "Alpha Works"),
        (MAKERS, "Which maker sold two billion screws?", "Beta Tools"),
        (MAKERS, "How many screws did the global industry make?", 11500),
        (TERMS, "What was earned between June 2018 and June 2019?", 70),
        (LANDS, "What percentage of the U.S. population reads?", 71),
        (SHORT, "How many were there in 2019?", 2),
        (SEASONS, "How many goals fell in the 2018/19 season?", 20),
    ],
)
def test_a_question_is_answered_from_the_points_of_the_only_chart(page, question, expected):
    assert told(question, page) == expected


@pytest.mark.parametrize(
    ("page", "question"),
    [
        (YEARS, "How much was spent in 2012?"),
        (TEAMS, "How many came to the games of Northgate Athletic?"),
        (SHOPS, "How many people shop in Norway?"),
        (QUARTERS, "What was the revenue in the second quarter of 2020?"),
        (MONTHS, "What was the volume in March 2019?"),
        (TEAMS, "In what year was the attendance highest?"),
        (page_of(), "What was the revenue in 2019?"),
    ],
)
def test_what_is_not_among_the_labels_stays_unanswered(page, question):
    assert told(question, page) is None


def test_a_printed_value_is_cited_as_printed_and_one_read_off_the_axis_by_its_label():
    printed = answer("How much was spent in 2018?", None, [YEARS]).evidence[0]
    estimated = answer("How much was spent in 2019?", None, [YEARS]).evidence[0]
    assert (printed.quote, estimated.quote) == ("5.5", "2019")
    assert {printed.source_kind, estimated.source_kind} == {"chart"}
    assert printed.box == (0, 0, 1000, 1000)


def test_a_percentage_is_a_percentage():
    reply = answer("What share buys in stores in Denmark?", None, [SHOPS])
    assert (reply.kind, reply.unit, reply.text) == ("percent", "%", "21%")


def test_among_text_a_chart_has_to_be_about_what_is_asked():
    half = Rect(100, 100, 500, 400)
    figure = page_of(("", {"2018": 5, "2019": 6}), lines=["Exports of timber, million tonnes", "2018", "2019"], rect=half)
    assert told("What were the exports of timber in 2019?", figure) == 6
    assert told("What was the salary of the chief engineer in 2019?", figure) is None


def test_charts_are_read_on_the_pages_that_share_words_with_the_question():
    def shown(text):
        return SeenPage(1, 1, "report.pdf", Reading(800, 560, (line(text),), (Region("chart", WHOLE),)))

    plain = SeenPage(1, 1, "report.pdf", Reading(800, 560, (line("exports of timber"),)))
    pages = [shown("wages"), plain, shown("exports of timber"), *(shown("exports") for _ in range(9))]
    chosen = pages_with_charts("What were the exports of timber?", pages)
    assert 2 in chosen
    assert not {0, 1} & set(chosen)
    assert len(chosen) <= 4
