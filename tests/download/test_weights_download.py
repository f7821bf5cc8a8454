"""Published weights: fetched once, checked by the name's digest, found where torch.hub keeps them."""

import hashlib
from dataclasses import replace

import pytest

from gradviz.download import fetch as fetching
from gradviz.download.weights import download_weights
from gradviz.errors import ChoiceError, DownloadError
from gradviz.networks import NETWORKS
from gradviz.networks.weights import check, locate
from tests.server import Host

CONTENT = hashlib.shake_256(b"weights").digest(50_000)
SHA = hashlib.sha256(CONTENT).hexdigest()
FILE = f"alexnet-owt-{SHA[:8]}.pth"


@pytest.fixture
def host(home, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "STALL", 0.3)
    monkeypatch.setattr(fetching, "PAUSE", 0.01)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    with Host({f"/models/{FILE}": CONTENT}, kind="application/octet-stream") as made:
        table = replace(NETWORKS["alexnet"], url=made.url(f"/models/{FILE}"), bytes=len(CONTENT))
        monkeypatch.setitem(NETWORKS, "alexnet", table)
        yield made


def test_every_published_network_has_torchvisions_address():
    torchvision = pytest.importorskip("torchvision")
    for network in NETWORKS.values():
        if network.url:
            urls = {str(weights.url) for weights in torchvision.models.get_model_weights(network.name)}
            assert network.url in urls
            assert len(network.sha256) >= 8


def test_weights_come_into_the_home_with_their_sha256(host, home):
    path = download_weights("alexnet")
    assert path == home / "weights" / FILE == locate(NETWORKS["alexnet"])
    assert path.read_bytes() == CONTENT
    assert (home / "weights" / f"{FILE}.sha256").read_text().split() == [SHA, FILE]
    assert check(path, NETWORKS["alexnet"]) == SHA
    assert download_weights("alexnet") == path
    assert len(host.asked) == 1


def test_torch_hubs_file_is_used(host, home, tmp_path):
    cached = tmp_path / "torch/hub/checkpoints" / FILE
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert download_weights("alexnet") == cached
    assert host.asked == []


@pytest.mark.parametrize("place", ["home", "hub"])
def test_damaged_file_is_told_and_replaced(host, home, tmp_path, place):
    damaged = (home / "weights" if place == "home" else tmp_path / "torch/hub/checkpoints") / FILE
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(CONTENT[:-1] + b"x")
    said = []
    path = download_weights("alexnet", say=said.append)
    assert path == home / "weights" / FILE
    assert path.read_bytes() == CONTENT
    assert any("cut or altered" in sentence for sentence in said)


def test_mirrors_by_address_and_by_path(host, home, tmp_path):
    (tmp_path / FILE).write_bytes(CONTENT)
    path = download_weights("alexnet", url=str(tmp_path))
    assert check(path, NETWORKS["alexnet"]) == SHA
    path.unlink()
    with Host({f"/{FILE}": CONTENT}) as mirror:
        download_weights("alexnet", url=mirror.address)
        assert len(mirror.asked) == 1
    assert host.asked == []


@pytest.mark.parametrize(
    ("manners", "sentence"),
    [
        ({"status": 404}, "does not have this file"),
        ({"kind": "text/html"}, "sends a web page"),
        ({"mute": True}, "has sent nothing"),
        ({"cuts": [100] * 9}, "cut the connection"),
    ],
)
def test_bad_hosts_are_explained_with_what_to_do(host, home, manners, sentence):
    for name, value in manners.items():
        setattr(host.manners, name, value)
    with pytest.raises(DownloadError, match=sentence) as error:
        download_weights("alexnet")
    assert f"put {FILE} from {host.url(f'/models/{FILE}')} into {home / 'weights'}" in str(error.value)
    assert locate(NETWORKS["alexnet"]) is None


def test_other_weights_are_refused(host, home):
    host.files[f"/models/{FILE}"] = CONTENT[:-1] + b"x"
    with pytest.raises(DownloadError, match="is not the published file"):
        download_weights("alexnet")
    assert locate(NETWORKS["alexnet"]) is None


def test_wrong_wishes(host, home):
    with pytest.raises(ChoiceError, match="There is no network"):
        download_weights("alexnet65")


def test_shipped_network_is_not_downloaded(host, home, monkeypatch):
    monkeypatch.setattr("gradviz.download.weights.locate", lambda *_: None)
    with pytest.raises(ChoiceError, match="come with the program"):
        download_weights("alexnet64")


@pytest.mark.parametrize("stated", [True, False])
def test_a_host_that_sends_more_than_the_table_says_is_refused(host, home, monkeypatch, stated: bool) -> None:
    small = replace(NETWORKS["alexnet"], bytes=100_000)
    monkeypatch.setitem(NETWORKS, "alexnet", small)
    host.files = {path: bytes(3_000_000) for path in host.files}
    host.manners.length = stated
    with pytest.raises(DownloadError, match=r"the published file has at most 1\.1 MB|sends more than"):
        download_weights("alexnet", home=home)
    assert len(host.asked) == 1
