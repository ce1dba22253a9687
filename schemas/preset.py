"""The models longread is made for: what their checkpoints hold, what they need, and how their vendor decodes."""

import json
from pathlib import Path
from typing import Self

from schemas.errors import SettingsError
from schemas.message import THINKING, Sampling
from schemas.value import Value


class ImageLimits(Value):
    """The values of the checkpoint's `preprocessor_config.json` that decide an image's tokens.

    The default `longest_edge` is the smaller of the two in circulation (9,633,792; the processor class says 11,760,000): a page
    within it is left alone by both.
    """

    patch_size: int = 14
    merge_size: int = 2
    temporal_patch_size: int = 2
    shortest_edge: int = 12_544
    """An area in pixels, in spite of its name."""
    longest_edge: int = 9_633_792
    """An area in pixels, in spite of its name; counted over two frames for a still image."""

    longest_side: int | None = None
    """Pixels; a limit of the service that serves the model, not of the model."""

    @classmethod
    def of_checkpoint(cls, path: Path) -> Self:
        """Return the limits in a checkpoint's `preprocessor_config.json`.

        Raises:
            SettingsError: it cannot be read.
        """
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
            names = ("patch_size", "merge_size", "temporal_patch_size")
            return cls.model_validate({**{name: config[name] for name in names}, **config["size"]})
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{path} is not the preprocessor_config.json of a GLM-4.6V checkpoint: {error}"
            raise SettingsError(msg) from error

    @property
    def factor(self) -> int:
        """Side in pixels of the square that becomes one token."""
        return self.patch_size * self.merge_size


class Preset(Value):
    """One model. Every field can be overridden by a preset file."""

    model: str
    """The checkpoint's name on the hub."""
    names: tuple[str, ...] = ()
    """Other names under which servers offer it, in lower case."""
    architecture: str
    """The class named in its config.json."""
    context_tokens: int = 131_072
    """Its context, where the server does not state one."""
    image_limits: ImageLimits = ImageLimits()
    extraction: Sampling = Sampling()
    """Decoding of everything that copies what is printed: greedy."""
    thinking: Sampling = THINKING
    """Decoding with thinking on: the vendor's."""
    thinking_budget: int = 8_192
    """Tokens of thinking before the answer has to begin (the vendor's example)."""
    gpus: int
    """GPUs of 80 GB that one server takes to hold several requests of full length. By calculation, not measured: of 80 GB SGLang gives
    54 GiB to weights and KV cache, so GLM-4.6V (212 GB, 184 KiB a token) has room for about 50,000 tokens on 4 GPUs, which is less than
    one full request, and for 1.2 million on 8; its FP8 checkpoint for 600,000 on 4."""
    launch: tuple[str, ...] = ()
    """Options of SGLang's server beyond those that every model gets; `{gpus}` stands for the GPUs of the server."""
    caution: str = ""
    """What to know about the hardware before it is rented."""


GLM_46V = Preset(
    model="zai-org/GLM-4.6V",
    names=("glm-4.6v",),
    architecture="Glm4vMoeForConditionalGeneration",
    gpus=8,
    launch=("--ep-size", "{gpus}"),
)
GLM_46V_FP8 = Preset(
    model="zai-org/GLM-4.6V-FP8",
    architecture="Glm4vMoeForConditionalGeneration",
    gpus=4,
    launch=("--ep-size", "{gpus}"),
    caution="FP8 needs GPUs of the Hopper generation or newer (H100, H200, B200); on A100 it is reported to fail: serve zai-org/GLM-4.6V",
)
GLM_46V_FLASH = Preset(
    model="zai-org/GLM-4.6V-Flash",
    names=("glm-4.6v-flash", "glm-4.6v-flashx"),
    architecture="Glm4vForConditionalGeneration",
    gpus=1,
)
PRESETS = {preset.model: preset for preset in (GLM_46V, GLM_46V_FP8, GLM_46V_FLASH)}
"""By name on the hub."""


def preset_of(model: str) -> Preset | None:
    """Return the preset of a served model, by its name on the hub, another name, or a path that ends in one."""
    name = model.rstrip("/").lower()
    for preset in PRESETS.values():
        hub = preset.model.lower()
        if name in {hub, *preset.names} or name.endswith(f"/{hub.partition('/')[2]}"):
            return preset
    return None
