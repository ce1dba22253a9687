"""The image-token arithmetic is the model's own, and page grids survive its resize."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tokens import MAX_ASPECT_RATIO, image_tokens, page_grid, resized, text_tokens_bound
from schemas.errors import SettingsError
from schemas.preset import ImageLimits

SMALL = ImageLimits()
LARGE = ImageLimits(longest_edge=11_760_000)


@pytest.mark.parametrize(
    ("width", "height", "small", "large"),
    [(595, 842, 630, 630), (1654, 2339, 4956, 4956), (2480, 3508, 6045, 7344), (28, 28, 9, 9), (2000, 30, 71, 71), (42, 70, 12, 12)],
)
def test_known_sizes(width: int, height: int, small: int, large: int) -> None:
    assert image_tokens(width, height, SMALL) == small
    assert image_tokens(width, height, LARGE) == large


def test_agrees_with_the_real_processor_on_every_measured_size(shared: Path) -> None:
    with (shared / "sglang-cpu" / "image_tokens.csv").open() as file:
        for row in csv.DictReader(file):
            size = int(row["width"]), int(row["height"])
            assert resized(*size, LARGE) == (int(row["resized_w"]), int(row["resized_h"])), row["name"]
            assert image_tokens(*size, SMALL) == int(row["tokens_longest_edge_9633792"]), row["name"]


@given(st.floats(1, 20_000), st.floats(1, 20_000), st.floats(30, 600))
def test_the_server_leaves_a_page_grid_as_it_is(width_pt: float, height_pt: float, dpi: float) -> None:
    grid = page_grid(width_pt, height_pt, dpi, SMALL)
    assert resized(grid.width, grid.height, SMALL) == (grid.width, grid.height)
    assert grid.tokens == image_tokens(grid.width, grid.height, SMALL)
    assert grid.tokens * 28 * 28 * 2 <= SMALL.longest_edge
    assert max(grid.width, grid.height) / min(grid.width, grid.height) <= MAX_ASPECT_RATIO


@given(st.floats(400, 2000), st.floats(0.4, 2.5), st.floats(72, 300))
def test_a_grid_keeps_the_page_shape(width_pt: float, aspect: float, dpi: float) -> None:
    grid = page_grid(width_pt, width_pt * aspect, dpi, SMALL)
    distortion = grid.height / grid.width / aspect
    assert abs(distortion - 1) < 28 / min(grid.width, grid.height) + 0.02


@given(st.floats(10, 20_000), st.floats(10, 20_000), st.floats(30, 600))
def test_a_grid_keeps_to_the_longest_side_that_a_service_takes(width_pt: float, height_pt: float, dpi: float) -> None:
    grid = page_grid(width_pt, height_pt, dpi, SMALL.model_copy(update={"longest_side": 6_000}))
    assert max(grid.width, grid.height) <= 6_000


def test_an_image_too_long_for_the_processor_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        resized(28 * 201, 28, SMALL)


@given(st.text())
def test_text_is_bounded_by_its_bytes(text: str) -> None:
    assert text_tokens_bound(text) >= len(text)


def test_the_limits_come_from_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "preprocessor_config.json"
    path.write_text(
        '{"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2, "size": {"shortest_edge": 12544, "longest_edge": 11760000}}'
    )
    assert ImageLimits.of_checkpoint(path) == LARGE
    path.write_text('{"size": 224}')
    with pytest.raises(SettingsError, match="preprocessor_config"):
        ImageLimits.of_checkpoint(path)
