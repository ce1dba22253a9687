"""What a local copy of the served checkpoint tells: how images and text become tokens. Its small files are enough, no weights.

With them `expected_prompt_tokens` is exact; without, text is bounded from above by its bytes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from schemas.errors import SettingsError
from schemas.message import ImagePart, Request
from schemas.preset import ImageLimits


class Checkpoint:
    """A folder with `preprocessor_config.json`, `tokenizer.json` and `chat_template.jinja`.

    Raises:
        SettingsError: one of them is missing or cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image_limits = ImageLimits.of_checkpoint(folder / "preprocessor_config.json")
        tokenizer, template = _read(folder / "tokenizer.json"), _template(folder)
        self.digest = hashlib.sha256((tokenizer + template).encode()).hexdigest()[:32]
        self._tokenizer = _tokenizer(tokenizer, folder)
        self._template = _compiled(template, folder)

    def text_tokens(self, text: str) -> int:
        """Return the tokens of a text alone."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def prompt_tokens(self, request: Request) -> int:
        """Return the tokens of the whole prompt, as the server will count them."""
        rendered = self._template.render(
            messages=[{"role": "system", "content": request.system}, {"role": "user", "content": _content(request)}],
            add_generation_prompt=True,
            enable_thinking=request.thinking,
        )
        # Each image stands there as one token.
        return self.text_tokens(rendered) + request.image_tokens - len(request.images)


def _content(request: Request) -> list[dict[str, Any]]:
    return [{"type": "image"} if isinstance(part, ImagePart) else {"type": "text", "text": part.text} for part in request.parts]


def _tokenizer(content: str, folder: Path) -> Tokenizer:
    try:
        json.loads(content)  # the library's own error is a bare Exception
    except ValueError as error:
        msg = f"--checkpoint: {folder / 'tokenizer.json'} is no JSON ({error}): copy it from the checkpoint that is served"
        raise SettingsError(msg) from error
    return Tokenizer.from_str(content)


def _compiled(template: str, folder: Path) -> Template:
    # As transformers does: apply_chat_template renders in a sandbox with these settings.
    sandbox = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    sandbox.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    try:
        return sandbox.from_string(template)
    except TemplateError as error:
        msg = f"--checkpoint: the chat template in {folder} cannot be used: {error}"
        raise SettingsError(msg) from error


def _template(folder: Path) -> str:
    if (folder / "chat_template.jinja").exists():
        return _read(folder / "chat_template.jinja")
    template = json.loads(_read(folder / "tokenizer_config.json")).get("chat_template")
    if not isinstance(template, str):
        msg = f"{folder} holds no chat template: neither chat_template.jinja nor one in tokenizer_config.json"
        raise SettingsError(msg)
    return template


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        msg = f"--checkpoint: {path} cannot be read ({error}): copy it from the checkpoint that is served"
        raise SettingsError(msg) from error
