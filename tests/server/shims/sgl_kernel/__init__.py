"""A stand-in for `sgl_kernel`, so that SGLang imports on a machine without a GPU.

SGLang imports names of its kernel wheel in many modules it loads for every model; the wheel on the package index holds CUDA libraries
only, does not load without them, and takes gigabytes. Here every name of every submodule can be imported, and none can be used: calling
one raises, so no result of a kernel that is missing can be made up. It registers no operator in `torch.ops`, so SGLang sees a CPU
without kernels and takes its own paths in plain torch. It may not grow a kernel that computes something: then the server would no longer
be SGLang's.
"""

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Sequence

__version__ = "0.4.10"
"""Of the wheel it stands for: SGLang asks for a minimum."""

__path__: list[str] = []


class _Missing:
    """A kernel: it can be named and passed around, not called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_: object, **__: object) -> None:
        msg = f"{self._name} is a CUDA kernel; this server runs on a CPU"
        raise NotImplementedError(msg)

    def __getattr__(self, name: str) -> "_Missing":
        return _missing(self._name)(name)


def _missing(owner: str) -> Callable[[str], _Missing]:
    def getattribute(name: str) -> _Missing:
        # Python and its tools probe modules for dunders; those are truly not there.
        if name.startswith("__"):
            raise AttributeError(name)
        return _Missing(f"{owner}.{name}")

    return getattribute


class _Submodules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every `sgl_kernel.….…`, as an empty module with the same behaviour."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if fullname.startswith(f"{__name__}.") else None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__getattr__ = _missing(module.__name__)  # type: ignore[method-assign]


__getattr__ = _missing(__name__)
sys.meta_path.append(_Submodules())
