"""Download torchvision's published weights of a network of the table into the home's `weights/`."""

from pathlib import Path

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.download.fetch import Remote, Say, alone, fetch, quiet, require_room
from gradviz.errors import ChoiceError, NetworkError
from gradviz.home import home as home_folder
from gradviz.networks import network
from gradviz.networks.weights import check, locate


def download_weights(
    name: str,
    *,
    url: str | None = None,
    home: str | Path | None = None,
    progress: Progress = silent,
    cancel: Cancel = never,
    say: Say = quiet,
) -> Path:
    """Return the file of a network's weights, fetched only where neither the home nor torch.hub's cache has it whole.

    The SHA-256 must have the prefix in the file's name; all of it is recorded in FILE.sha256 for later starts.

    Parameters
    ----------
    name
        A network of the table.
    url
        A mirror (the file or the folder it lies in) or a path on this computer.
    progress
        Called in bytes.
    say
        Called with a sentence when something happens that the user may wonder about.

    Raises
    ------
    ChoiceError, DownloadError, Cancelled
        What has come by then is kept for the next time.
    """
    wanted = network(name)
    folder = home_folder(home) / "weights"
    target = folder / wanted.file
    # The table's size is that of torchvision's record, rounded.
    remote = Remote(wanted.url or "", f"sha256:{wanted.sha256}", largest=round(1.01 * wanted.bytes) + 1_000_000)
    with alone(folder / f".{name}.lock", remote, cancel=cancel, say=say):
        if found := locate(wanted, home):
            try:
                check(found, wanted)
                return found
            except NetworkError as error:
                say(f"{error} Fetching them now.")
        if not wanted.url:
            why = "its weights come with the program and are missing here" if wanted.about else "none are published"
            raise ChoiceError(f"{name} is not downloaded: {why}. Name a file of weights with --weights.")
        require_room(folder, wanted.bytes)
        fetch(remote, target, url, cancel=cancel, progress=progress, say=say)
    return target
