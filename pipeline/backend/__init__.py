"""The one seam to the model: something that completes requests, whatever server or process is behind it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from schemas.message import Completion, ModelCard, Request


class Backend(Protocol):
    """Something that completes requests."""

    async def card(self) -> ModelCard:
        """Return what is served: name, context length, limits.

        Raises:
            BackendError: it does not answer, or does not serve the model asked for.
        """
        ...

    async def complete(self, request: Request, images: Sequence[bytes], on_text: Callable[[str], None]) -> Completion:
        """Return the completion of `request`, whose images' PNG bytes are given in order; `on_text` gets each piece as it comes.

        Raises:
            BackendError: no completion came, after all attempts.
        """
        ...
