"""Bring weights of a network of the table into the home's `weights/`: torchvision's published ones, or a file here."""

import shutil
from pathlib import Path

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.download.fetch import TERMINAL, Remote, Say, Ways, alone, fetch, quiet, require_room
from gradviz.errors import ChoiceError, NetworkError
from gradviz.home import home as home_folder
from gradviz.networks import Network, network
from gradviz.networks.weights import KINDS, check, locate, read
from gradviz.networks.weights import sha256 as file_sha256


def download_weights(
    name: str,
    *,
    url: str | None = None,
    home: str | Path | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
    say: Say = quiet,
    ways: Ways = TERMINAL,
) -> Path:
    """Return the file of a network's weights, fetched only where neither the home nor torch.hub's cache has it whole.

    The SHA-256 must have the prefix in the file's name; all of it is recorded in FILE.sha256 for later starts.

    Parameters
    ----------
    name
        A network of the table.
    url
        A mirror (the file or the folder it lies in) or a path on this computer; there it may also be weights of another
        make, as `take_weights` has it.
    progress
        Called in bytes.
    say
        Called with a sentence when something happens that the user may wonder about.
    ways
        How messages say what can be done.

    Raises
    ------
    ChoiceError, DownloadError, Cancelled
        What has come by then is kept for the next time.
    """
    wanted = network(name)
    folder = home_folder(home) / "weights"
    target = folder / wanted.file
    if url and "://" not in url and locate(wanted, home) is None:
        there = found_in(wanted, Path(url).expanduser())
        if there.is_file() and there.name != wanted.file:
            return take_weights(name, there, home=home, progress=progress, cancel=cancel, say=say, ways=ways)
    # The table's size is that of torchvision's record, rounded.
    remote = Remote(wanted.url or "", f"sha256:{wanted.sha256}", largest=round(1.01 * wanted.bytes) + 1_000_000)
    with alone(folder / f".{name}.lock", remote, cancel=cancel, say=say, ways=ways):
        if found := locate(wanted, home):
            try:
                check(found, wanted)
                return found
            except NetworkError as error:
                say(f"{error} Fetching them now.")
        if not wanted.url:
            why = "its weights come with the program and are missing here" if wanted.about else "none are published"
            raise ChoiceError(f"{name} is not downloaded: {why}. Name a file of weights with --weights.")
        require_room(folder, wanted.bytes, ways)
        fetch(remote, target, url, cancel=cancel, progress=progress, say=say, ways=ways)
    return target


def take_weights(
    name: str,
    place: str | Path,
    *,
    home: str | Path | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
    say: Say = quiet,
    ways: Ways = TERMINAL,
) -> Path:
    """Return the file in the home that holds weights which lie on this computer, copied once they are known to fit.

    Parameters
    ----------
    name
        A network of the table.
    place
        A file as `networks.weights.read` takes it, or the folder that it lies in.
    progress
        Called with steps.
    say
        Called with a sentence when something happens that the user may wonder about.
    ways
        How messages say what can be done.

    Raises
    ------
    ChoiceError, NetworkError, DownloadError, Cancelled
        For a folder without such a file, weights that do not fit, or a disk that is full.
    """
    from gradviz.networks.loading import load

    wanted, folder = network(name), home_folder(home) / "weights"
    source = found_in(wanted, Path(place).expanduser())
    say(f"Checking whether {source.name} fits {name}.")
    digest = load(wanted, weights=source, device="cpu", home=home).digest
    stop_if(cancel)
    progress(1, 2)
    published = source.name == wanted.file and digest.startswith(wanted.sha256)
    target = folder / (wanted.file if published else f"{name}.safetensors")
    if target.exists() and source.samefile(target):
        return target
    remote = Remote(wanted.url or "", f"sha256:{digest}")
    with alone(folder / f".{name}.lock", remote, cancel=cancel, say=say, ways=ways):
        require_room(folder, source.stat().st_size, ways)
        part = target.with_name(f"{target.name}.part")
        if published or source.suffix.lower() == ".safetensors":
            shutil.copyfile(source, part)
        else:
            from safetensors.torch import save_file

            save_file({key: tensor.contiguous() for key, tensor in read(source).items()}, part)
        target.with_name(f"{target.name}.sha256").write_text(f"{file_sha256(part)}  {target.name}\n", "ascii")
        part.replace(target)
    progress(2, 2)
    return target


def found_in(wanted: Network, place: Path) -> Path:
    """Return the file of weights that a path means: itself, or the network's in a folder, by its name or alone there.

    Parameters
    ----------
    wanted
        The network's entry.
    place
        A file or a folder.

    Raises
    ------
    ChoiceError
        For a folder that holds none, or more than one.
    """
    if not place.is_dir():
        return place
    named = [place / wanted.file, place / f"{wanted.name}.safetensors"]
    if here := next((path for path in named if path.is_file()), None):
        return here
    like = sorted(path for path in place.iterdir() if path.suffix.lower() in KINDS and path.is_file())
    own = [path for path in like if path.name.lower().startswith(wanted.name)] or like
    if len(own) == 1:
        return own[0]
    holds = "several files of weights" if own else "no file of weights"
    raise ChoiceError(f"{place} holds {holds}: name the file itself, such as {wanted.file}.")
