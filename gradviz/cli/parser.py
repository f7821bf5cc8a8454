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
from gradviz.datasets.catalogue import downloadable
from gradviz.datasets.description import as_lines
from gradviz.datasets.formats import sentence
from gradviz.errors import Cancelled, GradvizError
from gradviz.spec import OPTIONS, Option, Spec


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report a mistake in one line; argparse's own usage text would be many."""
        raise GradvizError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 is success, 1 a comparison that found differences, 2 a user's mistake, 130 a command that was stopped.
    """
    code = 0
    try:
        arguments = app.parse(parser(), argv)
        code = arguments.run(arguments) or 0
        sys.stdout.flush()
    except (Cancelled, KeyboardInterrupt):
        return _fail("stopped; what was finished is kept", 130)
    except GradvizError as error:
        return _fail(" ".join(str(error).split()), 2, as_lines(error.findings))
    except BrokenPipeError:
        # The reader left (`| head`): not a mistake. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


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
        # What `app` does not know itself is Streamlit's: nothing may pass for an abbreviation.
        sub = verbs.add_parser(
            name, help=command.help, description=f"{command.help}.", allow_abbrev=command.run is not app.run
        )
        sub.set_defaults(run=command.run, given=frozenset(), every={})
        for add in command.arguments:
            add(sub)
    return top


Adder = Callable[[argparse.ArgumentParser], Any]
"""Adds an argument to a sub-command."""


@dataclass(frozen=True)
class Command:
    """Describe a sub-command: the function that runs it, one line of help, and what adds its arguments."""

    run: Callable[[argparse.Namespace], int | None]
    help: str
    arguments: tuple[Adder, ...] = ()


class _Chosen(argparse.Action):
    """Store a value, and in `given` that somebody chose it, which a value that equals the default does not tell.

    `every` has all values of an option that is given more than once.
    """

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        setattr(namespace, self.dest, True if self.nargs == 0 else values)
        namespace.given = {*namespace.given, self.dest}
        namespace.every = {**namespace.every, self.dest: [*namespace.every.get(self.dest, ()), values]}


def _argument(*names: str, **settings: Any) -> Adder:
    """Return what adds an argument that only the command line has."""
    return lambda sub: sub.add_argument(*names, **settings)


def _option(name: str, *flags: str, required: bool = False) -> Adder:
    """Return what adds an option of the table, with the table's values, default and help."""

    def add(sub: argparse.ArgumentParser) -> None:
        option = OPTIONS[name]
        settings: dict[str, Any] = {"default": option.default, "help": _plain(option), "action": _Chosen}
        if option.default is False:
            settings["nargs"] = 0
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
_SCORING = (_option("C"), _option("ap"))
_LIKE = _argument(
    "--like",
    type=Path,
    metavar="FILE.json",
    help="Repeat the scores of an export, with every choice as in the file, and compare: exit code 0 within 0.01 mAP, "
    "1 with the differing rows otherwise. Files that it only names are given with --weights and --pseudo-label, once "
    "for each file.",
)
_NAMES = "Such as x6, dy6, dW6, a concatenation (x6+x7), a product (x5:x5:dy6) or a weighted mean (0.75dW6+0.25x6)."
_ONE = {"metavar": "R", "action": _Chosen, "help": _NAMES}
_REPRESENTATION = _argument("--representation", required=True, **_ONE)
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
        (*_CHOICES, _argument("--representation", **_ONE), _option("train"), _option("test"), *_SCORING, _LIKE, _JSON),
    ),
    "embed": Command(
        commands.embed,
        "Map the images and write id,x,y,labels,made_from as CSV",
        (
            *(*_CHOICES, _REPRESENTATION, _out("map.csv"), _option("method")),
            _option("neighbours", "--neighbors", "--neighbours"),
            *(_option("min_dist"), _option("perplexity")),
        ),
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
        (
            *_CHOICES,
            _option("train", required=True),
            _option("test", required=True),
            *_SCORING,
            _argument(
                "--cv",
                action="store_true",
                help="Try every temperature too, choose the best by cross-validation on the training split alone, and "
                "score that one.",
            ),
            _JSON,
            _argument("--csv", action="store_true", help="Print CSV."),
        ),
    ),
    "download": Command(
        commands.download,
        "Download photographs (such as voc2007) or the weights of a network",
        (
            *_PLACE,
            _argument("what", metavar="WHAT", help=f"{', '.join(downloadable())}, or a network of `networks`."),
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
            _argument("--old", action="store_true", help="With clear: delete only what is in an older format."),
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
