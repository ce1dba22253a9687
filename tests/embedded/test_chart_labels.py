"""Labels of charts that are hard to place: aslant, stacked, at the ends of an axis; and what is not to be read from them."""

import cv2
import numpy as np
import pytest

from pipeline.embedded.charts.bars import Bar
from pipeline.embedded.charts.categories import categories_alone, categories_at
from pipeline.embedded.charts.dates import moment_text, parse_moment
from pipeline.embedded.charts.figure import Figure, label
from pipeline.embedded.charts.ink import Color
from pipeline.embedded.charts.legend import Key, are_distinct, find_legend
from pipeline.embedded.charts.read import read_chart
from pipeline.embedded.charts.slots import find_slots
from pipeline.embedded.charts.text import with_slants
from pipeline.embedded.pictures import is_figure, split_charts
from pipeline.embedded.reading import Line, Rect, Word

WHITE = (255, 255, 255)
BLUE, GRAY, GREEN = (40, 110, 220), (190, 190, 190), (30, 140, 60)
TICKS = (0, 10, 20, 30, 40, 50)


def text(words, x, y, width=0.0, height=14.0):
    """A line of text whose middle is at x, y."""
    width = width or 9.0 * len(words)
    rect = Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Line((Word(words, rect, 1.0),), rect, 1.0)


def labels(pairs, y=320.0):
    return [label(words, text(words, x, y).words[0].rect) for words, x in pairs]


def axis():
    return [text(str(value), 40, 300 - 5 * value, 24) for value in TICKS]


def canvas():
    image = np.full((400, 640, 3), 255, np.uint8)
    for value in TICKS:
        cv2.line(image, (60, 300 - 5 * value), (600, 300 - 5 * value), (220, 220, 220), 1)
    return image


def bars(values, colors):
    image = canvas()
    for at, (value, color) in enumerate(zip(values, colors, strict=True)):
        cv2.rectangle(image, (90 + 100 * at, 300 - 5 * value), (140 + 100 * at, 299), color, -1)
    return image


def names(words):
    return [text(word, 115 + 100 * at, 320) for at, word in enumerate(words)]


def read(image, lines):
    return read_chart(image, Rect(0, 0, image.shape[1], image.shape[0]), lines)


def points(reading):
    return [{point.x: point.y for point in series.points} for series in reading.series]


def test_bars_are_read_from_lines_that_are_known():
    reading = read(bars([10, 40, 25, 30], [BLUE] * 4), [*axis(), *names(["Ash", "Birch", "Cedar", "Elm"])])
    assert points(reading) == [
        {
            "Ash": pytest.approx(10, abs=0.3),
            "Birch": pytest.approx(40, abs=0.3),
            "Cedar": pytest.approx(25, abs=0.3),
            "Elm": pytest.approx(30, abs=0.3),
        }
    ]


def test_bars_that_a_color_sets_off_are_one_series():
    reading = read(bars([10, 40, 25, 30], [BLUE, BLUE, GRAY, GRAY]), [*axis(), *names(["Ash", "Birch", "Cedar", "Elm"])])
    assert [list(series) for series in points(reading)] == [["Ash", "Birch", "Cedar", "Elm"]]


def test_an_area_that_fades_out_is_one_series():
    image = canvas()
    heights = np.interp(np.arange(70, 600), [70, 200, 400, 599], [50, 200, 100, 150]).astype(int)
    for x, height in zip(range(70, 600), heights, strict=True):
        for y in range(300 - height, 300):
            share = (300 - y) / 250
            image[y, x] = [round(255 + (channel - 255) * min(1.0, 0.3 + share)) for channel in GREEN]
    reading = read(image, [*axis(), *(text(str(year), x, 320) for year, x in ((2001, 70), (2002, 246), (2003, 423), (2004, 599)))])
    assert reading.chart_type == "area"
    assert len(reading.series) == 1


def test_a_slanted_label_ends_below_its_bar():
    image = bars([10, 40, 25, 30], [BLUE] * 4)
    aslant = [text(str(2001 + at), 115 + 100 * at - 14, 330, 40, 34) for at in range(4)]
    assert [list(series) for series in points(read(image, [*axis(), *aslant]))] == [["2001", "2002", "2003", "2004"]]


def test_upright_labels_are_not_aslant():
    figure = Figure(canvas(), tuple(label(line.text, line.rect) for line in [*axis(), *names(["2001", "2002"])]))
    assert not any(item.slant for item in with_slants(figure).labels)


def test_labels_at_the_ends_of_an_axis_are_put_back_to_where_their_ticks_are():
    moved = categories_alone(labels([("2006 Q1", 120), ("2006 Q2", 200), ("2006 Q3", 300), ("2006 Q4", 375)]))
    assert [round(place.position) for place in moved.places] == [100, 200, 300, 400]
    still = categories_alone(labels([("2006 Q1", 100), ("2006 Q2", 200), ("2006 Q3", 300), ("2006 Q4", 400)]))
    assert [place.position for place in still.places] == [100, 200, 300, 400]


def test_months_side_by_side_are_months_each():
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
    found = categories_alone(labels([(month, 70 + 31 * at) for at, month in enumerate(months)]))
    assert [place.text for place in found.places] == months


def test_as_many_slanted_labels_as_bars_go_to_the_bars_in_order():
    slanted = [item._replace(slant=12.0) for item in labels([("Ash", 90), ("Birch", 160), ("Cedar", 270)])]
    found = categories_at([100.0, 200.0, 300.0], slanted, is_turned=False)
    assert [(place.position, place.text) for place in found.places] == [(100, "Ash"), (200, "Birch"), (300, "Cedar")]


@pytest.mark.parametrize(
    ("printed", "months", "form"),
    [
        ("'07", 12 * 2007, "short_year"),
        (".92", 12 * 1992, "short_year"),
        ("2020*", 12 * 2020, "year"),
        ("3Q'15", 12 * 2015 + 6, "quarter_first"),
    ],
)
def test_short_dates_are_dates(printed, months, form):
    moment = parse_moment(printed)
    assert moment == (months, form)
    assert moment_text(moment.months, form) in {"2007", "1992", "2020", "3Q 2015"}


def test_plain_numbers_are_no_years():
    assert parse_moment("07") is None
    assert parse_moment("0.92") is None


def legend_of(colors, entries):
    image = canvas()
    for at, color in enumerate(colors):
        cv2.rectangle(image, (500, 40 + 20 * at), (512, 52 + 20 * at), color, -1)
        cv2.rectangle(image, (90 + 100 * at, 150), (140 + 100 * at, 299), color, -1)
    return find_legend(Figure(image, tuple(entries)), ())


def test_a_column_of_letters_read_as_one_word_is_a_legend():
    stacked = label("xyz", Rect(520, 38, 532, 94), is_turned=True)
    assert [key.name for key in legend_of([BLUE, (220, 90, 30), GREEN], [stacked])] == ["x", "y", "z"]


def test_entries_of_one_color_explain_parts_of_a_line_and_name_no_series():
    entries = [label(word, Rect(520, 38 + 20 * at, 560, 54 + 20 * at)) for at, word in enumerate(("true", "false"))]
    assert legend_of([BLUE, BLUE], entries) == ()


def test_shades_that_lie_close_cannot_be_told_apart():
    entry = label("", Rect(0, 0, 1, 1))
    keys = [Key("", Color(*color), entry.rect, entry) for color in ((180, 214, 234), (164, 202, 228), (125, 177, 214))]
    assert not are_distinct(keys)
    assert are_distinct(keys[::2])


def test_bars_of_two_colors_as_far_apart_as_of_one_make_no_groups():
    apart = [Bar(at % 2, Rect(100.0 * at, 10, 100.0 * at + 50, 90)) for at in range(4)]
    assert len(find_slots(apart).positions) == 4
    grouped = [Bar(at % 2, Rect(60.0 * at + 40 * (at // 2), 10, 60.0 * at + 40 * (at // 2) + 55, 90)) for at in range(4)]
    assert len(find_slots(grouped).positions) == 2


# Pages that are a chart


def test_a_page_of_one_chart_with_its_legend_is_a_figure_and_one_of_prose_is_none():
    lines = [*axis(), *names(["Ash", "Birch", "Cedar", "Elm"]), text("Timber by kind", 320, 20)]
    image = bars([10, 40, 25, 30], [BLUE] * 4)
    assert is_figure(image, lines, [Rect(60, 40, 600, 330)], ())
    prose = Line(tuple(Word(word, Rect(60, 350, 600, 364), 1.0) for word in ["timber"] * 20), Rect(60, 350, 600, 364), 1.0)
    assert not is_figure(image, [*lines, prose], [Rect(60, 40, 600, 330)], ())
    assert not is_figure(image, lines, [Rect(60, 40, 160, 130)], ())


def test_an_axis_apart_from_its_plot_is_no_chart_of_its_own():
    image = bars([10, 40, 25, 30], [BLUE] * 4)
    image[:, 52:62] = 255
    lines = [*axis(), *(text(str(value), 115 + 100 * at, 290 - 5 * value) for at, value in enumerate((10, 40, 25, 30)))]
    assert split_charts(image, lines, Rect(0, 0, 640, 400)) == (Rect(0, 0, 640, 400),)
