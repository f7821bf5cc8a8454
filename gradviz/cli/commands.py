"""What each sub-command does with the arguments that gradviz.cli.parser has read: get a result, print or write it."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradviz.cli.console import Bar, TransferBar, shortened, table
from gradviz.download.pace import size_text
from gradviz.errors import ChoiceError, GradvizError
from gradviz.home import home
from gradviz.words import counted

if TYPE_CHECKING:
    from gradviz.results import BoardRow

# What computes is imported where it is used: `networks` and `--help` answer without waiting for torch.


def networks(arguments: Namespace) -> None:
    """Print every network with its layers, representations and weights."""
    from gradviz.networks import NETWORKS, by_family
    from gradviz.networks.weights import weights_states

    rows, states = [], weights_states(NETWORKS.values(), home(arguments.home))
    for network in NETWORKS.values():
        found = states[network.name]
        rows.append(network.describe() | {"weights": {"state": found["state"], "bytes": found["bytes"]}})
    if arguments.json:
        return _print_json(rows)
    firsts = {names[0] for names in by_family(NETWORKS).values()}
    lines = (
        (
            row["family"] if row["name"] in firsts else "",
            row["name"],
            " ".join(layer["name"] for layer in row["layers"]),
            row["input_size"],
            f"{row['parameters'] / 1e6:.1f} M",
            row["weights"]["state"],
            size_text(row["weights"]["bytes"]),
            " ".join(row["representations"]),
        )
        for row in rows
    )
    return _print(
        table(("family", "network", "layers", "input", "parameters", "weights", "size", "representations"), lines)
    )


def datasets(arguments: Namespace) -> None:
    """Print every known data set, where it is and what it holds; or what the program makes of one place."""
    from gradviz.datasets import known

    if arguments.place is not None:
        return _describe(arguments)
    rows = [_summary(entry, home(arguments.home)) for entry in known(home(arguments.home))]
    if arguments.json:
        return _print_json(rows)
    cells = (
        (r["name"], r["download"] or r["state"], r["images"] or "", " ".join(r["splits"]), r["where"]) for r in rows
    )
    return _print(table(("data set", "state", "images", "splits", "where"), cells))


def _describe(arguments: Namespace) -> None:
    from gradviz.datasets import find
    from gradviz.datasets.description import description

    about = description(find(arguments.place, home=home(arguments.home)))
    if arguments.json:
        return _print_json(about)
    of_class = about["classes"]
    _print(
        f"{about['name']}: {about['format']}, {counted(about['images'], 'image')}, "
        f"{counted(len(of_class), 'class', 'classes')}, {about['ap']} AP"
    )
    kinds = ("positive", "difficult", "negative", "unknown")
    blocks = (
        (
            ("class", *kinds),
            [
                (name, *(counts[kind] for kind in kinds))
                for name, counts in zip(shortened(list(of_class)), of_class.values(), strict=True)
            ],
        ),
        (("split", "images"), list(zip(shortened(list(about["splits"])), about["splits"].values(), strict=True))),
        (
            ("finding", "count", "name", "reason"),
            [(f["kind"], f["count"], f["name"], f["reason"]) for f in about["findings"]],
        ),
    )
    for head, rows in blocks:
        if rows:
            _print(f"\n{table(head, rows)}")
    return None


def _summary(entry: Any, folder: Path) -> dict[str, Any]:
    from gradviz.datasets import find
    from gradviz.datasets.description import description, lost
    from gradviz.datasets.undecodable import undecodable
    from gradviz.download.voc import record

    row = {"name": entry.name, "title": entry.description, "where": str(entry.where), "state": entry.state}
    row |= {"download": (record(entry.name, folder) or {}).get("state")}
    row |= {"images": None, "classes": [], "splits": {}, "skipped": 0}
    if entry.state == "present":
        try:
            images = find(entry.name, home=folder)
        except GradvizError as error:
            return row | {"state": "unreadable", "title": str(error)}
        unusable = undecodable(images)
        about = description(images, unusable)
        row |= {
            "images": about["images"],
            "classes": list(images.classes),
            "splits": about["splits"],
            "skipped": lost((*images.findings, *unusable.values())),
        }
    return row


def extract(arguments: Namespace) -> None:
    """Fill the store; print the rate and what was skipped."""
    from gradviz import export
    from gradviz.results import centre_note

    with _at_work(arguments, "image") as (lab, bar):
        about = lab.about(split=arguments.split)
        done = lab.extract(arguments.split, progress=bar)
    _notes([*done.notes, *centre_note(arguments.centre)])
    if arguments.json:
        return _print_json(export.extracted_json(done, lab.images, about))
    ready = counted(done.images - len(done.skipped), "chosen one is", "chosen ones are")
    _print(
        f"{counted(done.computed, 'image')} computed in {done.seconds:.1f} s, {done.rate:.1f} images/s; "
        f"{ready} ready, {len(done.skipped):,} skipped"
    )
    return _print("\n".join(f"skipped {s.name}: {s.reason}" for s in done.skipped))


def features(arguments: Namespace) -> None:
    """Write the vectors of every layer."""
    from gradviz import export
    from gradviz.results import centre_note

    with _at_work(arguments) as (lab, bar):
        result = lab.features(lab.offer.vectors, arguments.split, progress=bar)
    export.save(arguments.out, lambda file: export.features_npz(result, lab.about(split=arguments.split), file))
    _notes([*result.notes, *centre_note(arguments.centre)])
    _print(f"{arguments.out}: {counted(len(result.ids), 'image')}, {', '.join(result.arrays)}")


def kernel(arguments: Namespace) -> None:
    """Write a kernel."""
    from gradviz import export

    with _at_work(arguments) as (lab, bar):
        result = lab.kernel(arguments.representation, arguments.split, progress=bar)
    export.save(arguments.out, lambda file: export.kernel_npz(result, file))
    _notes(result.notes)
    _print(f"{arguments.out}: {result.representation}, {' x '.join(map(str, result.K.shape))}")


def evaluate(arguments: Namespace) -> int | None:
    """Print the average precision of each class and its mean; with --like, whether an export's figures come again."""
    from gradviz import export
    from gradviz.comparison import resampled
    from gradviz.resampling import LEVEL
    from gradviz.results import mean_name

    if arguments.like:
        return _evaluate_like(arguments)
    if missing := [name for name in ("representation", "train", "test") if getattr(arguments, name) is None]:
        names = ", ".join(f"--{name}" for name in missing)
        raise ChoiceError(f"evaluate needs {names}, or --like with an export (see gradviz evaluate --help)")
    with _scoring(arguments) as (lab, bar):
        result = lab.evaluate(
            arguments.representation,
            train=arguments.train,
            test=arguments.test,
            C=arguments.C,
            ap=arguments.ap,
            progress=bar,
        )
    drawn = resampled(result)
    if arguments.json:
        return _print_json(export.evaluation_json(result, drawn))
    _notes(result.notes)
    bounds = dict(zip(result.per_class, drawn.intervals.tolist(), strict=True))
    lines = [
        (name, _percent(value), _between(bounds[name]), f"{result.positives[name]:,}", f"{result.C[name]:g}")
        for name, value in result.per_class.items()
    ]
    lines.append((mean_name(result.per_class), _percent(result.mean_ap), _between(drawn.interval), "", ""))
    return _print(table(("class", f"{result.ap} AP, %", f"{LEVEL:.0%} interval", "positives", "C"), lines))


def _evaluate_like(arguments: Namespace) -> int:
    """Repeat the evaluations of an export; return 1 where a mean differs."""
    from gradviz import export
    from gradviz.cli import like
    from gradviz.datasets.description import as_lines
    from gradviz.results import mean_name

    if surplus := sorted(arguments.given - like.ALLOWED):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in surplus)
        raise ChoiceError(f"--like takes every choice from the file: leave out {names}.")
    path = arguments.like
    exported = like.read(path)
    labs, rows = like.experiments(path, exported, arguments), []
    with Bar() as bar:
        for one, lab in zip(exported, labs, strict=True):
            now = lab.evaluate(**like.asked(one), progress=bar)
            rows.append((one, like.differences(one, now), now))
    differing = [(one, found) for one, found, _ in rows if not like.repeats(found)]
    _notes(like.version_notes(exported))
    _notes(like.network_notes(exported, labs))
    _notes([note for one, found, _ in rows for note in like.class_notes(one, found)])
    _notes(as_lines(labs[0].images.findings))
    if arguments.json:
        told = [
            {
                "representation": one.spec["representation"],
                "mean_ap": one.mean_ap,
                "same": like.repeats(found),
                "differences": [
                    {"class": d.name, "exported": d.exported, "now": d.now} for d in found if d.name is not None
                ],
                "now": one.mean_ap if like.repeats(found) else found[0].now,
                "spec": export.made(now.about, now.train, now.test),
            }
            for one, found, now in rows
        ]
        _print_json(told)
        return int(bool(differing))
    if not differing:
        figures = ", ".join(f"{one.spec['representation']} {_percent(one.mean_ap)}" for one in exported)
        _print(f"The same within {like.TOLERANCE} mAP: {figures}.")
        return 0
    lines = (
        (
            one.spec["representation"],
            mean_name(one.per_class) if d.name is None else d.name,
            _percent(d.exported),
            _percent(d.now),
        )
        for one, found in differing
        for d in found
    )
    _print(table(("representation", "class", "exported AP, %", "now"), lines))
    of_all = counted(len(exported), "result")
    differ = "differs" if len(differing) == 1 else "differ"
    _print(f"{len(differing):,} of {of_all} {differ} by more than {like.TOLERANCE} mAP from {path}.")
    return 1


def embed(arguments: Namespace) -> None:
    """Write a map as CSV."""
    from gradviz import export

    with _at_work(arguments) as (lab, bar):
        result = lab.embed(
            arguments.representation,
            arguments.split,
            method=arguments.method,
            neighbours=arguments.neighbors,
            min_dist=arguments.min_dist,
            perplexity=arguments.perplexity,
            progress=bar,
        )
    export.save(arguments.out, lambda file: file.write(export.map_csv(result).encode()))
    _notes(result.notes)
    quality = [] if result.trustworthiness is None else [f"trustworthiness {_digits(result.trustworthiness)}"]
    quality += (
        []
        if result.purity is None
        else [f"neighbour purity {_digits(result.purity)} (chance {_digits(result.chance)})"]
    )
    _print("; ".join([f"{arguments.out}: {counted(len(result.rows.ids), 'image')}", *quality]))


def align(arguments: Namespace) -> None:
    """Print how similar kernels are to each other and to the labels."""
    from gradviz import export

    with _at_work(arguments) as (lab, bar):
        result = lab.align(arguments.representation, arguments.split, progress=bar)
    if arguments.json:
        return _print_json(export.alignment_json(result))
    _notes(result.notes)
    names = result.representations
    labels = [[]] * len(names) if result.with_labels is None else [[_digits(v, 4)] for v in result.with_labels]
    head = ("", *names, *(() if result.with_labels is None else ("labels",)))
    rows = zip(names, result.between, labels, strict=True)
    return _print(table(head, ((name, *(_digits(v, 4) for v in row), *label) for name, row, label in rows)))


def neighbours(arguments: Namespace) -> None:
    """Print the images nearest to one image."""
    from gradviz import export

    with _at_work(arguments) as (lab, bar):
        found = lab.neighbours(
            arguments.representation, arguments.image, arguments.split, top=arguments.top, progress=bar
        )
    if arguments.json:
        return _print_json(export.neighbours_json(found))
    _notes(found.notes)
    return _print(table(("id", "kernel", "classes"), ((n.id, f"{n.value:.4f}", " ".join(n.labels)) for n in found)))


def layers(arguments: Namespace) -> None:
    """Print the scores of every representation of the network."""
    from gradviz import export

    if arguments.cv:
        return _board(arguments)
    with _scoring(arguments) as (lab, bar):
        rows = lab.layers(train=arguments.train, test=arguments.test, C=arguments.C, ap=arguments.ap, progress=bar)
    if arguments.json:
        return _print_json(export.layers_json(rows))
    shared = [note for note in rows[0].notes if all(note in row.notes for row in rows)]
    _notes([*shared, *(f"{row.representation}: {note}" for row in rows for note in row.notes if note not in shared)])
    if arguments.csv:
        return _print(export.layers_csv(rows).rstrip("\n"))
    cells = ((r.representation, _percent(r.mean_ap), _digits(r.alignment), _digits(r.purity)) for r in rows)
    return _print(table(("representation", "mAP, %", "alignment", "purity"), cells))


def _board(arguments: Namespace) -> None:
    """Print what cross-validation on the training split says of every representation, and the score of the best."""
    from gradviz import export
    from gradviz.board import at, board
    from gradviz.ranking import best, gains, rivals, scored
    from gradviz.resampling import LEVEL

    if "temperature" in arguments.given:
        raise ChoiceError("--temperature does not go with --cv, which tries all temperatures: leave it out.")
    choices = {"train": arguments.train, "test": arguments.test, "C": arguments.C, "ap": arguments.ap}
    of_train = {name: choices[name] for name in ("train", "C", "ap")}
    with _scoring(arguments) as (lab, bar):
        rows = list(board(lab, **of_train, progress=bar))
        first, *_ = ranked = best(rows)
        others = rivals(ranked)
        runs = [at(lab, row.temperature).evaluate(row.representation, **choices) for row in (first, *others.values())]
        told = scored(runs)
    differences = [
        (name, row, one.run, one.difference)
        for (name, row), one in zip(others.items(), told[1:], strict=True)
        if one.difference
    ]
    if arguments.json:
        return _print_json(export.choice_json(rows, first, (told[0].run, told[0].drawn), differences, gains(ranked)))
    if arguments.csv:
        return _print(export.board_csv(rows).rstrip("\n"))
    _notes(told[0].run.notes)
    cells = (
        (r.representation, _tau(r), _percent(r.mean_ap), _between(r.interval), _digits(r.alignment), _digits(r.purity))
        for r in ranked
    )
    _print(table(("representation", "tau", "mAP by cv, %", f"{LEVEL:.0%} interval", "alignment", "purity"), cells))
    named = f"{first.representation} at temperature {_tau(first)}" if first.temperature else first.representation
    _print(f"\nChosen on {arguments.train}: {named}.")
    lines = [(f"mAP on {arguments.test}", _percent(told[0].run.mean_ap), _between(told[0].drawn.interval))]
    lines += [
        (f"above {row.representation} {_tau(row)} ({name})".replace("  ", " "), _percent(d.mean), _between(d.interval))
        for name, row, _, d in differences
    ]
    _print(table(("", "%", f"{LEVEL:.0%} interval"), lines))
    if of_layers := gains(ranked):
        _print(f"\nEach layer's gradient above its input and output joined, by cv on {arguments.train}:")
        lines = [
            (
                f"above {gain.joined.representation}: {gain.product.representation} {_tau(gain.product)}".rstrip(),
                _percent(gain.value),
                _between(gain.interval),
            )
            for gain in of_layers
        ]
        _print(table(("", "%", f"{LEVEL:.0%} interval"), lines))
    return None


def _tau(row: "BoardRow") -> str:
    return "" if row.temperature is None else f"{row.temperature:g}"


def download(arguments: Namespace) -> None:
    """Download a data set or a network's weights, and print where they are."""
    from gradviz.download.voc import download as fetch_images
    from gradviz.download.weights import download_weights
    from gradviz.networks import NETWORKS

    with TransferBar() as bar:
        what = {"url": arguments.url, "home": home(arguments.home), "say": bar.say}
        if arguments.what in NETWORKS:
            if arguments.images is not None:
                raise ChoiceError("--images goes with photographs, not with a network's weights.")
            place = download_weights(arguments.what, progress=bar, **what)
        else:
            place = fetch_images(arguments.what, images=arguments.images, progress=bar, **what)
    _print(f"{arguments.what} is in {place}")


def store(arguments: Namespace) -> None:
    """Show or clear what is kept."""
    from gradviz.features.store import Store

    kept = Store(home(arguments.home) / "store")
    if arguments.old and arguments.action != "clear":
        raise ChoiceError("--old goes with `store clear`: it removes what is in an older format alone.")
    if arguments.action == "clear":
        freed = kept.clear(old=arguments.old)
        return _print_json({"freed": freed}) if arguments.json else _print(f"{size_text(freed)} freed")
    entries = kept.entries()
    if arguments.json:
        return _print_json({"bytes": kept.size(), "entries": [asdict(entry) for entry in entries]})
    lines = [
        (*_choices(e.key), e.rows, size_text(e.bytes), f"older format {(e.key or {}).get('dataset', '')}" * e.old)
        for e in entries
    ]
    heads = ("kind", "network", "preprocessing", "temperature", "pseudo-label", "images", "size", "")
    _print(table(heads, lines))
    _print("\n".join(kept.older_note()))
    return _print(f"{size_text(kept.size())} in {kept.root}")


def _choices(key: dict | None) -> list[str]:
    """Return what an entry was made from; nothing is known of a damaged one."""
    whole = (key or {}).get("forward", {}) | (key or {})
    own = f" {whole['function'][:8]}" if whole.get("function") else ""
    names = ("kind", "network", "preprocess", "temperature", "pseudo_label")
    shown = [str(whole.get(name, "")).partition(":")[0] for name in names]
    return [shown[0], shown[1] + own, *shown[2:]]


def doctor(arguments: Namespace) -> None:
    """Print what is here, what is missing and how to get it."""
    from gradviz.cli.doctor import examine

    report = examine(home(arguments.home), arguments.device)
    if arguments.json:
        return _print_json(report)
    return _print("\n".join(f"{name:12s} {line}" for name, lines in report.items() for line in lines))


@contextmanager
def _at_work(arguments: Namespace, unit: str = "") -> Iterator[tuple[Any, Bar]]:
    """Provide the experiment and its progress bar; what its data set's reader found is reported last."""
    from gradviz import export
    from gradviz.datasets.description import as_lines

    lab = _experiment(arguments)
    if "out" in arguments:
        named = (arguments.dataset, arguments.weights, arguments.pseudo_label)
        export.check_place(arguments.out, [*map(Path, filter(None, named)), *lab.images.paths])
    # A network of the user's own may print; standard output is for the result.
    with Bar(unit) as bar, redirect_stdout(sys.stderr):
        yield lab, bar
    _notes(as_lines(lab.images.findings))


def _scoring(arguments: Namespace) -> AbstractContextManager[tuple[Any, Bar]]:
    """Provide the same for a command whose images are those of --train and --test."""
    if arguments.split is not None:
        raise ChoiceError("--split does not apply here: --train and --test choose the images.")
    return _at_work(arguments)


def _experiment(arguments: Namespace) -> Any:
    from gradviz.experiment import Experiment
    from gradviz.spec import Spec

    spec = Spec(**{field.name: getattr(arguments, field.name) for field in fields(Spec)})
    lab = Experiment(arguments.dataset, spec, home=home(arguments.home), device=arguments.device)
    lab.check_chosen(arguments.given)
    return lab


def _notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _percent(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.2f}"


def _between(bounds: Iterable[float]) -> str:
    """Write an interval, "-" where there is none: no draw of the test images could be measured."""
    low, high = map(_percent, bounds)
    return "-" if "-" in (low, high) else f"{low} to {high}"


def _digits(value: float | None, digits: int = 3) -> str:
    return "-" if value is None or value != value else f"{value:.{digits}f}"


def _print_json(value: Any) -> None:
    # NaN is not JSON: a figure that does not exist is null, and a slip fails here rather than in a reader.
    print(json.dumps(value, indent=2, allow_nan=False))


def _print(text: str) -> None:
    if text:
        print(text)
