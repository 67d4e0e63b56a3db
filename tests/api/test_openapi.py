"""The OpenAPI document: schemathesis tries all of it on a live server, and people can read it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx


def test_schemathesis_finds_nothing(served: Any, tmp_path: Path) -> None:
    tool = Path(sys.executable).with_name("schemathesis")
    result = subprocess.run(
        [
            str(tool), "run", f"{served.url}/openapi.json", "--checks", "all", "--seed", "20",
            "--max-examples", "15", "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-6000:]
    assert '"crash"' not in served.log_text()


def test_every_operation_documents_its_failures_as_problems(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            statuses = set(operation["responses"])
            assert {"200", "400", "405", "413", "421", "500"} <= statuses, path
            assert operation["description"]
            for status, response in operation["responses"].items():
                if status != "200":
                    assert list(response["content"]) == ["application/problem+json"]


def test_examples_are_answered(http: httpx.Client) -> None:
    schema = http.get("/openapi.json").json()["components"]["schemas"]["AskRequest"]
    body = {
        name: field["examples"][0]
        for name, field in schema["properties"].items()
        if "examples" in field
    }
    assert set(schema["required"]) <= set(body)
    assert http.post("/v1/ask", json=body).status_code == 200


def test_the_reference_shows_every_operation(http: httpx.Client) -> None:
    page = http.get("/docs").text
    for path in http.get("/openapi.json").json()["paths"]:
        assert path in page
