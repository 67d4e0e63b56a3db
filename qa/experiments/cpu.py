"""What the CPU can do: int8 gains twice as much with VNNI as without, so say which it has."""

from __future__ import annotations

import platform
from pathlib import Path

_WORTH_NAMING = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8")


def instructions() -> list[str]:
    """Instruction sets that matter for int8 matrix products; empty where they cannot be read."""
    flags = _field("flags").split()
    return [name for name in _WORTH_NAMING if name in flags]


def model_name() -> str:
    """The CPU's name, or its architecture."""
    return _field("model name") or platform.machine()


def _field(name: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, "")
