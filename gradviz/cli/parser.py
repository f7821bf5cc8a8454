"""The command line: names, options and exit codes that scripts rely on.

Results go to standard output, progress to standard error. A user's mistake is one line on standard error and exit
code 2, never a traceback.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gradviz.cli import commands
from gradviz.datasets.formats import sentence
from gradviz.errors import Cancelled, GradvizError
from gradviz.metrics import AP_KINDS
from gradviz.spec import CHOICES, number_or_cv


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say a mistake in one line; argparse's own usage text would be many."""
        raise GradvizError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for a user's mistake, 130 when stopped."""
    try:
        arguments = parser().parse_args(argv)
        arguments.run(arguments)
        sys.stdout.flush()
    except (Cancelled, KeyboardInterrupt):
        return _fail("stopped; what was finished is kept", 130)
    except GradvizError as error:
        return _fail(" ".join(str(error).split()), 2)
    except BrokenPipeError:
        # The reader left (`| head`): not a mistake. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(message: str, code: int) -> int:
    print(f"gradviz: {message}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """Build the parser: one sub-command a verb."""
    top = _Parser(prog="gradviz", description="Gradient features of deep networks: kernels, maps, classifiers.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    def verb(name: str, run, help: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=help, description=help, parents=parents)
        sub.set_defaults(run=run)
        return sub

    place, choice, data = _place(), _choice(), _dataset()
    everything = (data, choice, place)
    sub = verb("networks", commands.networks, "list networks, their layers, representations and weights", place)
    _json(sub)
    sub = verb("datasets", commands.datasets, "list the data sets that are known and where they are", place)
    _json(sub)
    sub = verb("extract", commands.extract, "run the network over the images and keep the features", *everything)
    _json(sub)
    sub = verb("features", commands.features, "write ids and an array (n, d) for every layer as npz", *everything)
    _out(sub, "F.npz")
    sub = verb("kernel", commands.kernel, "write a kernel as npz; for a product its two factors too", *everything)
    _representation(sub)
    _out(sub, "K.npz")
    sub = verb("evaluate", commands.evaluate, "train one SVM a class and score it", *everything)
    _representation(sub)
    _scoring(sub)
    _json(sub)
    sub = verb("embed", commands.embed, "map the images with UMAP and write id,x,y,labels", *everything)
    _representation(sub)
    _out(sub, "map.csv")
    sub.add_argument("--neighbors", "--neighbours", type=int, default=15, metavar="K", help="UMAP's neighbours (15)")
    sub = verb("align", commands.align, "compare kernels with each other and with the labels", *everything)
    sub.add_argument("--representation", action="append", required=True, metavar="R", help="may be given repeatedly")
    _json(sub)
    sub = verb("neighbours", commands.neighbours, "list the images nearest to one image", *everything)
    _representation(sub)
    sub.add_argument("--image", required=True, metavar="ID", help="the image to start from")
    sub.add_argument("--top", type=int, default=10, metavar="N", help="how many (10)")
    _json(sub)
    sub = verb("layers", commands.layers, "score every representation of the network", *everything)
    _scoring(sub)
    _json(sub).add_argument("--csv", action="store_true", help="print CSV")
    sub = verb("download", commands.download, "bring photographs (voc2007 ...) or a network's weights", place)
    sub.add_argument("what", metavar="WHAT", help="voc2007, voc2007-test, voc2012, or a network such as alexnet")
    sub.add_argument("--images", type=int, metavar="N", help="stop after N photographs, for a small start")
    sub.add_argument("--url", metavar="URL", help="a mirror: the file, the folder it lies in, or a path")
    sub = verb("store", commands.store, "show what is kept, or clear it", place)
    sub.add_argument("action", nargs="?", choices=("list", "clear"), default="list")
    _json(sub)
    sub = verb(
        "doctor", commands.doctor, "show versions, device, store, weights, data sets, and what is missing", place
    )
    _json(sub)
    return top


def _place() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument("--home", type=Path, metavar="DIR", help="where features are kept ($GRADVIZ_HOME)")
    group.add_argument("--device", choices=CHOICES["device"], default="auto")
    return group


def _dataset() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument("dataset", metavar="DATASET", help=f"a name (see datasets), {sentence()}")
    group.add_argument("--split", metavar="S", help="a split of the data set (default: all images)")
    return group


def _choice() -> argparse.ArgumentParser:
    group = argparse.ArgumentParser(add_help=False)
    group.add_argument("--network", default="alexnet64", metavar="N", help="see networks (alexnet64)")
    group.add_argument("--weights", type=Path, metavar="FILE", help="other weights of the same architecture")
    group.add_argument("--images", type=int, metavar="N", help="take N images of each split, always the same ones")
    group.add_argument("--preprocess", choices=CHOICES["preprocess"], default="center")
    group.add_argument("--pseudo-label", default="uniform", metavar="G", help="uniform, predicted, true or a file")
    group.add_argument("--temperature", type=_number_or_cv, default=1.0, metavar="T", help="a number, or cv")
    group.add_argument("--normalise", choices=CHOICES["normalise"], default="l2")
    group.add_argument("--centre", action="store_true", help="centre kernels with the training rows' statistics")
    group.add_argument("--tf32", action="store_true", help="allow TF32 products on a GPU (faster, 3 digits)")
    group.add_argument("--seed", type=int, default=0, metavar="S")
    return group


def _json(sub: argparse.ArgumentParser) -> argparse.ArgumentParser:
    sub.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    return sub


def _out(sub: argparse.ArgumentParser, name: str) -> None:
    sub.add_argument("--out", type=Path, required=True, metavar=name)


def _representation(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--representation", required=True, metavar="R", help="such as x6, dy6, dW6 or x6+x7")


def _scoring(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--train", required=True, metavar="S1", help="the split to learn from")
    sub.add_argument("--test", required=True, metavar="S2", help="the split to score")
    sub.add_argument("--C", type=_number_or_cv, default=1.0, metavar="C", help="a number, or cv (1)")
    sub.add_argument("--ap", choices=tuple(AP_KINDS), help="default: eleven_point for VOC 2007, else area")


def _number_or_cv(text: str) -> float | str:
    try:
        return number_or_cv(text)
    except GradvizError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
