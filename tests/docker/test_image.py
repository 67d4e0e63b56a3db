"""The image's recipe: linted, and what it promises tried without Docker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from indexing.sample import reviews_path
from tests.docker.deployment import (
    DOCKERFILE,
    ROOT,
    image_environment,
    instructions,
    known_settings,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def arguments_of(name: str) -> list[str]:
    return [rest for given, rest in instructions() if given == name]


def test_the_linter_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "hadolint"), "--no-color", str(DOCKERFILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_base_is_pinned_to_a_patch_release() -> None:
    bases = [rest.split()[0] for rest in arguments_of("FROM")]
    assert bases
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)


def test_nothing_is_fetched_but_by_the_package_installer() -> None:
    assert not arguments_of("ADD")
    assert not [rest for rest in arguments_of("RUN") if re.search(r"curl|wget|https?:", rest)]


def test_the_last_user_is_a_number_that_is_not_root() -> None:
    uid, gid = arguments_of("USER")[-1].split(":")
    assert int(uid) > 0
    assert int(gid) > 0


def test_it_serves_on_every_address_and_its_settings_exist() -> None:
    variables = image_environment()
    assert {name for name in variables if name.startswith("REVIEWQA_")} <= known_settings()
    assert variables["REVIEWQA_HOST"] == "0.0.0.0"
    assert arguments_of("EXPOSE") == [variables["REVIEWQA_PORT"]]
    assert variables["HAYSTACK_TELEMETRY_ENABLED"] == "False"
    assert variables["HOME"] == variables["TMPDIR"] == "/tmp"
    assert json.loads(arguments_of("ENTRYPOINT")[-1]) == ["reviewqa"]
    assert json.loads(arguments_of("CMD")[-1]) == ["serve"]
    assert "reviewqa" in PROJECT["scripts"]


def installed() -> Requirement:
    """What the image installs, as a requirement."""
    found = re.search(r"'\.(\[[\w,-]+\])'", " ".join(arguments_of("RUN")))
    assert found
    return Requirement("reviewqa" + found[1])


def test_what_is_installed_can_be_had_and_holds_no_torch() -> None:
    extras = installed().extras
    assert extras <= set(PROJECT["optional-dependencies"])
    wanted = list(PROJECT["dependencies"])
    for extra in extras:
        wanted += PROJECT["optional-dependencies"][extra]
    names = closure(wanted)
    assert {"elasticsearch", "onnxruntime", "tantivy"} <= names
    assert not names & {"torch", "transformers", "sentence-transformers", "onnx"}


def closure(requirements: list[str]) -> set[str]:
    """The names of all distributions that ``requirements`` bring, as they are installed here."""
    seen: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        one, extra = waiting.pop()
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        key = f"{canonicalize_name(one.name)}{sorted(one.extras)}"
        if key in seen:
            continue
        seen.add(key)
        for text in distribution(one.name).requires or []:
            waiting += [(Requirement(text), extra) for extra in ("", *one.extras)]
    return {key.partition("[")[0] for key in seen}


def test_the_build_context_has_all_that_the_package_needs() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {line[1:] for line in rules if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages | {"pyproject.toml", "constraints.txt", *PROJECT["license-files"]} <= kept
    assert PROJECT["readme"] in kept
    assert all((ROOT / name).exists() for name in kept)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers ``status`` on /livez, and 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def healthy(port: int) -> bool:
    """What the image's own health check says."""
    rest = arguments_of("HEALTHCHECK")[-1]
    command = json.loads(rest[rest.index("CMD ") + len("CMD ") :])
    assert command[0] == "python"
    variables = {**os.environ, "REVIEWQA_PORT": str(port)}
    isolated = [sys.executable, "-I", "-S", *command[1:]]  # the standard library and no more
    done = subprocess.run(isolated, env=variables, capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False), (503, False)])
def test_the_health_check_tells_a_live_service(status: int, expected: bool) -> None:
    with answering(status) as port:
        assert healthy(port) is expected


def test_the_health_check_tells_that_nothing_answers() -> None:
    with answering(200) as port:
        pass
    assert not healthy(port)


READ_ONLY = r"""
set -eu
writable=$1; shift
mount --make-rprivate /
mount --bind "$writable" "$writable"
while read -r _ target _; do
  [ "$target" = "$writable" ] || mount -o remount,bind,ro "$target" 2>/dev/null || :
done < /proc/self/mounts
if touch "$PWD/written" 2>/dev/null; then echo "not read-only"; exit 99; fi
"$@"
"""


def test_a_read_only_root_is_enough(tmp_path: Path) -> None:
    """In a mount namespace of its own: only HOME, which is also TMPDIR, can be written to."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("mount namespaces need root")
    variables = {**image_environment(), "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    variables["PATH"] = os.environ["PATH"]

    def ours(*words: str) -> str:
        command = [sys.executable, "-m", "api.cli.main", *words, "--store", f"{tmp_path}/store"]
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-c", READ_ONLY, "bash", str(tmp_path), *command],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    ours("index", str(reviews_path()))
    asked = ("ask", "how long does the battery last?", "--product", "wireless-earbuds", "--json")
    assert json.loads(ours(*asked))
