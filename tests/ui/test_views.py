from types import SimpleNamespace

import numpy as np
import pytest

from gradviz.ui.views import UNLABELLED, KernelView, by_class, first_class

CLASSES = ("bird", "boat", "cat")
LABELS = np.array([[-1, 1, 1], [-1, -1, -1], [1, -1, 1], [-1, -1, 1], [-1, 1, -1], [0, -1, -1]], np.int8)


def test_the_first_class_shown_counts_and_difficult_ones_do_not() -> None:
    assert first_class(LABELS, 6).tolist() == [1, -1, 0, 2, 1, -1]


def test_images_are_ordered_by_class_and_unlabelled_ones_come_last() -> None:
    order, blocks = by_class(LABELS, CLASSES, 6)
    assert order.tolist() == [2, 0, 4, 3, 1, 5]
    assert blocks == (("bird", 0, 1), ("boat", 1, 3), ("cat", 3, 4), (UNLABELLED, 4, 6))


def test_without_labels_the_order_stays() -> None:
    for labels in (None, np.full((3, 2), -1, np.int8), np.empty((3, 0), np.int8)):
        order, blocks = by_class(labels, ("a", "b"), 3)
        assert order.tolist() == [0, 1, 2]
        assert blocks == ()


@pytest.mark.parametrize(("normalise", "top"), [("l2", 1.0), ("centred", 1.0), ("none", 3.0)])
def test_kernels_of_vectors_of_one_length_share_the_scale_of_cosines(normalise: str, top: float) -> None:
    K = np.array([[3, -0.5], [-0.5, 2]], np.float32)
    result = SimpleNamespace(K_fw=K, K_bw=K, K=K, about={"normalise": normalise})
    view = KernelView((), (), (), np.arange(2), result, None)
    assert view.comparable is (normalise != "none")
    assert view.colours(own=False) == ("diverging", ((-top, top),) * 3)
