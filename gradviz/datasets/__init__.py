"""Photographs with labels and splits, from folders, lists, archives and visitors."""

from gradviz.datasets.catalogue import DATASETS, find, known
from gradviz.datasets.image_set import Box, ImageSet, Skipped

__all__ = ["DATASETS", "Box", "ImageSet", "Skipped", "find", "known"]
