"""What holds of the tree as a whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from indexing.sample import reviews_path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("api", "qa", "indexing", "eval")
MODULES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_is_too_long_to_know() -> None:
    long = {str(p): n for p in MODULES if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_tests_never_shadow_a_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path)
        for path in MODULES
        if path.name != "__init__.py" and not path.read_text("utf-8").startswith('"""')
    ]
    assert not silent


SERVING = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in MODULES
    if "training" not in path.parts
    and path.name != "__init__.py"
    and not path.name.startswith("bench")
]


def test_serving_modules_import_without_the_training_stack() -> None:
    """Every module but training and benchmarks, in a process where torch cannot be imported."""
    program = (
        "import sys, importlib\n"
        "for name in ('torch', 'transformers', 'sentence_transformers', 'datasets', 'onnx'):\n"
        "    sys.modules[name] = None\n"
        f"for name in {SERVING!r}:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_sentence_of_the_sample_occurs_twice() -> None:
    seen: dict[str, str] = {}
    for line in reviews_path().read_text("utf-8").splitlines():
        review = json.loads(line)
        for part in re.split(r"[.!?\n]|<br\s*/?>", review["text"].lower()):
            sentence = " ".join(part.split())
            if len(sentence.split()) > 3:
                assert sentence not in seen, (sentence, seen.get(sentence), review["id"])
                seen[sentence] = review["id"]


def test_shipped_models_stay_small() -> None:
    size = sum(path.stat().st_size for path in (ROOT / "qa/models").rglob("*") if path.is_file())
    assert 0 < size <= 45_000_000
