"""Bring torchvision's published weights of a network of the table into the home's `weights/`."""

from pathlib import Path

from gradviz.callbacks import Cancel, Progress, never, silent
from gradviz.download import fetch
from gradviz.download.http import HostError
from gradviz.download.resumable import Remote, Say, quiet, require_room
from gradviz.errors import ChoiceError, DownloadError, NetworkError
from gradviz.home import home as home_folder
from gradviz.networks import Network, network
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
    """Give the file of a network's weights, fetched only where neither the home nor torch.hub's cache has it whole.

    `url` is a mirror (the file or the folder it lies in) or a path on this computer. The sha256 must begin as the
    file's name says; all of it is recorded in FILE.sha256 for later starts. Progress is in bytes. Raises ChoiceError,
    DownloadError and Cancelled; what has come by then is kept for the next time.
    """
    wanted = network(name)
    folder = home_folder(home) / "weights"
    target = folder / wanted.file
    try:
        with fetch.alone(folder / f".{name}.lock", cancel=cancel, say=say):
            found = _found(wanted, home, say)
            if found:
                return found
            if not wanted.url:
                raise ChoiceError(f"{name} is not downloaded: its weights come with the program and are missing here.")
            require_room(folder, wanted.bytes)
            remote = Remote(wanted.url, f"sha256:{wanted.sha256}")
            local = fetch.local_mirror(url, wanted.file)
            if local:
                fetch.adopt(local, remote, target, cancel=cancel)
            else:
                fetch.fetch(remote.at(url), target, cancel=cancel, progress=progress, say=say)
    except HostError as error:
        raise DownloadError(
            f"{error} Start it again to go on, name a mirror with --url, or put {wanted.file} from {wanted.url} "
            f"into {folder} yourself."
        ) from error
    except OSError as error:
        raise DownloadError(
            f"{folder} cannot be written ({error.strerror}): free some space or choose another folder with --home."
        ) from error
    return target


def _found(wanted: Network, home: str | Path | None, say: Say) -> Path | None:
    """Find whole weights on this computer; damaged ones are told and do not count."""
    path = locate(wanted, home)
    if path is None:
        return None
    try:
        check(path, wanted)
    except NetworkError as error:
        say(f"{error} Fetching them now.")
        return None
    return path
