"""The README is executed: every ``reviewqa`` command that it shows runs over the bundled sample."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITHIN = 300.0

if not README.is_file():
    pytest.skip("there is no README yet", allow_module_level=True)


def commands(text: str) -> list[str]:
    """The shell's lines in the fenced blocks, continued lines joined, prompts taken off."""
    joined = "\n".join(BLOCK.findall(text)).replace("\\\n", " ")
    lines = (line.strip().removeprefix("$ ") for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def ours(text: str) -> list[str]:
    """Those commands that run the program itself, in the order they are shown."""
    return [line for line in commands(text) if line.split()[0] == "reviewqa"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A store of its own that the commands share, as a reader's would."""
    store = tmp_path_factory.mktemp("readme") / "store"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REVIEWQA_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | {"REVIEWQA_STORE": str(store), "PATH": path}


@pytest.fixture(scope="module", autouse=True)
def indexed(environment: dict[str, str]) -> None:
    """The sample, so that each command can also be tested alone."""
    sample = ROOT / "indexing" / "sample" / "reviews.jsonl"
    subprocess.run(["reviewqa", "index", str(sample)], env=environment, check=True)


@pytest.mark.parametrize("line", ours(README.read_text("utf-8")))
def test_each_command_runs(line: str, environment: dict[str, str]) -> None:
    words = shlex.split(line, comments=True)
    if words[1] == "serve":
        _serves(words, environment)
    elif words[1] == "train":
        pytest.skip("trains for hours; the training tests run a small one")
    else:
        result = subprocess.run(
            ["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr


def _serves(words: list[str], environment: dict[str, str]) -> None:
    """A server is started, on a free port, until it is ready, and stopped."""
    command = [*words, "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://\S+:\d+", process.stderr.readline())
            assert found
            _wait_ready(found[0])
        finally:
            process.terminate()
        assert process.wait(WITHIN) == 0


def _wait_ready(url: str) -> None:
    deadline = time.monotonic() + WITHIN
    while httpx.get(f"{url}/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_files_that_are_linked_exist() -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", README.read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
