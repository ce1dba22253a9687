"""Every figure of a throughput profile says where it comes from, and the calculated ones follow their formulas."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.throughputs import DEFAULT, load_throughput
from schemas.errors import SettingsError

NAMES = ("cookbook", "h100", "h100-fp8", "h200-fp8", "a100", "h100-flash")
PEAK = {"h100": 989e12, "h100-fp8": 1979e12, "h200-fp8": 1979e12, "a100": 312e12, "h100-flash": 989e12}
BANDWIDTH = {"h100": 3.35e12, "h100-fp8": 3.35e12, "h200-fp8": 4.8e12, "a100": 2.0e12, "h100-flash": 3.35e12}
BF16 = {"a100": 312e12}


def experts_touched(requests: int, scale: float) -> float:
    return scale * (11.5e9 + (1 - (1 - 8 / 128) ** requests) * 200e9)


@pytest.mark.parametrize("name", PEAK)
def test_calculated_rates_follow_the_formulas_in_the_file(name: str) -> None:
    profile, flash = load_throughput(name), name == "h100-flash"
    gpus, flop, used = profile.gpus_per_replica.value, 23.4e9 if flash else 29.4e9, 0.40 if flash else 0.25
    assert profile.prefill_half_context
    assert profile.kv_read_tokens_per_s
    assert profile.prefill_tokens_per_s.value == pytest.approx(used * PEAK[name] * gpus / flop, rel=0.01)
    attention = 0.655e6 if flash else 2.26e6
    half = flop / (used * PEAK[name]) * 0.5 * BF16.get(name, 989e12) / attention
    assert profile.prefill_half_context.value == pytest.approx(half, rel=0.01)
    bandwidth, overhead = 0.5 * BANDWIDTH[name] * gpus, 0.002 if flash else 0.004
    scale = 0.5 if "fp8" in name else 1.0
    one, eight = (18e9, 18e9) if flash else (experts_touched(1, scale), experts_touched(8, scale))
    assert profile.decode_alone_tokens_per_s.value == pytest.approx(1 / (overhead + one / bandwidth), rel=0.01)
    assert profile.decode_tokens_per_s.value == pytest.approx(8 / (overhead + eight / bandwidth), rel=0.01)
    assert profile.kv_read_tokens_per_s.value == pytest.approx(bandwidth / (40_960 if flash else 188_416), rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_claims_to_be_measured(name: str) -> None:
    assert "measured" not in re.findall(r'"basis":"(\w+)"', load_throughput(name).model_dump_json())


def test_only_the_default_has_published_rates() -> None:
    published = [name for name in NAMES if load_throughput(name).prefill_tokens_per_s.basis == "published"]
    assert published == [DEFAULT]
    assert load_throughput(DEFAULT).prefill_tokens_per_s.value == 3533


def test_a_file_changes_one_figure_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("base: h100\nprefill_tokens_per_s: {value: 41000, basis: measured, source: our cluster}\n")
    ours = load_throughput(str(path))
    assert (ours.name, ours.prefill_tokens_per_s.value) == ("ours", 41_000)
    assert ours.kv_tokens == load_throughput("h100").kv_tokens


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("base: v100", "v100"),
        ("prefill_tokens_per_s: 3", "base"),
        ("base: h100\nprefill_tokens_per_s: 3", "prefill_tokens_per_s"),
        ("base: h100\nspeed: {value: 3, basis: measured, source: x}", "speed"),
        ("base: h100\nkv_tokens: {value: 0, basis: measured, source: x}", "kv_tokens"),
        ("[", "figures"),
    ],
)
def test_a_file_that_is_no_profile_is_named_with_its_fault(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=told):
        load_throughput(str(path))


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="h100-fp8"):
        load_throughput("h101")


@given(st.sampled_from(NAMES), st.integers(1, 131_072), st.floats(0, 1))
def test_a_prompt_cut_in_two_takes_as_long_as_in_one_piece(name: str, prompt: int, share: float) -> None:
    profile = load_throughput(name)
    cached = int(share * prompt)
    pieces = profile.prefill_seconds(cached) + profile.prefill_seconds(prompt, cached)
    assert pieces == pytest.approx(profile.prefill_seconds(prompt))
