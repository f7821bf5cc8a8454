"""The command line: names, options and exit codes that scripts rely on.

Results go to standard output, progress and notes to standard error. A user's mistake is one line on standard error and
exit code 2, never a traceback; where it may follow from what a reader left out, that stands above it. A command is one
entry of COMMANDS.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

from gradviz import __version__
from gradviz.cli import app, commands
from gradviz.datasets.description import as_lines
from gradviz.datasets.formats import sentence
from gradviz.errors import Cancelled, GradvizError
from gradviz.spec import OPTIONS, Option, Spec


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report a mistake in one line; argparse's own usage text would be many."""
        raise GradvizError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for a user's mistake, 130 when stopped."""
    try:
        arguments = app.parse(parser(), argv)
        arguments.run(arguments)
        sys.stdout.flush()
    except (Cancelled, KeyboardInterrupt):
        return _fail("stopped; what was finished is kept", 130)
    except GradvizError as error:
        return _fail(" ".join(str(error).split()), 2, as_lines(error.findings))
    except BrokenPipeError:
        # The reader left (`| head`): not a mistake. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(message: str, code: int, notes: Sequence[str] = ()) -> int:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"gradviz: {message}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """Build the parser, with a sub-command for each entry of COMMANDS."""
    top = _Parser(prog="gradviz", description="Gradient features of deep networks: kernels, maps, classifiers.")
    top.add_argument("--version", action="version", version=f"gradviz {__version__}")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = verbs.add_parser(name, help=command.help, description=f"{command.help}.")
        sub.set_defaults(run=command.run)
        for add in command.arguments:
            add(sub)
    return top


Adder = Callable[[argparse.ArgumentParser], Any]
"""Adds an argument to a sub-command."""


@dataclass(frozen=True)
class Command:
    """Describe a sub-command: the function that runs it, one line of help, and what adds its arguments."""

    run: Callable[[argparse.Namespace], None]
    help: str
    arguments: tuple[Adder, ...] = ()


def _argument(*names: str, **settings: Any) -> Adder:
    """Return what adds an argument that only the command line has."""
    return lambda sub: sub.add_argument(*names, **settings)


def _option(name: str, *flags: str, required: bool = False) -> Adder:
    """Return what adds an option of the table, with the table's values, default and help."""

    def add(sub: argparse.ArgumentParser) -> None:
        option = OPTIONS[name]
        settings: dict[str, Any] = {"default": option.default, "help": _plain(option)}
        if option.default is False:
            settings["action"] = "store_true"
        elif option.read is None:
            settings["choices"] = tuple(option.values)
        else:
            settings |= {"type": _mistakes_named(option.read), "required": required}
        sub.add_argument(*(flags or [f"--{name.replace('_', '-')}"]), **settings)

    return add


def _plain(option: Option) -> str:
    """Write an option's help for a terminal."""
    default = "" if option.default is None or option.default is False else f" Default: {option.default}."
    return (option.explained(others=True) + default).replace("%", "%%")


def _mistakes_named(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse say which option a refused value was meant for."""

    @wraps(read)
    def reading(text: str) -> Any:
        try:
            return read(text)
        except GradvizError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reading


_HOME = _argument(
    "--home", type=Path, metavar="DIR", help="Where features are kept (default: $GRADVIZ_HOME, or ~/.cache/gradviz)."
)
_PLACE = (_HOME, _option("device"))
_CHOICES = (
    _argument("dataset", metavar="DATASET", help=f"A name that the command `datasets` lists, {sentence()}."),
    _option("split"),
    *(_option(choice.name) for choice in fields(Spec)),
    *_PLACE,
)
_SCORING = (_option("train", required=True), _option("test", required=True), _option("C"), _option("ap"))
_REPRESENTATION = _argument(
    "--representation", required=True, metavar="R", help="Such as x6, dy6, dW6 or a concatenation, x6+x7."
)
_REPRESENTATIONS = _argument(
    "--representation", required=True, metavar="R", action="append", help="Such as x6; repeat the option for several."
)
_JSON = _argument("--json", action="store_true", help="Print one JSON value and nothing else.")


def _out(name: str) -> Adder:
    return _argument("--out", type=Path, required=True, metavar=name, help="The file to write.")


COMMANDS: dict[str, Command] = {
    "networks": Command(
        commands.networks, "List the networks, their layers, representations and weights", (*_PLACE, _JSON)
    ),
    "datasets": Command(
        commands.datasets,
        "List the data sets that are known, or say what the program makes of one, before anything is computed",
        (
            _argument("place", nargs="?", metavar="PLACE", help=f"A name in the list, {sentence()}."),
            *_PLACE,
            _JSON,
        ),
    ),
    "extract": Command(commands.extract, "Run the network over the images and keep the features", (*_CHOICES, _JSON)),
    "features": Command(
        commands.features, "Write the ids and, for every vector, an array (n, d) as npz", (*_CHOICES, _out("F.npz"))
    ),
    "kernel": Command(
        commands.kernel,
        "Write a kernel as npz, for a product together with its two factors",
        (*_CHOICES, _REPRESENTATION, _out("K.npz")),
    ),
    "evaluate": Command(
        commands.evaluate,
        "Train a binary SVM for each class and score it",
        (*_CHOICES, _REPRESENTATION, *_SCORING, _JSON),
    ),
    "embed": Command(
        commands.embed,
        "Map the images with UMAP and write id,x,y,labels as CSV",
        (*_CHOICES, _REPRESENTATION, _out("map.csv"), _option("neighbours", "--neighbors", "--neighbours")),
    ),
    "align": Command(
        commands.align,
        "Compare kernels with each other and with the labels",
        (*_CHOICES, _REPRESENTATIONS, _JSON),
    ),
    "neighbours": Command(
        commands.neighbours,
        "List the images nearest to one image",
        (
            *_CHOICES,
            _REPRESENTATION,
            _argument("--image", required=True, metavar="ID", help="The image to start from."),
            _option("top"),
            _JSON,
        ),
    ),
    "layers": Command(
        commands.layers,
        "Score every representation of the network",
        (*_CHOICES, *_SCORING, _JSON, _argument("--csv", action="store_true", help="Print CSV.")),
    ),
    "download": Command(
        commands.download,
        "Download photographs (such as voc2007) or the weights of a network",
        (
            *_PLACE,
            _argument("what", metavar="WHAT", help="voc2007, voc2007-test, voc2012, or a network such as alexnet."),
            _argument("--images", type=int, metavar="N", help="Stop after N photographs, for a small start."),
            _argument("--url", metavar="URL", help="A mirror: the file, the folder it lies in, or a path."),
        ),
    ),
    "store": Command(
        commands.store,
        "List the features that are kept, or delete them",
        (
            *_PLACE,
            _argument(
                "action",
                nargs="?",
                choices=("list", "clear"),
                default="list",
                help="list (the default) shows what is kept and how large it is; clear deletes all of it.",
            ),
            _JSON,
        ),
    ),
    "doctor": Command(
        commands.doctor,
        "Show versions, device, store, weights and data sets, and what is missing",
        (*_PLACE, _JSON),
    ),
    "app": Command(app.run, "Open the dashboard in the browser", (app.add_options,)),
}
