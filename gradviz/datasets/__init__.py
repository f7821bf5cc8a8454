"""Photographs with labels and splits, from folders, lists, archives and visitors."""

from gradviz.datasets.catalogue import DATASETS, find, known
from gradviz.datasets.image_set import Box, Finding, ImageSet

__all__ = ["DATASETS", "Box", "Finding", "ImageSet", "find", "known"]
