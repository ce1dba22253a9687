"""The judges of answers: golden cases of where string comparison goes wrong."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from pipeline.evaluate.answers import Expected, Given, agrees, anls, number_recall, relaxed

ABSTAINED = Given(None)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (Expected("1358000", "integer"), Given("1,358,000")),
        (Expected("1358000", "integer"), Given("1,358", 1358.0, "thousand")),
        (Expected("21%", "integer"), Given("21 %", 21.0, "%")),
        (Expected("24%", "percent"), Given("0.24")),
        (Expected("0.24", "number"), Given("24 %", 24.0, "%")),
        (Expected("17.98", "number"), Given("17.9791")),
        (Expected("1.344", "number"), Given("1.34372", 1.34372)),
        (Expected("-3.65%", "number"), Given("(3.65)%")),
        (Expected("$1577.00", "number"), Given("1,577", 1577.0, "USD million")),
        (Expected("$1577.00", "number", ("$1577 million",)), Given("$1,577,000,000")),
        (Expected("$8.7 billion", "number"), Given("8,738", 8738.0, "USD million")),
        (Expected("12.5%", "number"), Given("It was 12.5 % in 2023.")),
        (Expected("2013", "integer"), Given("2013")),
        (Expected("Less well-off", "text"), Given("less well\u2011off")),
        (Expected("the Florida Department of Health", "text"), Given("Florida Department of Health.")),
        (Expected("YOLACT", "text"), Given("The paper is YOLACT")),
        (Expected("['White', '10%']", "list"), Given("10 %; White", items=("10 %", "White"))),
        (Expected("['90%', '42%', '39%']", "list"), Given("42%, 90%, 39%")),
        (Expected("[]", "list"), Given("[]")),
        (Expected("yes", "boolean"), Given("Yes, it did.")),
        (Expected("June 2016", "date"), Given("8 June 2016")),
        (Expected("not answerable", "none"), ABSTAINED),
        (Expected("not answerable", "none"), Given("Not answerable.")),
        (Expected("Yes, it rose by 3.2 % to $410 million in 2021.", "prose"), Given("Yes: 410 (USD million) against 397.")),
        (Expected("The gross margin in the 10-Q for the three months ended July 1, 2023, was $36,413 million.", "prose"), Given("36,413")),
        (Expected("No, no new policies were disclosed.", "prose"), Given("No new accounting policies were disclosed.")),
    ],
)
def test_what_says_the_same_is_right(expected: Expected, given: Given) -> None:
    assert agrees(expected, given)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (Expected("cat", "text"), Given("cut")),
        (Expected("Q1", "text"), Given("Q2")),
        (Expected("likely to succeed", "text"), Given("not likely to succeed")),
        (Expected("page 12", "text"), Given("page 13")),
        (Expected("4087", "integer"), Given("4,080")),
        (Expected("2013", "integer"), Given("2014")),
        (Expected("8.7 billion", "number"), Given("8.7", 8.7, "USD million")),
        (Expected("$24", "currency"), Given("24 %")),
        (Expected("€24", "currency"), Given("$24")),
        (Expected("-3.65%", "number"), Given("3.65 %")),
        (Expected("['White', '10%']", "list"), Given("White", items=("White",))),
        (Expected("['White', '10%']", "list"), Given("White", items=("White", "White"))),
        (Expected("yes", "boolean"), Given("No")),
        (Expected("8 June 2016", "date"), Given("June 2016")),
        (Expected("12", "integer"), ABSTAINED),
        (Expected("not answerable", "none"), Given("12")),
        (Expected("Yes, it rose by 3.2 % to $410 million.", "prose"), Given("No: 410 against 397.")),
        (Expected("It was 15.7 %, then 14.1 %, then 12.5 %.", "prose"), Given("12.5 %")),
        (Expected("12", "integer"), Given("__import__('os').getpid() and 13")),
    ],
)
def test_what_says_something_else_is_wrong(expected: Expected, given: Given) -> None:
    assert not agrees(expected, given)


def test_relaxed_accuracy_forgives_five_percent_of_numbers_but_nothing_of_years_and_names() -> None:
    assert relaxed(Expected("100", "number"), Given("104.9"))
    assert not relaxed(Expected("100", "number"), Given("105.1"))
    assert relaxed(Expected("0", "number"), Given("0.0"))
    assert not relaxed(Expected("0", "number"), Given("0.01"))
    assert not relaxed(Expected("2013", "number"), Given("2014"))
    assert relaxed(Expected("North", "text"), Given("north"))
    assert not relaxed(Expected("North", "text"), Given("Northern"))
    assert relaxed(Expected("['10', 'North']", "list"), Given("", items=("north", "10.2")))


def test_anls_is_a_likeness_that_drops_to_nothing_from_half_on() -> None:
    assert anls(Expected("hello", "text"), Given("Hello")) == 1.0
    assert anls(Expected("hello", "text"), Given("hallo")) == pytest.approx(0.8)
    assert anls(Expected("abcd", "text"), Given("abxy")) == 0.0
    assert anls(Expected("worse", "text", ("hello",)), Given("hallo")) == pytest.approx(0.8)
    assert anls(Expected("hello", "text"), ABSTAINED) == 0.0
    assert anls(Expected("", "none"), ABSTAINED) == 1.0


def test_the_numbers_of_prose_are_counted_without_years_and_sources() -> None:
    assert number_recall("In 2022 it was $6,580 million, in 2023 $7,351 million [12]", "USD 7,351 million") == 0.5
    assert number_recall("It was higher in 2022.", "no numbers") == 1.0


@for_all(st.floats(min_value=0.01, max_value=1e9), st.sampled_from(["", "%", "USD million"]))
def test_a_number_agrees_with_itself_and_not_with_its_double(value: float, unit: str) -> None:
    printed = f"{value:,.2f}"
    number = float(printed.replace(",", ""))
    assert agrees(Expected(f"{printed} {unit}", "number"), Given(printed, number, unit or None))
    assert not agrees(Expected(f"{printed} {unit}", "number"), Given(f"{2 * number:,.2f}", 2 * number, unit or None))


@for_all(st.lists(st.text(alphabet="abcdefgh ", min_size=6), min_size=1, max_size=6))
def test_the_order_of_a_list_does_not_matter(items: list[str]) -> None:
    words = tuple(item.strip() + f" {number}" for number, item in enumerate(items))
    assert agrees(Expected(str(list(words)), "list"), Given("", items=tuple(reversed(words))))
