from gradviz.datasets.split_names import split_name


def test_a_split_has_one_name_however_it_is_spelled():
    for name, ways in {
        "train": ("train", "Training", " TRAIN "),
        "val": ("val", "valid", "Validation", "dev"),
        "test": ("test", "testing", "eval"),
        "trainval": ("trainval",),
    }.items():
        assert {split_name(way) for way in ways} == {name}
    assert [split_name(text) for text in ("", "tests", "fold 1", "minival", "train2017")] == [None] * 5
