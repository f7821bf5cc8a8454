"""Networks: one table of what there is, and for each a body, an explicit head and its weights."""

from gradviz.networks.table import NETWORKS, Layer, Network, by_family, fully_connected, network

__all__ = ["NETWORKS", "Layer", "Network", "by_family", "fully_connected", "network"]
