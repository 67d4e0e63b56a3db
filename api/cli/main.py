"""The ``reviewqa`` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from api.cli import (
    ask,
    calibrate,
    data,
    evaluate,
    evaluate_files,
    evaluate_report,
    failures,
    index,
    info,
    labels,
    products,
    serve,
    store,
    train,
)

HELP = "Question answering over product reviews: finds passages, marks answers, shows evidence."
EPILOG = (
    "Exit codes: 0 done, 1 expected failure, 2 wrong usage, 70 fault of this program, "
    "130 interrupted, 141 output closed. REVIEWQA_DEBUG=1 shows tracebacks."
)

# Plain help: rich's would double the time that `reviewqa --help` takes.
_PLAIN = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False}
app = typer.Typer(name="reviewqa", help=HELP, epilog=EPILOG, no_args_is_help=True, **_PLAIN)  # type: ignore[arg-type]
app.command("index")(index.index)
app.command("ask")(ask.ask)
app.command("products")(products.products)
app.command("serve")(serve.serve)
app.command("info")(info.info)
app.add_typer(store.app, name="store")
app.add_typer(train.app, name="train")
app.command("calibrate")(calibrate.calibrate)
evaluate.app.command("score")(evaluate_files.score)
evaluate.app.command("compare")(evaluate_files.compare)
evaluate.app.command("report")(evaluate_report.report)
app.add_typer(evaluate.app, name="eval")
app.add_typer(data.app, name="data")
app.add_typer(labels.app, name="labels")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"reviewqa {version('reviewqa')}")
        raise typer.Exit


@app.callback()
def _root(
    show: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; raises nothing."""
    try:
        code = app(arguments, prog_name="reviewqa", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:  # wrong usage, worded by typer
        error.show()  # type: ignore[attr-defined]
        return error.exit_code
    except typer.Abort:
        return failures.report(KeyboardInterrupt())
    except BrokenPipeError:
        return _output_closed()
    except SystemExit as stop:  # typer's own way out of a closed pipe
        if isinstance(stop.__context__, BrokenPipeError):
            return _output_closed()
        raise
    except (Exception, KeyboardInterrupt) as error:
        return failures.report(error)
    if code == failures.INTERRUPTED:  # typer has swallowed the KeyboardInterrupt
        return failures.report(KeyboardInterrupt())
    return code if isinstance(code, int) else 0


def _output_closed() -> int:
    # Python would complain once more when it flushes stdout at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return failures.PIPE


def run() -> None:
    """The console script."""
    sys.exit(main())


if __name__ == "__main__":
    run()
