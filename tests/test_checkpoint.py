"""Presets and checkpoints: what is missing or wrong is said with what to do. Exact counts are held against real SGLang in tests/server."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from pipeline.canary import canary
from pipeline.checkpoint import Checkpoint
from pipeline.presets import load_preset
from pipeline.prompt import Served
from schemas.errors import SettingsError
from schemas.preset import GLM_46V_FLASH, ImageLimits, preset_of

LIMITS = {"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2, "size": {"shortest_edge": 12544, "longest_edge": 9633792}}
TEMPLATE = (
    "{% for m in messages %}{% if m.content is string %}x {% else %}"
    "{% for part in m.content %}{{ '<image> ' if part.type == 'image' else 'x ' }}{% endfor %}{% endif %}{% endfor %}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint whose every message part is one token."""
    tokenizer = Tokenizer(WordLevel({"x": 0, "<image>": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<image>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(LIMITS))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    return tmp_path


def test_a_prompt_is_the_rendered_text_with_each_image_for_its_tokens(folder: Path) -> None:
    request = canary(Served("m", "test", 10), ImageLimits()).request
    n_texts = 1 + sum(not hasattr(part, "image") for part in request.parts)
    assert Checkpoint(folder).prompt_tokens(request) == n_texts + request.image_tokens


@pytest.mark.parametrize(
    ("name", "content"),
    [("tokenizer.json", "no json"), ("chat_template.jinja", "{% if %}"), ("preprocessor_config.json", "{}")],
)
def test_a_file_that_cannot_be_used_is_named(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(SettingsError, match=str(folder)):
        Checkpoint(folder)


def test_a_missing_file_is_named_with_what_to_do(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(SettingsError, match="copy it from the checkpoint that is served"):
        Checkpoint(folder)


@pytest.mark.parametrize("name", ["zai-org/GLM-4.6V-Flash", "glm-4.6v-flash", "/models/GLM-4.6V-Flash/"])
def test_a_model_is_known_by_its_names(name: str) -> None:
    assert preset_of(name) == GLM_46V_FLASH


def test_a_preset_file_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: zai-org/GLM-4.6V-Flash\nthinking_budget: 100\nthinking: {temperature: 0.5}\n")
    changed = load_preset(str(path))
    assert (changed.thinking_budget, changed.thinking.temperature, changed.thinking.top_k) == (100, 0.5, GLM_46V_FLASH.thinking.top_k)


@pytest.mark.parametrize(
    "content", ["thinking_budget: 1", "base: gpt", "base: glm-4.6v\nbudget: 1", "- a", "base: [", "base: glm-4.6v\ngpus: x"]
)
def test_a_preset_file_that_is_none_says_what_one_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError, match="--preset"):
        load_preset(str(path))
