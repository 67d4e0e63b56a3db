"""Settings: from the environment, checked, and wrong ones told in one clear line."""

from __future__ import annotations

import pytest

from api.settings import InvalidSettings, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORE", "MODEL", "HOST", "PORT", "ALLOWED_HOSTS"):
        monkeypatch.delenv(f"REVIEWQA_{name}", raising=False)


def test_the_environment_is_read_and_arguments_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEWQA_PORT", "9000")
    monkeypatch.setenv("REVIEWQA_WORKERS", "7")
    settings = load_settings(port=9001, host=None)
    assert (settings.port, settings.workers, settings.host) == (9001, 7, "127.0.0.1")


def test_other_programs_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEWQA_DATA", "/data")
    load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "-1"),
        ("port", "65536"),
        ("workers", "0"),
        ("max_body_bytes", "1"),
        ("max_question_chars", "1e9"),
        ("body_timeout_seconds", "nan"),
        ("docs", "perhaps"),
        ("store", ""),
    ],
)
def test_a_bad_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"REVIEWQA_{name.upper()}", value)
    with pytest.raises(InvalidSettings) as caught:
        load_settings()
    assert f"REVIEWQA_{name.upper()}={value!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "listed", "expected"),
    [
        ("127.0.0.1", "", {"localhost", "127.0.0.1", "[::1]"}),
        ("0.0.0.0", "Shop.example, *.shop.example", {"shop.example", "*.shop.example"}),
        ("::", "", set()),
        ("fd00::1", "", {"[fd00::1]"}),
    ],
)
def test_host_names_are_loopback_the_bound_one_and_the_listed(
    host: str, listed: str, expected: set[str]
) -> None:
    names = set(load_settings(host=host, allowed_hosts=listed).host_names())
    assert names == expected | {"localhost", "127.0.0.1", "[::1]"}
