"""``reviewqa info``: versions, sizes, processor, models; for bug reports."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from api.cli import options, output

PACKAGES = (
    "reviewqa", "haystack-ai", "onnxruntime", "tokenizers", "tantivy", "faiss-cpu", "numpy",
    "pyarrow", "fastapi", "uvicorn", "pydantic", "torch", "transformers",
)  # fmt: skip
# As /proc/cpuinfo spells them; int8 readers run about twice as fast with VNNI.
INSTRUCTIONS = {
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f", "avx512bw"),
    "VNNI": ("avx512_vnni", "avx_vnni"),
}


def info(store: options.Store = options.DEFAULT_STORE, as_json: options.Json = False) -> None:
    """Print what decides how reviewqa behaves here: versions, processor, models, store."""
    options.quiet()
    found = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "packages": packages(),
        "models": models(),
        "store": _store(store),
    }
    if as_json:
        output.print_json(found)
    else:
        _show(found)


def packages() -> dict[str, dict[str, Any]]:
    """Version and bytes on disk of each installed package that matters."""
    return {name: about for name in PACKAGES if (about := _package(name)) is not None}


def _package(name: str) -> dict[str, Any] | None:
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in found.files or ())
    return {"version": found.version, "bytes": sum(_bytes(path) for path in paths)}


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, Any]:
    """The processor's name and which of the instructions that matter it has."""
    text = cpuinfo.read_text(errors="replace") if cpuinfo.is_file() else ""
    pairs = (line.partition(":") for line in text.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    flags = set(fields.get("flags", "").split())
    return {
        "name": fields.get("model name", platform.processor() or "unknown"),
        "instructions": {
            name: any(flag in flags for flag in spellings)
            for name, spellings in INSTRUCTIONS.items()
        }
        if flags
        else None,
    }


def models() -> dict[str, str]:
    """Fingerprint of each model that ships, or what is wrong with it."""
    from qa.reader.package import SHIPPED

    folders = {SHIPPED, *(path.parent for path in SHIPPED.parent.glob("*/manifest.json"))}
    return {folder.name: _model(folder) for folder in sorted(folders)}


def _model(folder: Path) -> str:
    from qa.encoders.package import SHIPPED as ENCODER
    from qa.encoders.package import load_encoder_manifest
    from qa.errors import ModelError
    from qa.reader.package import load_manifest

    load = load_encoder_manifest if folder == ENCODER else load_manifest
    try:
        manifest = load(folder)
    except ModelError as error:
        return f"unusable: {error}"
    return f"{manifest.fingerprint} ({manifest.name})"


def _store(location: str) -> dict[str, Any]:
    from indexing.errors import IndexingError

    try:
        with options.opened(location) as engine:
            about = engine.info()
    except IndexingError as error:
        return {"location": location, "problem": str(error)}
    return {
        "location": location,
        "engine": about.engine,
        "reviews": about.reviews,
        "products": about.products,
        "fingerprint": about.fingerprint,
        "bytes": about.bytes_on_disk,
    }


def _show(found: dict[str, Any]) -> None:
    cpu = found["processor"]
    has = cpu["instructions"] or {}
    listed = ", ".join(f"{name} {'yes' if there else 'no'}" for name, there in has.items())
    _line("python", f"{found['python']} on {found['platform']}")
    _line("processor", f"{cpu['name']} ({listed or 'instructions unknown'})")
    for name, about in found["packages"].items():
        _line(name, f"{about['version']:<12} {output.size(about['bytes'])}")
    for name, fingerprint in found["models"].items():
        _line("model", f"{name} {fingerprint}")
    for name, value in found["store"].items():
        _line(f"store {name}", output.size(value) if name == "bytes" else str(value))


def _line(name: str, value: str) -> None:
    typer.echo(output.flat(f"{name:<18} ").ljust(19) + output.printable(value))
