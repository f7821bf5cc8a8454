from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from gradviz.datasets.features_file import FORMAT
from gradviz.errors import DatasetError
from gradviz.experiment import Experiment
from tests.small_sets import noted

read_features = FORMAT.read
IDS = np.array(["a", "b", "c", "d"])
X = np.arange(12.0).reshape(4, 3)
LABELS = np.array([[1, -1], [1, -1], [-1, 1], [0, 1]], np.int8)


def save(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path / "f.npz", **arrays)
    return path / "f.npz"


def test_arrays_become_features_without_pictures(tmp_path: Path):
    path = save(tmp_path, ids=IDS, x6=X, dy6=X[:, :1].astype(np.float64))
    images = read_features(path)
    assert (images.ids, images.paths, images.labels, images.name) == (("a", "b", "c", "d"), (), None, "f")
    assert list(images.features) == ["x6", "dy6"]
    assert images.features["x6"].dtype == np.float32
    assert (images.features["x6"] == X).all()
    assert images.root == path
    assert images == read_features(path)
    assert images != read_features(save(tmp_path, ids=IDS, x6=X + 1, dy6=X[:, :1]))


def test_labels_classes_and_splits_if_known(tmp_path: Path):
    told = {"ids": IDS, "x6": X, "labels": LABELS, "classes": np.array(["cat", "dog"])}
    images = read_features(save(tmp_path, **told))
    assert images.classes == ("cat", "dog")
    assert images.labels_of(2) == ("dog",)
    assert {split: len(positions) for split, positions in images.splits.items()} == {"train": 2, "val": 2}
    images = read_features(save(tmp_path, **told, split=np.array(["test", "train", "train", ""])))
    assert {split: list(positions) for split, positions in images.splits.items()} == {"test": [0], "train": [1, 2]}
    assert read_features(save(tmp_path, ids=np.arange(4), x6=X, labels=LABELS)).classes == ("0", "1")
    images = read_features(save(tmp_path, **told | {"classes": np.array(["zebra", "ant"])}))
    assert images.classes == ("zebra", "ant"), "columns keep their order"
    assert images.labels is not None
    assert (images.labels == LABELS).all()


def test_rows_that_are_not_finite_are_skipped_with_their_labels(tmp_path: Path):
    x = X.copy()
    x[1, 2] = np.nan
    images = read_features(save(tmp_path, ids=IDS, x6=x, y6=X, labels=LABELS, split=np.array(list("uuvv"))))
    assert images.ids == ("a", "c", "d")
    assert [(s.name, s.reason) for s in noted(images)] == [
        ("b", "values that are not finite"),
        ("0", "a class in u, but not in v"),
        ("1", "a class in v, but not in u"),
    ]
    assert (images.features["y6"] == X[[0, 2, 3]]).all()
    assert (images.labels == LABELS[[0, 2, 3]]).all()
    assert list(images.splits["v"]) == [1, 2]
    with pytest.raises(DatasetError, match="no usable row"):
        read_features(save(tmp_path, ids=IDS, x6=np.full((4, 1), 1e300)))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x6": X}, "no array `ids`"),
        ({"ids": X, "x6": X}, "no array `ids`"),
        ({"ids": IDS}, "no features"),
        ({"ids": IDS, "x6": X[:3]}, r"x6 is float64 \(3, 3\)"),
        ({"ids": IDS, "x6": X[0]}, "x6 is float64"),
        ({"ids": IDS, "x6": X.astype(str)}, "not numbers"),
        ({"ids": IDS, "x6": X.astype(complex)}, "not numbers"),
        ({"ids": np.array(list("aabc")), "x6": X}, "same id"),
        ({"ids": IDS, "x6": X, "labels": LABELS * 2}, "labels must be 1, 0 or -1"),
        ({"ids": IDS, "x6": X, "labels": LABELS[:2]}, "labels must be"),
        ({"ids": IDS, "x6": X, "labels": LABELS.astype(str)}, "labels must be"),
        ({"ids": IDS, "x6": X[:, :0]}, r"x6 is float64 \(4, 0\)"),
        ({"ids": IDS, "x6": X, "labels": LABELS, "classes": IDS}, "4 classes for 2 columns"),
        ({"ids": IDS, "x6": X, "labels": LABELS, "classes": np.array(["a", "a"])}, "two classes have the same name"),
        ({"ids": IDS, "x6": X, "split": IDS[:2]}, "split has shape"),
        ({"ids": IDS.astype(object), "x6": X}, "is not an npz of plain arrays"),
        ({"ids": IDS, "x6": np.array([{}] * 4)}, "is not an npz of plain arrays"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path, arrays: dict, said: str):
    with pytest.raises(DatasetError, match=said) as caught:
        read_features(save(tmp_path, **arrays))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["features", "fc7", "resnet50", "dyfoo", "dynamics", "x"])
def test_an_array_of_any_name_is_a_vector_of_that_name(tmp_path: Path, name: str):
    images = read_features(save(tmp_path, ids=IDS, **{name: X}))
    assert list(images.features) == [name]
    assert not noted(images)


def test_an_array_that_this_program_named_by_its_layer_is_a_vector(tmp_path: Path):
    about = np.array('{"network": "alexnet", "versions": {"numpy": "2"}}')
    images = read_features(save(tmp_path, ids=IDS, about=about, **{"dW@features.8": X}))
    assert list(images.features) == ["dW@features.8"]
    assert not noted(images)


@pytest.mark.parametrize("name", ["fc6+fc7", "a;b", "a:b", "a@b@c", "7", "50_resnet", "dW6", "a\u202eb"])
def test_an_array_whose_name_could_not_be_asked_for_is_left_out_with_a_finding(tmp_path: Path, name: str):
    images = read_features(save(tmp_path, ids=IDS, x6=X, **{name: X}))
    assert list(images.features) == ["x6"]
    ((called, kind, reason),) = [(f.name, f.kind, f.reason) for f in noted(images)]
    assert (called, kind) == (name.replace("\u202e", "?"), "not read")
    assert reason.startswith("an array that has to be renamed")
    with pytest.raises(DatasetError, match=r"f\.npz: .* is an array that has to be renamed"):
        read_features(save(tmp_path, ids=IDS, **{name: X}))


def test_splits_are_known_by_all_their_names(tmp_path: Path):
    images = read_features(save(tmp_path, ids=IDS, x6=X, split=np.array(["Training", "VALID", "odd", ""])))
    assert {name: list(at) for name, at in images.splits.items()} == {"odd": [2], "train": [0], "val": [1]}


def test_a_product_is_refused_as_a_vector(tmp_path: Path):
    with pytest.raises(DatasetError, match="'dW6' is a product, which is not kept as one vector, but as x5 and dy6"):
        read_features(save(tmp_path, ids=IDS, dW6=X))


def test_what_to_call_a_product_that_was_computed_elsewhere_is_said_and_works(tmp_path: Path):
    (finding,) = noted(read_features(save(tmp_path, ids=IDS, x6=X, dW6=X)))
    assert "to dW6_vector for example, to be read as it is" in finding.reason
    images = read_features(save(tmp_path, ids=IDS, x6=X, dW6_vector=X))
    assert (list(images.features), noted(images)) == (["x6", "dW6_vector"], ())
    assert Experiment(images).kernel("dW6_vector+x6").K.shape == (4, 4)


def test_arrays_that_are_no_features_are_named_beside_those_that_are(tmp_path: Path):
    images = read_features(save(tmp_path, ids=IDS, fc7=X, mean=X[0], maps=X.reshape(4, 3, 1), none=X[:, :0]))
    assert list(images.features) == ["fc7"]
    assert [(f.name, f.kind) for f in noted(images)] == [(name, "not read") for name in ("mean", "maps", "none")]
    assert noted(images)[1].reason == "float64 (4, 3, 1), not numbers of shape (4, d)"


@pytest.mark.parametrize("kind", [np.int64, np.float32, bool])
def test_labels_of_ones_and_zeros_are_read_as_present_and_absent(tmp_path: Path, kind: type):
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], kind)
    images = read_features(save(tmp_path, ids=IDS, x6=X, labels=labels))
    assert images.labels is not None
    assert images.labels.tolist() == [[1, -1], [-1, 1], [1, 1], [-1, -1]]
    (finding,) = noted(images)
    assert (finding.name, finding.kind, finding.count) == ("labels", "guessed", 4)


def test_zeros_stay_unknown_beside_a_minus_one_and_in_files_of_this_program(tmp_path: Path):
    some = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    about = np.array('{"network": "alexnet", "versions": {"numpy": "2"}}')
    for arrays in ({"labels": np.where(np.eye(4, 2) == 1, -1, some)}, {"labels": some, "about": about}):
        images = read_features(save(tmp_path, ids=IDS, x6=X, **arrays))
        assert images.labels is not None
        assert (images.labels == arrays["labels"]).all()
        assert not noted(images)
    images = read_features(save(tmp_path, ids=IDS, x6=X, labels=some, about=np.array("my own remark")))
    assert len(noted(images)) == 1


def test_bytes_are_text(tmp_path: Path):
    def utf8(*texts: str) -> np.ndarray:
        return np.array([text.encode() for text in texts])

    split, classes = utf8("train", "train", "prüfung", ""), utf8("Käse", "b")
    images = read_features(save(tmp_path, ids=utf8(*"abcd"), x6=X, labels=LABELS, classes=classes, split=split))
    assert (images.ids, images.classes) == (tuple("abcd"), ("Käse", "b"))
    assert {name: list(positions) for name, positions in images.splits.items()} == {"prüfung": [2], "train": [0, 1]}
    assert read_features(save(tmp_path, ids=np.array([b"\xff", b"a", b"b", b"c"]), x6=X)).ids[0] == "\\xff"


def test_what_is_no_npz_of_rows_is_told_so(tmp_path: Path):
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(DatasetError, match=r"not an npz of plain arrays: it does not begin as one that numpy\.savez"):
        read_features(tmp_path / "text.npz")
    with pytest.raises(
        DatasetError, match=r"not an npz of plain arrays: it holds Python objects, which are not read\.$"
    ):
        read_features(save(tmp_path, ids=IDS, x6=np.array([{}] * len(IDS), object)))
    with pytest.raises(DatasetError, match=r"holds no usable row: it has 0 rows\.$"):
        read_features(save(tmp_path, ids=IDS[:0], x6=X[:0]))


def test_damaged_files_are_refused(tmp_path: Path):
    path = save(tmp_path, ids=IDS, x6=X)
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:-100], whole[:300] + b"\xff" * 20 + whole[320:]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=r"f\.npz"):
            read_features(path)
    rng = np.random.default_rng(0)
    np.savez_compressed(path, ids=IDS, x6=X)
    for intact in (whole, path.read_bytes()):
        for _ in range(200):
            content = bytearray(intact)
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
            path.write_bytes(content)
            with suppress(DatasetError):
                read_features(path)
    np.save(tmp_path / "g.npy", X)
    (tmp_path / "g.npy").rename(path)
    with pytest.raises(DatasetError, match="one array instead of several"):
        read_features(path)


@pytest.mark.parametrize("name", ["label", "y", "targets", "one_hot", "y_true", "labels_train"])
def test_an_array_like_labels_under_another_name_is_named_and_no_feature(tmp_path: Path, name: str):
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    images = read_features(save(tmp_path, ids=IDS, x6=X, **{name: labels}))
    assert list(images.features) == ["x6"]
    assert [(f.name, f.kind) for f in noted(images)] == [(name, "not read")]
    images = read_features(save(tmp_path, ids=IDS, x6=X, **{name: X, f"{name}_": X}))
    assert name in images.features, "numbers of other kinds are features"


@pytest.mark.parametrize("about", [None, "hello", '{"network": "alexnet"}'])
def test_a_layers_name_is_left_to_files_of_this_program(tmp_path: Path, about: str | None):
    arrays = {"ids": IDS, "x6": X, "dW@features.8": X} | ({} if about is None else {"about": np.array(about)})
    images = read_features(save(tmp_path, **arrays))
    assert list(images.features) == ["x6"]
    (finding,) = noted(images)
    assert (finding.name, finding.kind) == ("dW@features.8", "not read")
    assert finding.reason.startswith("an array that has to be renamed, without @: only files that this program wrote")


@pytest.mark.parametrize("name", ["", " "])
def test_an_array_without_a_name_is_named_in_a_plain_sentence(tmp_path: Path, name: str):
    (finding,) = noted(read_features(save(tmp_path, ids=IDS, x6=X, **{name: X})))
    assert (finding.name, finding.reason) == (repr(name), "an array without a name: give it one, to be read")
    with pytest.raises(DatasetError, match=r"f\.npz: '\s?' is an array without a name: give it one, to be read\."):
        read_features(save(tmp_path, ids=IDS, **{name: X}))


def test_labels_that_are_all_zero_are_absent(tmp_path: Path):
    zeros = np.zeros((4, 2), int)
    images = read_features(save(tmp_path, ids=IDS, x6=X, labels=zeros))
    assert (images.labels == -1).all()
    assert [(f.name, f.kind, f.count) for f in images.findings[:1]] == [("labels", "guessed", 8)]
    about = np.array('{"network": "alexnet", "versions": {"numpy": "2"}}')
    assert (read_features(save(tmp_path, ids=IDS, x6=X, labels=zeros, about=about)).labels == 0).all()


def test_rows_in_no_split_are_counted(tmp_path: Path):
    images = read_features(save(tmp_path, ids=IDS, x6=X, split=np.array(["train", "", " ", "val"])))
    assert [(f.name, f.reason, f.count) for f in images.findings] == [
        ("split", "in no split: their cells are empty", 2)
    ]
    assert not read_features(save(tmp_path, ids=IDS, x6=X, split=np.array([""] * 4))).findings


def test_a_class_without_a_name_is_called_by_its_number(tmp_path: Path):
    images = read_features(save(tmp_path, ids=IDS, x6=X, labels=LABELS, classes=np.array(["", "dog"])))
    assert images.classes == ("class 1", "dog")
    assert ("class 1", "it has no name: it is called by its number") in {(f.name, f.reason) for f in images.findings}


def test_several_splits_of_a_row_are_each_of_them(tmp_path: Path):
    np.savez(tmp_path / "f.npz", ids=["a", "b"], x6=np.eye(2), split=["train;val", "train"])
    images = read_features(tmp_path / "f.npz")
    assert {split: list(positions) for split, positions in images.splits.items()} == {"train": [0, 1], "val": [0]}
    assert [(f.name, f.count) for f in images.findings] == [("train;val", 1)]


def test_rows_that_are_too_large_for_float32_are_told_from_those_that_are_not_finite(tmp_path: Path):
    x = np.array([[1.0, 2.0], [1e200, np.nan], [-1e200, 1.0]])
    np.savez(tmp_path / "f.npz", ids=["a", "b", "c"], x6=x)
    images = read_features(tmp_path / "f.npz")
    assert images.ids == ("a",)
    assert [(f.name, f.reason) for f in images.findings] == [
        ("b", "values that are not finite"),
        ("c", "values that are too large for float32"),
    ]
    np.savez(tmp_path / "f.npz", ids=["a", "c"], x6=x[[2, 2]])
    with pytest.raises(DatasetError, match=r"no usable row: all have values that are too large for float32\.$"):
        read_features(tmp_path / "f.npz")
    np.savez(tmp_path / "f.npz", ids=["a", "c"], x6=x[1:])
    with pytest.raises(DatasetError, match=r"all have values that are not finite or values that are too large"):
        read_features(tmp_path / "f.npz")
