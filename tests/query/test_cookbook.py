"""Every answer of the cookbook is what its query gives."""

from pathlib import Path

import pytest

from tests.query.cookbook import printed_by, recipes


@pytest.fixture(scope="module")
def printed(dataset: Path) -> list[str]:
    return [*printed_by(recipes(), dataset.parent)]


def test_ten_questions_and_more_are_answered() -> None:
    assert len(recipes()) >= 10


@pytest.mark.parametrize("number", range(len(recipes())))
def test_a_recipe_prints_what_the_cookbook_shows(number: int, printed: list[str]) -> None:
    assert printed[number].split() == recipes()[number].printed.split(), "python -m tests.query.cookbook"
