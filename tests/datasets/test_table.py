from pathlib import Path

import pytest

from gradviz.datasets.image_set import ImageSet
from gradviz.datasets.table import FORMAT
from gradviz.errors import DatasetError
from tests.small_sets import noted, picture

read_table = FORMAT.read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        picture(tmp_path / f"set/p/{number}.jpg", number)
    picture(tmp_path / "secret.jpg")
    return tmp_path / "set"


def write(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_labels_and_splits_as_listed(folder: Path):
    path = write(folder, '\ufeffpath,labels,split\np/0.jpg,cat; dog,train\n\np/1.jpg,,val\n"p/2.jpg",dog\n')
    images = read_table(path)
    assert images.ids == ("p/0.jpg", "p/1.jpg", "p/2.jpg")
    assert images.classes == ("cat", "dog")
    assert images.labels.tolist() == [[1, 1], [0, 0], [-1, 1]], "nothing is known of the picture without a label"
    assert {split: list(positions) for split, positions in images.splits.items()} == {"train": [0], "val": [1]}
    assert (images.name, images.root, images.ap) == ("list", folder, "area")
    assert images.open(0).size == (40, 30)


def test_without_splits_labelled_pictures_are_halved(folder: Path):
    path = write(folder, "".join(f"p/{n}.jpg,{'cat' if n < 4 else 'dog'}\n" for n in range(6)))
    images = read_table(path)
    assert {split: len(positions) for split, positions in images.splits.items()} == {"train": 3, "val": 3}
    assert read_table(path) == images
    assert any(read_table(path, seed=seed) != images for seed in range(1, 5))


def test_without_labels_there_are_no_splits(folder: Path):
    images = read_table(write(folder, "p/0.jpg\np/1.jpg\n"))
    assert (images.labels, images.classes, dict(images.splits)) == (None, (), {})


def test_lines_that_cannot_be_used_are_skipped_by_number(folder: Path):
    images = read_table(write(folder, "p/0.jpg,cat\n../secret.jpg,cat\nno.jpg,x\np/1.jpg,a,b,c\n"))
    assert images.ids == ("p/0.jpg",)
    assert [(s.name, s.reason) for s in noted(images)] == [
        ("line 2: ../secret.jpg", "leads out of the folder"),
        ("line 3: no.jpg", "no such file"),
        ("line 4: p/1.jpg", "more than three columns"),
    ]


def shown(images: ImageSet) -> dict[str, tuple[str, ...]]:
    return {identifier: images.labels_of(i) for i, identifier in enumerate(images.ids)}


def said(images: ImageSet) -> list[tuple[str, int]]:
    return [(finding.kind, finding.count) for finding in noted(images)]


CATS = {"p/0.jpg": ("cat",), "p/1.jpg": ("dog",), "p/2.jpg": ("cat",), "p/3.jpg": ("dog",)}
SPLIT = {"train": [0, 1], "test": [2, 3]}


@pytest.mark.parametrize(
    ("title", "line", "rest"),
    [
        ("path,label,split", "{path},{label},{split}", []),
        ("split,Class,image_path", "{split},{label},{path}", []),
        ("Image Name;Tags;Subset", "{path};{label};{split}", []),
        ("filepath\tcategory\tphase", "{path}\t{label}\t{split}", []),
        ("img|labels|set", "{path}|{label}|{split}", []),
        (",filename,label,split", "{n},{path},{label},{split}", []),
        ("Unnamed: 0,filename,label,split", "{n},{path},{label},{split}", []),
        ("image_id,file,label,split", "{n},{path},{label},{split}", [("not read", 1)]),
        ("file,width,class,xmin,split", "{path},40,{label},3,{split}", [("not read", 2)]),
        ("path,animal,split", "{path},{label},{split}", [("guessed", 1)]),
        ("path,label,split,comment", "{path},{label},{split},", []),
        ("path,label,is_valid", "{path},{label},{held_out}", []),
        ("", "{path},{label},{split}", []),
        ("", "{label},{path},{split}", [("guessed", 1)]),
        ("path,label,split", '"{path}","{label}","{spelled}"', []),
        ("", "{path};{label};{spelled}", []),
        ("", "{spelled},{path},{label}", [("guessed", 1)]),
        ("sep=;\npath;label;split", "{path};{label};{split}", [("not read", 1)]),
        ("# mine\n# of June\npath,label,split", "{path},{label},{split}", [("not read", 1)] * 2),
    ],
)
def test_columns_are_found_by_their_titles_and_by_what_is_there(folder: Path, title: str, line: str, rest: list):
    lines = [title] if title else []
    for n, (path, (label,)) in enumerate(CATS.items()):
        split, held_out = ("train", False) if n < 2 else ("test", True)
        spelled = {"train": ("training", "Train "), "test": ("TEST", "testing")}[split][n % 2]
        lines.append(line.format(n=n, path=path, label=label, split=split, held_out=held_out, spelled=spelled))
    images = read_table(write(folder, "\n".join(lines)))
    assert shown(images) == CATS
    names = {"test": "val"} if "is_valid" in title else {}
    assert {split: list(positions) for split, positions in images.splits.items()} == {
        names.get(split, split): positions for split, positions in SPLIT.items()
    }
    assert said(images) == rest


def test_ones_and_zeros_are_classes_by_their_titles(folder: Path):
    images = read_table(write(folder, "path,Cat,dog,split\np/0.jpg,1,0,train\np/1.jpg,1.0,True,train\np/2.jpg,0,,test"))
    assert images.classes == ("Cat", "dog")
    assert images.labels is not None
    assert images.labels.tolist() == [[1, -1], [1, 1], [-1, 0]], "an empty cell is unknown"
    assert {f.reason: (f.kind, f.count) for f in noted(images)} == {
        "no label is -1, so 0 is read as absent, not as unknown": ("guessed", 2),
        "empty cells: unknown": ("guessed", 1),
        "a class in train, but not in test": ("guessed", 2),
    }
    with pytest.raises(DatasetError, match=r"list\.csv has two columns with the title 'cat': rename one\.$"):
        read_table(write(folder, "path,cat,cat\np/0.jpg,1,0\n"))
    images = read_table(write(folder, "path,Cat,dog\np/0.jpg,1,0\np/1.jpg,-1,1\np/2.jpg,-1,1"))
    assert images.labels is not None
    assert images.labels.tolist() == [[1, 0], [-1, 1], [-1, 1]], "with a -1, 0 is unknown"
    assert [(f.name, f.kind, f.count) for f in noted(images)] == [("dog", "guessed", 1)]
    assert "write -1 for absent" in noted(images)[0].reason
    lines = [f"p/{n % 6}.jpg,{n % 2}" for n in range(20)]
    images = read_table(write(folder, "\n".join(["path,cat", *lines, "p/0.jpg,l"])))
    assert ("not read", 1) in said(images)
    assert "'l' for cat in line 22" in " ".join(f.reason for f in noted(images))


@pytest.mark.parametrize("text", ["p/0.jpg,1,0\np/1.jpg,0,1\n", "p/0.jpg,1,0,0\np/1.jpg,0,1,1\n"])
def test_ones_and_zeros_without_titles_are_refused(folder: Path, text: str):
    with pytest.raises(
        DatasetError, match=r"list\.csv has columns of 0 and 1 without titles: write a first line such as"
    ):
        read_table(write(folder, text))


def test_a_column_of_splits_alone_is_no_column_of_labels(folder: Path):
    images = read_table(write(folder, "p/0.jpg,train\np/1.jpg,Train\np/2.jpg,test\n"))
    assert (images.labels, {split: len(positions) for split, positions in images.splits.items()}) == (
        None,
        {"train": 2, "test": 1},
    )


def test_a_third_column_that_is_no_split_is_named(folder: Path):
    images = read_table(write(folder, "p/0.jpg,cat,0.9\np/1.jpg,dog,train\np/2.jpg,dog,0.8\n"))
    assert sorted(images.splits) == ["train", "val"], "halves"
    assert [(f.name, f.kind) for f in noted(images)] == [("column 3", "not read")]


@pytest.mark.parametrize("again", ["./p/0.jpg", "p/../p/0.jpg", "p/0.jpg", "p\\0.jpg", "{root}/p/0.jpg", "p/link.jpg"])
def test_labels_of_a_picture_on_several_lines_are_joined(folder: Path, again: str):
    (folder / "p/link.jpg").symlink_to(folder / "p/0.jpg")
    text = f"p/0.jpg,cat\np/1.jpg,dog\n{again.format(root=folder)},dog\np/0.jpg,\n"
    images = read_table(write(folder, text))
    assert shown(images) == {"p/0.jpg": ("cat", "dog"), "p/1.jpg": ("dog",)}
    (finding,) = [finding for finding in noted(images) if finding.kind == "joined"]
    assert (finding.count, finding.reason) == (2, "pictures are listed again, as in line 3")


def test_ones_and_zeros_of_a_picture_on_several_lines_are_joined(folder: Path):
    images = read_table(write(folder, "path,cat,dog\np/0.jpg,1,0\np/0.jpg,0,1\np/1.jpg,0,1\n"))
    assert shown(images) == {"p/0.jpg": ("cat", "dog"), "p/1.jpg": ("dog",)}
    assert ("joined", 1) in said(images)


def test_a_picture_in_two_splits_is_refused_by_its_line(folder: Path):
    images = read_table(write(folder, "p/0.jpg,cat,train\n./p/0.jpg,dog,\np/0.jpg,owl,training\n"))
    assert {split: list(positions) for split, positions in images.splits.items()} == {"train": [0]}
    with pytest.raises(DatasetError, match=r"list\.csv, line 3: p/0\.jpg is in test, but above it is in train"):
        read_table(write(folder, "p/0.jpg,cat,train\np/1.jpg,cat,test\n./p/0.jpg,cat,test\n"))


@pytest.mark.parametrize("nothing", ["", "NaN", "None", "n/a", ";"])
def test_a_picture_without_a_label_is_of_unknown_class(folder: Path, nothing: str):
    images = read_table(write(folder, f"path,label\np/0.jpg,cat\np/1.jpg,dog\np/2.jpg,{nothing}\np/3.jpg,{nothing}\n"))
    assert images.classes == ("cat", "dog")
    assert images.labels is not None
    assert images.labels.tolist() == [[1, -1], [-1, 1], [0, 0], [0, 0]]
    assert ("guessed", 2) in said(images)


def test_what_had_to_be_guessed_about_paths_is_said(folder: Path):
    images = read_table(write(folder, "p/0,cat\np/1,dog\np\\2.jpg,cat\n"))
    assert images.ids == ("p/0", "p/1", "p/2.jpg")
    assert {f.reason: f.count for f in noted(images)} == {
        "the picture's suffix is added": 2,
        "a backslash is read as a slash": 1,
    }
    picture(folder / "p/0.png")
    images = read_table(write(folder, "p/0,cat\np/1,dog\n"))
    assert next((f.name, f.reason) for f in noted(images)) == ("line 1: p/0", "no such file"), "two ways to read it"


def test_utf_16_is_read_and_another_encoding_refused(folder: Path):
    path = folder / "list.csv"
    path.write_text("path;label\np/0.jpg;Käse\np/1.jpg;b\n", encoding="utf-16")
    assert shown(read_table(path)) == {"p/0.jpg": ("Käse",), "p/1.jpg": ("b",)}
    path.write_text("p/0.jpg,Käse\n", encoding="latin-1")
    with pytest.raises(DatasetError, match="save it in UTF-8"):
        read_table(path)


def test_a_missing_quotation_mark_swallows_nothing_in_silence(folder: Path):
    with pytest.raises(DatasetError, match="line 4: unexpected end of data"):
        read_table(write(folder, 'p/0.jpg,cat\n"p/1.jpg,cat\np/2.jpg,cat\np/3.jpg,cat\n'))
    images = read_table(write(folder, 'p/0.jpg,cat\np/1.jpg,"cat\np/2.jpg,cat\np/3.jpg,"\n'))
    assert [(f.reason, f.count) for f in noted(images)] == [("a cell that goes on in the next line", 3)]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * 200_000, b"", b"path,label\n", b"nothing.jpg,cat\n"])
def test_what_lists_no_picture_is_refused_in_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"list\.csv") as caught:
        read_table(tmp_path / "list.csv")
    assert "\n" not in str(caught.value)


LS = "annotation_id,annotator,choice,created_at,id,image,lead_time"


@pytest.mark.parametrize(
    ("title", "line", "guessed"),
    [
        ("filename,annotator,species", "{path},1,{label}", False),
        ("filename,annotator,animal", "{path},1,{label}", True),
        ("filename,is_crowd,breed", "{path},0,{label}", False),
        ("filename,occluded,animal", "{path},{bit},{label}", True),
        ("filename,when,width,animal", "{path},2024-01-02 10:00:00,640,{label}", True),
        (LS, "{n},1,{label},2024,{n},{path},1.0", False),
    ],
)
def test_a_flag_is_no_class_beside_a_column_of_names(folder: Path, title: str, line: str, guessed: bool):
    lines = [line.format(n=n, bit=n % 2, path=path, label=CATS[path][0]) for n, path in enumerate(CATS)]
    images = read_table(write(folder, "\n".join([title, *lines])))
    assert shown(images) == CATS
    assert ("guessed" in {kind for kind, _ in said(images)}) == guessed


def test_a_text_beside_classes_that_exclude_each_other_is_not_read(folder: Path):
    lines = [f"p/{n}.jpg,{'ab'[n % 2]},1,{n // 2 == 0:d},{n // 2 == 1:d}" for n in range(4)]
    images = read_table(write(folder, "\n".join(["path,camera,checked,cat,dog", *lines])))
    assert images.classes == ("cat", "dog")
    assert {f.name for f in noted(images) if f.kind == "not read"} == {"camera", "checked"}


def test_a_column_of_the_same_number_throughout_is_no_class(folder: Path):
    images = read_table(write(folder, "path,annotator,is_crowd\np/0.jpg,1,0\np/1.jpg,1,0\n"))
    assert images.classes == ()
    assert [(f.name, f.kind, f.count) for f in noted(images)] == [("annotator, is_crowd", "not read", 2)]


def test_of_several_texts_none_is_guessed(folder: Path):
    lines = [f"p/{n}.jpg,{'ab'[n % 2]},{'cd'[n // 2]}" for n in range(4)]
    images = read_table(write(folder, "\n".join(["path,camera,animal", *lines])))
    assert images.classes == ()
    (finding,) = noted(images)
    assert (finding.name, finding.count) == ("camera, animal", 2)
    assert "title label" in finding.reason


def test_a_path_as_written_is_preferred_to_one_with_a_suffix_added(folder: Path):
    for number in range(3):
        picture(folder / f"{number}.jpg", 9 + number)
    images = read_table(write(folder, "id,image,label\n0,1.jpg,cat\n1,2.jpg,dog\n2,0.jpg,cat\n"))
    assert images.ids == ("1.jpg", "2.jpg", "0.jpg")
    images = read_table(write(folder, "path,image,label\n0.jpg,1.jpg,cat\n1.jpg,2.jpg,dog\n"))
    assert images.ids == ("1.jpg", "2.jpg")


def test_an_empty_column_with_a_title_is_named(folder: Path):
    images = read_table(write(folder, "filename,cat,dog\np/0.jpg,1,\np/1.jpg,0,\n"))
    assert images.classes == ("cat",)
    assert ("dog", "a column that is empty", "not read") in [(f.name, f.reason, f.kind) for f in noted(images)]


@pytest.mark.parametrize(
    "far", ["/data/upload/1/{}", "/data/upload/1/0a1b2c3d-{}", "C:\\me\\{}", "/data/local-files/?d=a/{}", "other/{}"]
)
def test_paths_of_another_computer_are_found_by_the_names_of_files(folder: Path, far: str):
    lines = [f"{far.format(Path(path).name)},{label}" for path, (label,) in CATS.items()]
    images = read_table(write(folder, "\n".join(["image,choice", *lines])))
    assert [images.labels_of(i) for i in range(4)] == list(CATS.values())
    assert [path.name for path in images.paths] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [f.count for f in noted(images) if "by the names of the files" in f.reason] == [4]


def test_a_name_alone_is_not_believed_where_it_could_be_another_picture(folder: Path):
    images = read_table(write(folder, "path,label\np/0.jpg,cat\ntrain/1.jpg,dog\np/2.jpg,dog\n"))
    assert images.ids == ("p/0.jpg", "p/2.jpg"), "some paths are right, so the others are wrong"
    picture(folder / "q/1.jpg")
    images = read_table(
        write(folder, "path,label\n/a/0.jpg,cat\n/a/1.jpg,dog\n/a/2.jpg,cat\n/b/2.jpg,dog\n/a/3.jpg,x\n")
    )
    assert images.ids == ("/a/0.jpg", "/a/3.jpg")


@pytest.mark.parametrize("folders", [("train", "test"), ("cars_train", "cars_test")])
def test_pictures_in_folders_of_splits_are_in_these(folders: tuple[str, str], tmp_path: Path):
    for number in range(6):
        picture(tmp_path / f"set/{folders[number % 2]}/{number}.jpg", number)
    lines = [f"{folders[number % 2]}/{number}.jpg,{'cat' if number < 3 else 'dog'}\n" for number in range(6)]
    images = read_table(write(tmp_path / "set", "".join(lines)))
    assert {split: list(positions) for split, positions in images.splits.items()} == {
        "train": [0, 2, 4],
        "test": [1, 3, 5],
    }
    assert [(f.name, f.kind, f.count) for f in images.findings] == [("splits", "guessed", 6)]
    alone = read_table(write(tmp_path / "set", "".join(lines[::2])))
    assert alone.drawn is not None, "one split alone keeps nothing apart"


def test_the_cause_is_said_where_a_missing_mark_leaves_no_picture(folder: Path):
    with pytest.raises(DatasetError, match="cannot be read as a CSV: line 2: unexpected end of data"):
        read_table(write(folder, 'path,label\np/0.jpg,"cat\n'))


@pytest.mark.parametrize("titles", ["label1,label2", "label,label_2", "Tag 1,Tag 2", "class.0,class.1"])
def test_numbered_columns_of_labels_are_read_together(folder: Path, titles: str):
    images = read_table(write(folder, f"path,{titles}\np/0.jpg,cat,dog\np/1.jpg,dog,\np/2.jpg,cat,\n"))
    assert shown(images) == {"p/0.jpg": ("cat", "dog"), "p/1.jpg": ("dog",), "p/2.jpg": ("cat",)}
    assert not noted(images)


@pytest.mark.parametrize("title", ["path,label\n", ""])
def test_labels_beyond_the_last_column_are_read_where_others_confirm_them(folder: Path, title: str):
    images = read_table(write(folder, f"{title}p/0.jpg,cat,dog\np/1.jpg,dog\np/2.jpg,cat\n"))
    assert shown(images) == {"p/0.jpg": ("cat", "dog"), "p/1.jpg": ("dog",), "p/2.jpg": ("cat",)}
    assert [(f.name, f.kind) for f in noted(images)] == [("column 3", "guessed")]
    odd = "p/0.jpg,cat,dog\np/1.jpg,dog,dark\np/2.jpg,cat,wet\np/3.jpg,cat,far\n"
    images = read_table(write(folder, title + odd))
    assert images.labels_of(0) == ()
    assert images.labels is not None
    assert images.labels.tolist()[1:] == [[-1, 1], [1, -1], [1, -1]]
    assert [(f.name, f.kind) for f in noted(images)] == [("column 3", "not read")]


def test_a_line_that_says_a_label_is_not_there_is_no_label(folder: Path):
    lines = "p/0.jpg,human,cat,1\np/0.jpg,human,dog,0\np/1.jpg,human,dog,1\np/2.jpg,human,cat,0\n"
    images = read_table(write(folder, "ImageID,Source,LabelName,Confidence\n" + lines))
    assert images.labels is not None
    assert images.labels.tolist() == [[1, -1], [0, 1], [-1, 0]], "what no line says is unknown"
    assert ("Confidence", "guessed") in [(f.name, f.kind) for f in noted(images)]
    images = read_table(write(folder, "path,label,confidence\np/0.jpg,cat,0.9\np/1.jpg,dog,0\n"))
    assert shown(images) == {"p/0.jpg": ("cat",), "p/1.jpg": ("dog",)}, "not of ones and zeros"


@pytest.mark.parametrize("title", ["path,label,split", ""])
@pytest.mark.parametrize(
    "both",
    ["train;val", "train|val", '"train, val"', "Training/valid", "train+val", "\"['train', 'val']\"", "train val"],
)
def test_several_splits_in_a_cell_are_each_of_them(folder: Path, both: str, title: str):
    lines = [title] * bool(title) + [
        "p/0.jpg,cat,train",
        f"p/1.jpg,dog,{both}",
        f"p/2.jpg,cat,{both}",
        "p/3.jpg,dog,test",
    ]
    images = read_table(write(folder, "\n".join(lines)))
    splits = {split: list(positions) for split, positions in images.splits.items()}
    assert splits == {"train": [0, 1, 2], "val": [1, 2], "test": [3]}
    assert [(f.name, f.kind, f.count) for f in noted(images)] == [
        (both.strip('"'), "guessed", 2),
        ("cat", "guessed", 1),
    ], "test shows no cat"
    assert "in each of them" in noted(images)[0].reason


def test_several_splits_of_ones_own_in_a_cell_are_read_where_each_stands_alone(folder: Path):
    path = write(folder, "path,label,split\np/0.jpg,cat,one\np/1.jpg,dog,two\np/2.jpg,cat,one;two\np/3.jpg,dog,one;six")
    images = read_table(path)
    splits = {split: list(positions) for split, positions in images.splits.items()}
    assert splits == {"one": [0, 2], "two": [1, 2], "one;six": [3]}
    assert [(f.name, f.reason[:17]) for f in noted(images)] == [
        ("one;two", "several splits in"),
        ("one;six", "read as the name "),
        ("cat", "a class in one an"),
        ("dog", "a class in two an"),
    ]


def test_a_picture_on_several_lines_is_in_the_same_splits_on_each(folder: Path):
    again = "path,label,split\np/0.jpg,cat,train;val\np/0.jpg,dog,val|train\n"
    assert {split: list(p) for split, p in read_table(write(folder, again)).splits.items()} == {
        "train": [0],
        "val": [0],
    }
    with pytest.raises(DatasetError, match=r"line 3: p/0\.jpg is in test, but above it is in train and val: write all"):
        read_table(write(folder, again.replace("val|train", "test")))


def test_a_cell_of_several_lines_moves_no_number_and_no_count(folder: Path):
    path = write(
        folder,
        'path,label,remark\np/0.jpg,cat,"seen\nat\nnoon"\ngone.jpg,dog,"two\nlines"\np/1.jpg,dog,\nlost.jpg,cat,\n',
    )
    findings = [(f.name, f.reason, f.count) for f in noted(read_table(path)) if f.kind == "left out"]
    assert findings == [("line 5: gone.jpg", "no such file", 1), ("line 8: lost.jpg", "no such file", 1)]
    path = write(folder, 'path,label\np/0.jpg,cat\np/1.jpg,"dog\np/2.jpg,cat\np/3.jpg,cat\n')
    with pytest.raises(DatasetError, match=r"line 5: unexpected end of data, in an entry that begins in line 3\."):
        read_table(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("end", ["\n\x1a", "\x1a", "\r\n\x1a\x1a\x1a", "\n\x1a\n"])
def test_the_mark_with_which_dos_ends_a_file_is_no_line(folder: Path, end: str, encoding: str):
    path = folder / "list.csv"
    path.write_bytes(f"path,label\np/0.jpg,cat\np/1.jpg,dog{end}".encode(encoding))
    images = read_table(path)
    assert (shown(images), images.classes) == ({"p/0.jpg": ("cat",), "p/1.jpg": ("dog",)}, ("cat", "dog"))
    assert noted(images) == ()


@pytest.mark.parametrize(
    ("title", "line", "read"),
    [
        ("bild,klasse", "{path},{label}", ["klasse: the column is read as the labels"]),
        ("klasse;bild", "{label};{path}", ["bild: the paths are read from it", "klasse: the column is read as the la"]),
        ("bild,klasse,satz", "{path},{label},{split}", ["satz: the column is read as the splits", "klasse: the colu"]),
        (
            ",bild,klasse",
            "row {n},{path},{label}",
            ["bild: the paths are read from it", "klasse: the column is read as"],
        ),
        ("foto,cat,dog", "{path},{cat},{dog}", ["labels: no label is -1, so 0 is read as absent, not as unknown"]),
    ],
)
def test_titles_in_unknown_words_are_titles_and_no_missing_picture(folder: Path, title: str, line: str, read: list):
    lines = [
        line.format(n=n, path=path, label=label, split="train" if n < 2 else "test", cat=int(label == "cat"), dog=n % 2)
        for n, (path, (label,)) in enumerate(CATS.items())
    ]
    images = read_table(write(folder, "\n".join([title, *lines])))
    assert (shown(images), images.classes) == (CATS, ("cat", "dog"))
    assert ({*images.splits} == {"train", "test"}) == ("satz" in title)
    first, *others = noted(images)
    called = title.replace(",", ", ").replace(";", ", ")
    assert (first.name, first.kind) == (f"line 1: {called}", "guessed")
    assert "read as titles" in first.reason
    assert all(f"{f.name}: {f.reason}".startswith(said) for f, said in zip(others, read, strict=True))


@pytest.mark.parametrize(
    "first", ["gone,cat", "gone_1,bird", "x/gone,bird", "gone,1", "gone,bird,train", "gone,", ",bird"]
)
def test_an_entry_without_its_picture_is_not_taken_for_titles(folder: Path, first: str):
    images = read_table(write(folder, "\n".join([first, *(f"{path},{label}" for path, (label,) in CATS.items())])))
    assert [f"{f.name} {f.reason}" for f in noted(images)] == [f"line 1: {first.split(',')[0]} no such file"]
    assert shown(images) == CATS


def test_a_label_is_no_path_where_the_pictures_of_a_list_are_missing(folder: Path):
    for name in ("0.jpg", "1.jpg"):
        picture(folder / name)
    with pytest.raises(DatasetError, match=r"lists no usable picture \(skipped 2, such as line 2: gone\.jpg: no such"):
        read_table(write(folder, "filename,label\ngone.jpg,1\nlost.jpg,0\n"))
