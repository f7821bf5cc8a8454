"""Describe the installation: versions, device, memory, the store, weights and data sets, and what to do next."""

import os
import shutil
from pathlib import Path

from gradviz.download.pace import size_text
from gradviz.home import cores
from gradviz.versions import versions
from gradviz.words import counted


def examine(home: Path, device: str) -> dict[str, list[str]]:
    """Return one or more short lines under each heading, the most useful first."""
    return {
        "versions": _versions(),
        "device": _device(device),
        "memory": [_memory()],
        "home": _home(home),
        "store": [_store(home)],
        "networks": _networks(home),
        "data sets": _datasets(home),
        "unfinished": _unfinished(home),
        "next": ["python -m gradviz app opens the dashboard; python -m gradviz --help lists the commands"],
    }


def _versions() -> list[str]:
    return [f"{name} {found or f'missing: pip install {name}'}" for name, found in versions().items()]


def _device(asked: str) -> list[str]:
    import torch

    from gradviz.networks.loading import resolve_device

    lines = [f"{resolve_device(asked)} is used, threads: {torch.get_num_threads()}, cores: {cores()}"]
    if torch.cuda.is_available():
        lines.append(f"cuda: {torch.cuda.get_device_name()}")
    return lines


def _memory() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "unknown on this system"
    return f"{size_text(total)}; 4 GB are enough for 10,000 images"


def _home(home: Path) -> list[str]:
    exists = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free = shutil.disk_usage(exists).free
    lines = [f"{home}, {size_text(free)} free"]
    if not os.access(exists, os.W_OK):
        lines.append(f"{exists} cannot be written: choose another folder with --home or GRADVIZ_HOME")
    return lines


def _store(home: Path) -> str:
    from gradviz.features.store import Store

    kept = Store(home / "store")
    entries = counted(len(kept.entries()), "entry", "entries")
    return f"{entries}, {size_text(kept.size())}; `python -m gradviz store clear` empties it"


def _networks(home: Path) -> list[str]:
    from gradviz.networks import NETWORKS, by_family
    from gradviz.networks.weights import weights_states

    states = weights_states(NETWORKS.values(), home)
    present = [name for name, found in states.items() if found["state"] == "present"]
    missing = by_family(name for name, found in states.items() if found["state"] == "missing")
    lines = [f"present: {', '.join(present)}"]
    if missing:
        for family, names in missing.items():
            sizes = ", ".join(f"{name} ({size_text(states[name]['bytes'])})" for name in names)
            lines.append(f"missing, {family}: {sizes}")
        lines += ["`python -m gradviz download NAME` fetches one"]
    return lines


def _datasets(home: Path) -> list[str]:
    from gradviz.datasets import known
    from gradviz.datasets.formats import sentence
    from gradviz.download.voc import record

    lines = []
    for entry in known(home):
        state = (record(entry.name, home) or {}).get("state", entry.state)
        lines.append(f"{entry.name}: {state}, {entry.where}")
    return [
        *lines,
        f"your own: {sentence()}",
        "`python -m gradviz download voc2007 --images 500` fetches photographs to start with",
    ]


def _unfinished(home: Path) -> list[str]:
    parts = sorted([*home.glob("datasets/*.part"), *home.glob("weights/*.part")])
    return [
        f"{part}: {size_text(part.stat().st_size)}, the next download continues from there; you may delete it"
        for part in parts
    ]
