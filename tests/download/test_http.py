"""One answer of a host: what it says, and one sentence for whatever goes wrong."""

import socket
import threading
import time
from copy import deepcopy

import httpx
import pytest

from gradviz.callbacks import never
from gradviz.download import http as module
from gradviz.download.http import HostError, ask, status_error
from gradviz.errors import Cancelled
from tests.server import CERTIFICATE, Host

CONTENT = bytes(range(256)) * 400


def read(url: str, timeout: float = 5, cancel=never) -> bytes:
    with ask(url, {}, timeout=timeout, cancel=cancel) as (answer, blocks):
        assert answer.status_code == 200
        return b"".join(blocks)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the certificate of a host with `tls`, as the system's are."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("manners", [{}, {"chunked": True}, {"length": False}])
def test_body_comes_whole_with_and_without_a_length(trusted, tls, manners):
    with Host({"/a": CONTENT}, tls=tls, **manners) as host:
        assert read(host.url("/a")) == CONTENT
    assert host.asked[0]["User-Agent"] == "gradviz"
    assert host.asked[0]["Accept-Encoding"] == "identity"


def test_redirect_is_followed():
    with Host({"/a": CONTENT}) as there, Host(redirect=there.url("/a")) as here:
        assert read(here.url("/b")) == CONTENT


def test_redirects_in_a_circle_end():
    with Host() as host:
        host.manners.redirect = host.url("/again")
        with pytest.raises(HostError, match="redirects in a circle") as error:
            read(host.url("/a"))
        assert not error.value.transient
        assert len(host.asked) <= 6


def test_redirect_from_https_to_something_open_is_refused(trusted):
    with Host({"/a": CONTENT}) as there, Host(tls=True) as here:
        for target in (there.url("/a"), "ftp://elsewhere.example/a"):
            here.manners.redirect = target
            with pytest.raises(HostError, match=r"127\.0\.0\.1 redirects from https to (http|ftp), which is not safe"):
                read(here.url("/a"))
        assert there.asked == []


def test_a_detour_over_https_does_not_open_the_way_to_something_open(trusted):
    with Host({"/a": CONTENT}) as there, Host(tls=True, redirect=there.url("/a")) as between:
        with Host(redirect=between.url("/b")) as here, pytest.raises(HostError, match="not safe"):
            read(here.url("/c"))
        assert there.asked == []


@pytest.mark.parametrize("target", ["ftp://elsewhere.example/a", "file:///etc/passwd", "http://[::1/a"])
def test_redirect_to_something_strange_is_refused(target):
    with Host(redirect=target) as host, pytest.raises(HostError, match=r"not safe|not an address"):
        read(host.url("/a"))


def test_redirect_from_http_to_https_is_allowed(trusted):
    with Host({"/a": CONTENT}, tls=True) as there, Host(redirect=there.url("/a")) as here:
        assert read(here.url("/b")) == CONTENT


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/a", "example.org/a", "http:///a", "data:,a", "http://[::1/a", ""],
)
def test_other_addresses_are_refused(url):
    with pytest.raises(HostError, match="is not an address"), ask(url, {}, timeout=1, cancel=never):
        pass


def test_proxy_of_the_environment_is_asked(monkeypatch):
    with Host({"http://h.example/a": CONTENT}) as proxy, Host({"/a": CONTENT[:10]}) as host:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert read("http://h.example/a") == CONTENT
        assert read(host.url("/a")) == CONTENT[:10]


def test_proxy_that_cannot_be_used_is_named(monkeypatch):
    monkeypatch.setenv("http_proxy", "gopher://p.example")
    with pytest.raises(HostError, match=r"proxy that the environment names cannot be used .*gopher"):
        read("http://h.example/a")


@pytest.mark.parametrize("manners", [{"mute": True}, {"stall": 5000}])
def test_silent_host_ends_in_a_sentence(manners):
    with Host({"/a": CONTENT}, **manners) as host, pytest.raises(HostError, match=r"sent nothing for 0\.3 s") as error:
        read(host.url("/a"), timeout=0.3)
    assert error.value.transient


@pytest.mark.parametrize("manners", [{"mute": True}, {"stall": 5000}])
def test_cancel_does_not_wait_for_a_silent_host(manners):
    stop, asked = threading.Event(), 0.0

    def ask_to_stop() -> None:
        nonlocal asked
        asked = time.monotonic()
        stop.set()

    with Host({"/a": CONTENT}, **manners) as host:
        timer = threading.Timer(0.2, ask_to_stop)
        timer.start()
        with pytest.raises(Cancelled):  # not the stalled host's sentence
            read(host.url("/a"), timeout=20, cancel=stop.is_set)
        assert time.monotonic() - asked < 2
        timer.join()


def test_reader_that_leaves_early_leaves_no_thread_behind():
    with Host({"/a": CONTENT * 200}) as host:
        with ask(host.url("/a"), {}, timeout=5, cancel=never) as (_, blocks):
            next(blocks)
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("transfer from")]
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()


def test_refused_connection_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(HostError, match=r"127\.0\.0\.1 refuses the connection") as error:
            read(f"http://127.0.0.1:{taken.getsockname()[1]}/a")
    assert error.value.transient


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "manners", [{"raw": b""}, {"raw": b"HTTP/1.1 200"}, {"cuts": [9]}, {"cuts": [9], "chunked": True}]
)
def test_cut_connection_is_named(trusted, tls, manners):
    with (
        Host({"/a": CONTENT}, tls=tls, **deepcopy(manners)) as host,
        pytest.raises(HostError, match=r"^127\.0\.0\.1 cut the connection\.$") as error,
    ):
        read(host.url("/a"))
    assert error.value.transient


@pytest.mark.parametrize("raw", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"])
def test_something_else_than_http_is_named(raw):
    with Host(raw=raw) as host, pytest.raises(HostError, match=r"^127\.0\.0\.1 does not answer in http\.$") as error:
        read(host.url("/a"))
    assert not error.value.transient


def test_unknown_host_is_named():
    with pytest.raises(HostError, match=r"^nowhere\.invalid is not found \(is this computer online\?\)\.$") as error:
        read("http://nowhere.invalid/a", timeout=30)
    assert error.value.transient


def test_a_wrong_certificate_is_named_and_final():
    with Host({"/a": CONTENT}, tls=True) as host:
        with pytest.raises(
            HostError, match=r"The certificate of 127\.0\.0\.1 is not valid \(self.signed cert"
        ) as error:
            read(host.url("/a"))
        assert not error.value.transient
        assert host.asked == []


def test_unreachable_network_is_named():
    error = httpx.ConnectError("[Errno 101] Network is unreachable")
    error.__cause__ = OSError(101, "Network is unreachable")
    found = module._explain(error, "h", 3.0)
    assert isinstance(found, HostError)
    assert str(found) == "h cannot be reached (Network is unreachable)."
    assert found.transient


def test_a_defect_is_not_dressed_up_as_a_host():
    defect = KeyError("x")
    assert module._explain(defect, "h", 3.0) is defect


@pytest.mark.parametrize(("status", "transient"), [(403, False), (404, False), (500, True), (503, True)])
def test_status_is_explained(status, transient):
    error = status_error("h.example", status, "https://h.example/a.tar")
    assert str(error).startswith("h.example ")
    assert f"status {status} for https://h.example/a.tar" in str(error)
    assert error.transient is transient
