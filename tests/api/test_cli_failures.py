"""How commands fail: one line, a documented exit code, never a traceback."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli import failures
from api.cli.main import main
from indexing.errors import StoreBusy
from qa.errors import ModelError

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["ask"],
        ["ask", "q", "--product", "p", "--top-k", "0"],
        ["ask", "q", "--product", "p", "--threshold", "2"],
        ["serve", "--port", "70000"],
        ["products", "--limit", "many"],
        ["train", "reader"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "reviewqa" in captured.err + captured.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["products"],
        ["ask", "is it loud?", "--product", "p"],
        ["store", "check"],
        ["store", "rebuild"],
        ["serve", "--port", "0"],
        ["index", "--delete", "/dev/null"],
    ],
)
def test_without_a_store_every_command_says_so(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--store", str(tmp_path / "none")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("error: ")
    assert "none" in captured.err


def test_a_taken_port_is_named_with_its_remedy(command: Command, sample_store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = command("serve", "--port", str(port), "--store", str(sample_store))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert f"port {port} is taken" in result.stderr
    assert "--port" in result.stderr


def test_a_host_that_is_not_ours_is_one_line(command: Command, sample_store: Path) -> None:
    result = command("serve", "--host", "192.0.2.1", "--port", "0", "--store", str(sample_store))
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "192.0.2.1" in result.stderr


def test_bad_settings_are_all_named(command: Command, sample_store: Path) -> None:
    result = command(
        "serve", "--store", str(sample_store), REVIEWQA_WORKERS="none", REVIEWQA_QUEUE="-1"
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "REVIEWQA_WORKERS='none'" in result.stderr
    assert "REVIEWQA_QUEUE='-1'" in result.stderr


def test_unexpected_errors_hide_the_traceback_until_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(failures.DEBUG, raising=False)
    try:
        raise RuntimeError("it\nbroke")
    except RuntimeError as caught:
        error = caught
    assert failures.report(error) == 70
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 1
    assert "RuntimeError: it broke" in shown
    assert "REVIEWQA_DEBUG=1" in shown
    monkeypatch.setenv(failures.DEBUG, "1")
    assert failures.report(error) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [StoreBusy("being written"), ModelError("no such folder")])
def test_expected_errors_show_their_message(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failures.report(error) == 1
    assert capsys.readouterr().err == f"error: {error}\n"


def test_interruption_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.report(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_ctrl_c_stops_an_ingest_without_a_traceback(tmp_path: Path) -> None:
    # Where tests run in the background they are deaf to Ctrl-C, and the command would be, too.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from api.cli.main import run; run()"
    )
    command = [sys.executable, "-c", code, "index", "-", "--format", "jsonl"]
    with subprocess.Popen(
        [*command, "--store", str(tmp_path / "s")],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        while not (tmp_path / "s").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        complaint = process.stderr.read().decode()
        assert process.wait() == 130, complaint
    assert complaint == "interrupted\n"


def test_output_piped_into_head_does_not_explode(sample_store: Path) -> None:
    command = f"{sys.executable} -m api.cli.main products --limit 100000 --store {sample_store}"
    script = f"set -o pipefail; {command} --json | true; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert result.stderr == ""
    assert result.stdout.strip() in {"0", "141"}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from api.cli.main import main; main(['--help']);"
        "heavy = {'fastapi', 'haystack', 'numpy', 'onnxruntime', 'tantivy', 'faiss', 'rich'};"
        "sys.exit(', '.join(sorted(heavy & sys.modules.keys())) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
