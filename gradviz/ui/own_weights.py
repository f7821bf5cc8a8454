"""Weights of one's own: files in the home's folder of weights, which a visitor chooses by name and never uploads."""

from gradviz.home import home
from gradviz.networks import NETWORKS
from gradviz.networks.weights import KINDS

_PUBLISHED = {name for network in NETWORKS.values() for name in (network.file, f"{network.name}.safetensors")}


def own_weights() -> tuple[str, ...]:
    """List the files in the home's folder of weights that are not a network's usual ones, by name."""
    folder = home() / "weights"
    try:
        paths = [path for path in folder.iterdir() if path.name.lower().endswith(KINDS) and path.is_file()]
    except OSError:
        return ()
    return tuple(sorted({path.name for path in paths} - _PUBLISHED))
