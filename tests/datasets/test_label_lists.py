import pytest

from gradviz.datasets.label_lists import label_lists


def names(*cells: str) -> list[list[str]]:
    return [sorted(own or ()) for own in label_lists([[cell] for cell in cells]).of_pictures]


def kinds(*cells: str) -> list[tuple[str, int]]:
    return [(f.kind, f.count) for f in label_lists([[cell] for cell in cells]).findings]


@pytest.mark.parametrize("separator", [";", "|", ",", "/", "+", " ", " | ", ", "])
def test_lists_are_split_where_other_cells_confirm_it(separator: str):
    lists = [separator.join(pair) for pair in (("cat", "dog"), ("dog", "owl"), ("owl", "cat"))]
    assert names(*lists, "cat") == [["cat", "dog"], ["dog", "owl"], ["cat", "owl"], ["cat"]]
    assert kinds(*lists, "cat") == ([] if separator == ";" else [("guessed", 3)])


def test_lists_as_python_writes_them():
    assert names("['cat', 'dog']", '["dog"]', "[]", "cat") == [["cat", "dog"], ["dog"], [], ["cat"]]


def test_names_with_signs_stay_whole():
    for cells in (("sofa", "bed", "sofa bed"), ("traffic light", "stop sign"), ("C+", "C++", "C"), ("TCP/IP", "IP")):
        assert names(*cells) == [[cell] for cell in cells]
    assert kinds("sofa", "bed", "sofa bed") == [("guessed", 1)], "it might have been two"
    assert kinds("cat dog", "person dog", "cat", "dog") == [("guessed", 2)], "person is nowhere else"
    assert kinds("traffic light", "stop sign") == []
    assert names("Paris, Texas", "Rome") == [["Paris, Texas"], ["Rome"]]
    assert kinds("Paris, Texas", "Rome") == [("guessed", 1)], "one class, and that is said"


def test_labels_of_several_cells_are_joined_and_names_alike_are_named():
    found = label_lists([["cat", "dog; Cat"], ["nan", ""], ["None", "cat"]])
    assert found.of_pictures == [{"cat": 1, "dog": 1, "Cat": 1}, None, {"cat": 1}]
    assert [(f.name, f.count) for f in found.findings] == [("nan", 2), ("Cat, cat", 1), ("labels", 1)]


def test_nothing_is_said_of_pictures_without_labels_where_there_are_none_at_all():
    found = label_lists([[""], [""]])
    assert (list(found.of_pictures), found.findings) == ([None, None], [])


def test_names_in_json_are_those_of_annotation_programs():
    choices, boxes = (
        '{"choices": ["cat", "dog"]}',
        '[{"x": 1, "rectanglelabels": ["owl"]}, {"rectanglelabels": ["cat"]}]',
    )
    assert names(choices, boxes, "dog", '{"label": "cat"}') == [["cat", "dog"], ["cat", "owl"], ["dog"], ["cat"]]
    assert kinds(choices, "cat", "dog") == []
    assert names("{odd", '{"x": 1}') == [["{odd"], ['{"x": 1}']]


def test_marks_for_nothing_are_no_classes():
    assert names("-", "?", "cat", "--") == [[], [], ["cat"], []]


def test_names_with_spaces_that_share_words_with_other_cells_are_said_to_be_one_class_each():
    labels = label_lists(
        [["clear primary"], ["haze primary water"], ["cloudy"], ["clear primary"], ["agriculture clear"]]
    )
    assert {name for own in labels.of_pictures for name in own or ()} >= {"clear primary", "cloudy"}
    assert [(f.kind, f.reason) for f in labels.findings] == [
        ("guessed", "read as one class; separate several by semicolons")
    ]
    assert not label_lists([["polar bear"], ["brown bear"], ["fox squirrel"]]).findings
