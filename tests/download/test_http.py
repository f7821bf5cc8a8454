"""One answer of a host: what it says, and one sentence for whatever goes wrong."""

import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request

import pytest

from gradviz.callbacks import never
from gradviz.download import http as module
from gradviz.download.http import HostError, ask, status_error
from gradviz.errors import Cancelled
from tests.server import Host

CONTENT = bytes(range(256)) * 400


def read(url: str, timeout: float = 5, cancel=never) -> bytes:
    with ask(url, {}, timeout=timeout, cancel=cancel) as answer:
        assert answer.status == 200
        return b"".join(answer.blocks)


@pytest.mark.parametrize("manners", [{}, {"chunked": True}, {"length": False}])
def test_body_comes_whole_with_and_without_a_length(manners):
    with Host({"/a": CONTENT}, **manners) as host:
        assert read(host.url("/a")) == CONTENT


def test_redirect_is_followed():
    with Host({"/a": CONTENT}) as there, Host(redirect=there.url("/a")) as here:
        assert read(here.url("/b")) == CONTENT


def test_redirects_in_a_circle_end():
    with Host() as host:
        host.manners.redirect = host.url("/again")
        with ask(host.url("/a"), {}, timeout=5, cancel=never) as answer:
            assert "redirects in a circle" in str(status_error(host.url("/a"), answer.status))
        assert len(host.asked) <= 6


@pytest.mark.parametrize("target", ["http://elsewhere.example/a", "ftp://elsewhere.example/a"])
def test_redirect_from_https_to_something_open_is_refused(target):
    class Body:
        closed = False

        def close(self):
            self.closed = True

    body = Body()
    request = urllib.request.Request("https://example.org/a")
    with pytest.raises(HostError, match="not safe"):
        http._Redirects().redirect_request(request, body, 302, "", http.client.HTTPMessage(), target)
    assert body.closed


def test_redirect_from_http_to_https_is_allowed():
    request = urllib.request.Request("http://example.org/a")
    new = http._Redirects().redirect_request(request, None, 302, "", http.client.HTTPMessage(), "https://example.org/a")
    assert new.full_url == "https://example.org/a"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "example.org/a", "http:///a", "data:,a"])
def test_other_addresses_are_refused(url):
    with pytest.raises(HostError, match="is not an address"), ask(url, {}, timeout=1, cancel=never):
        pass


@pytest.mark.parametrize("manners", [{"mute": True}, {"stall": 5000}])
def test_silent_host_ends_in_a_sentence(manners):
    with Host({"/a": CONTENT}, **manners) as host, pytest.raises(HostError, match=r"sent nothing for 0\.3 s") as error:
        read(host.url("/a"), timeout=0.3)
    assert error.value.passing


@pytest.mark.parametrize("manners", [{"mute": True}, {"stall": 5000}])
def test_cancel_does_not_wait_for_a_silent_host(manners):
    stop = threading.Event()
    with Host({"/a": CONTENT}, **manners) as host:
        timer = threading.Timer(0.2, stop.set)
        timer.start()
        with pytest.raises(Cancelled):  # not the stalled host's sentence
            read(host.url("/a"), timeout=20, cancel=stop.is_set)
        timer.join()


def test_refused_connection_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(HostError, match=r"127\.0\.0\.1 refuses the connection"):
            read(f"http://127.0.0.1:{taken.getsockname()[1]}/a")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (urllib.error.URLError(socket.gaierror(-2, "x")), "h is not found (is this computer online?)."),
        (urllib.error.URLError(TimeoutError()), "h has sent nothing for 3 s."),
        (ConnectionResetError(), "h cut the connection."),
        (http.client.RemoteDisconnected(), "h cut the connection."),
        (http.client.IncompleteRead(b""), "h cut the connection."),
        (http.client.BadStatusLine("SSH-2.0"), "h does not answer in http (BadStatusLine)."),
        (
            urllib.error.URLError(OSError(101, "Network is unreachable")),
            "h cannot be reached (Network is unreachable).",
        ),
    ],
)
def test_each_failure_has_its_sentence(error, sentence):
    assert str(module._explain(error, "h", 3.0)) == sentence


def test_a_wrong_certificate_is_named_and_final():
    bad = ssl.SSLCertVerificationError(1, "x")
    bad.verify_message = "certificate has expired"
    found = module._explain(urllib.error.URLError(bad), "h", 3.0)
    assert str(found) == "The certificate of h is not valid (certificate has expired)."
    assert not found.passing


def test_a_defect_is_not_dressed_up_as_a_host():
    defect = KeyError("x")
    assert module._explain(defect, "h", 3.0) is defect


@pytest.mark.parametrize(("status", "passing"), [(403, False), (404, False), (500, True), (503, True)])
def test_status_is_explained(status, passing):
    error = status_error("https://h.example/a.tar", status)
    assert f"status {status} for https://h.example/a.tar" in str(error)
    assert error.passing is passing
