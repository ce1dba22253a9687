"""Lets torchvision be imported beside a torch that is built for CPUs.

The torchvision on the package index is built for CUDA; beside a CPU build its library of operators does not load, and `import torchvision`
dies while it describes two of them, `nms` and `qnms`, to torch's compiler. Declaring their signatures is all that the import needs. The
transforms that GLM-4.6V's image processor uses are plain torch. It may not hide a missing operator: only signatures are declared, so
`nms` and the decoders of `torchvision.io` still fail when they are called. `torchvision_schemas.pth` imports it when Python starts.
"""

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[object] = []  # a library's declarations end with it


class _BeforeRegistration(importlib.abc.MetaPathFinder):
    """Finds nothing; it acts when torchvision is about to describe its operators, because torch must not be imported by every Python."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname == "torchvision._meta_registrations":
            sys.meta_path.remove(self)
            _declare()
        return None


def _declare() -> None:
    import torch  # noqa: PLC0415

    try:
        torch.ops.torchvision.nms  # noqa: B018
    except AttributeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            library.define(name + SIGNATURE)
        _kept.append(library)


sys.meta_path.insert(0, _BeforeRegistration())
