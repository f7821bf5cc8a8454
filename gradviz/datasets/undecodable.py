"""Find the pictures of a data set that cannot be decoded, before anything is computed from them."""

from concurrent.futures import ThreadPoolExecutor

from gradviz.callbacks import Cancel, Progress, never, silent, stop_if
from gradviz.datasets.image_set import Finding, ImageSet
from gradviz.datasets.pictures import is_whole
from gradviz.errors import DatasetError
from gradviz.home import cores

_STEP = 500
"""Pictures between two looks at whether to stop."""


def undecodable(images: ImageSet, *, progress: Progress = silent, cancel: Cancel = never) -> dict[int, Finding]:
    """Return the positions of pictures that are cut off or refused, with the finding that an extraction reports too.

    Header and end of each are looked at, about 0.1 ms a picture; only where these are not as they should be, the
    picture is decoded, which decides. What is damaged in the middle is found by the extraction alone.

    Parameters
    ----------
    images
        The data set.
    progress, cancel
        Progress counts images; cancel is asked between some hundreds.
    """
    found: dict[int, Finding] = {}
    with ThreadPoolExecutor(cores(), thread_name_prefix="decode") as pool:
        for start in range(0, len(images.paths), _STEP):
            stop_if(cancel)
            doubtful = [i for i in range(start, min(start + _STEP, len(images.paths))) if _is_doubtful(images, i)]
            for position, finding in zip(doubtful, pool.map(lambda i: _finding(images, i), doubtful), strict=True):
                if finding:
                    found[position] = finding
            progress(min(start + _STEP, len(images.paths)), len(images.paths))
    return found


def _is_doubtful(images: ImageSet, position: int) -> bool:
    try:
        return not is_whole(images.paths[position])
    except OSError:  # a file that is away may come back: nothing is said of the picture
        return False


def _finding(images: ImageSet, position: int) -> Finding | None:
    try:
        images.open(position)
    except DatasetError as error:
        return Finding(images.ids[position], str(error))
    return None
