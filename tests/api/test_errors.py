"""Every error of the packages below has a place in the table."""

from __future__ import annotations

import inspect
import types

import pytest

import indexing.errors
import qa.errors
from api.errors import RULES, Problem, overloaded, plain_problem, problem_of


def errors_of(module: types.ModuleType) -> list[type[Exception]]:
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception)
    ]


@pytest.mark.parametrize("error", [*errors_of(indexing.errors), *errors_of(qa.errors)])
def test_every_error_has_a_rule(error: type[Exception]) -> None:
    problem = problem_of(error("in /srv/store/corpus.sqlite"))
    assert problem.slug != "internal" or error is qa.errors.QAError
    assert problem.status in {404, 422, 500, 503}
    if problem.status == 503:
        assert int(problem.headers["Retry-After"]) > 0
    if problem.status >= 500:
        assert "/srv" not in problem.detail, "the inside of the server is not the client's"


def test_no_rule_is_hidden_by_one_before_it() -> None:
    for position, rule in enumerate(RULES):
        hiding = [before for before in RULES[:position] if issubclass(rule.error, before.error)]
        assert not hiding, f"{rule.error.__name__} never gets its turn"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (qa.errors.ProductNotFound("x"), 404),
        (qa.errors.InvalidQuestion("x"), 422),
        (qa.errors.ModelError("x"), 503),
        (indexing.errors.StoreBusy("x"), 503),
        (indexing.errors.StoreError("x"), 503),
        (RuntimeError("secret"), 500),
    ],
)
def test_statuses(error: Exception, status: int) -> None:
    assert problem_of(error).status == status


def test_what_is_not_known_says_nothing_of_itself() -> None:
    assert "secret" not in str(problem_of(RuntimeError("secret")).document("id"))


def test_a_problem_document_has_the_members_of_rfc_9457() -> None:
    document = Problem(404, "x-not-found", "No such x", "Why", more={"extra": 1}).document("r1")
    assert document == {
        "type": "urn:reviewqa:problem:x-not-found",
        "title": "No such x",
        "status": 404,
        "detail": "Why",
        "request_id": "r1",
        "extra": 1,
    }


def test_plain_problems_keep_headers() -> None:
    assert plain_problem(405, "No.", {"Allow": "GET"}).headers == {"Allow": "GET"}
    assert overloaded(3).headers == {"Retry-After": "3"}
