"""One answer of an http host, read in a thread of its own, so that a silent host cannot hold up who waits for it."""

import http.client
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from gradviz.callbacks import Cancel, stop_if
from gradviz.errors import DownloadError

BLOCK = 1 << 18
"""Bytes asked for at once."""

_POLL = 0.1
"""Seconds between two looks at the cancel flag."""

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_STATUS = {
    401: "asks for a password",
    403: "does not allow access to this file",
    404: "does not have this file",
    410: "no longer has this file",
    416: "does not have the part of the file that was asked for",
    429: "asks for fewer requests",
    503: "is busy or being repaired",
}


class HostError(DownloadError):
    """Say what a host did wrong; `passing` where another try may help."""

    def __init__(self, message: str, *, passing: bool = False):
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True)
class Answer:
    """Hold what a host answered: status, headers and the body's blocks as they come."""

    status: int
    headers: http.client.HTTPMessage
    blocks: Iterator[bytes]


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a few redirects, never from https to http."""

    max_redirections = 5

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        """Refuse a step down to an unprotected or strange address."""
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if after.scheme not in ("http", "https") or (before.scheme == "https" and after.scheme == "http"):
            fp.close()
            raise HostError(f"{before.hostname} redirects from {before.scheme} to {after.scheme}, which is not safe.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = urllib.request.build_opener(_Redirects)


class _Reader(threading.Thread):
    """Open an address and put status, blocks, the end (b"") or an exception into a short queue.

    A thread, because looking up a name, connecting and reading each block for as long as they like, while the caller
    wants to stop within a second. When the caller leaves, the thread ends at its next block or its own time-out.
    """

    def __init__(self, request: urllib.request.Request, timeout: float):
        super().__init__(name=f"transfer from {request.host}", daemon=True)
        self.events: queue.Queue = queue.Queue(maxsize=8)
        self.left = threading.Event()
        self._request = request
        self._timeout = timeout

    def run(self) -> None:
        """Hand over everything the host sends; exceptions too, for the caller explains them."""
        try:
            with self._open() as response:
                going = self._put((response.status, response.headers))
                while going and (block := response.read1(BLOCK)):
                    going = self._put(block)
            self._put(b"")
        except Exception as error:
            self._put(error)

    def _open(self):
        try:
            return _opener.open(self._request, timeout=self._timeout)
        except urllib.error.HTTPError as answer:
            return answer

    def _put(self, event: object) -> bool:
        while not self.left.is_set():
            try:
                self.events.put(event, timeout=_POLL)
                return True
            except queue.Full:
                continue
        return False


@contextmanager
def ask(url: str, headers: Mapping[str, str], *, timeout: float, cancel: Cancel) -> Iterator[Answer]:
    """Request an address and give its answer; the blocks can be read inside the `with` only.

    `timeout`: seconds without a byte after which the host counts as stalled. Raises HostError in every case that is no
    answer (host unknown, refused, cut, stalled) and Cancelled within a fraction of a second.
    """
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise HostError(f"{url} is not an address that starts with https:// or http://.")
    reader = _Reader(urllib.request.Request(url, headers=dict(headers)), timeout)
    reader.start()
    try:
        status, received = _next(reader, address.hostname, timeout, cancel)
        yield Answer(status, received, _blocks(reader, address.hostname, timeout, cancel))
    finally:
        reader.left.set()


def status_error(url: str, status: int) -> HostError:
    """Explain a status that is not the file."""
    host = urlsplit(url).hostname
    if 300 <= status < 400:
        return HostError(f"{host} redirects in a circle (status {status} for {url}).")
    said = _STATUS.get(status, "has an error of its own" if status >= 500 else "does not give the file")
    return HostError(f"{host} {said} (status {status} for {url}).", passing=status in _PASSING)


def _blocks(reader: _Reader, host: str, timeout: float, cancel: Cancel) -> Iterator[bytes]:
    while block := _next(reader, host, timeout, cancel):
        yield block


def _next(reader: _Reader, host: str, timeout: float, cancel: Cancel):
    """Wait for the next event, looking at the cancel flag meanwhile."""
    began = time.monotonic()
    while True:
        stop_if(cancel)
        try:
            event = reader.events.get(timeout=_POLL)
        except queue.Empty:
            if time.monotonic() - began > timeout:
                raise _stalled(host, timeout) from None
            continue
        if isinstance(event, Exception):
            raise _explain(event, host, timeout) from event
        return event


def _stalled(host: str, timeout: float) -> HostError:
    return HostError(f"{host} has sent nothing for {timeout:g} s.", passing=True)


def _explain(error: Exception, host: str, timeout: float) -> Exception:
    """Turn what the library raised into one sentence."""
    cause = getattr(error, "reason", error)
    if isinstance(error, DownloadError):
        return error
    if isinstance(cause, TimeoutError):
        return _stalled(host, timeout)
    if isinstance(cause, socket.gaierror):
        return HostError(f"{host} is not found (is this computer online?).", passing=True)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return HostError(f"The certificate of {host} is not valid ({cause.verify_message}).")
    if isinstance(cause, ConnectionRefusedError):
        return HostError(f"{host} refuses the connection.", passing=True)
    if isinstance(cause, (ConnectionError, http.client.IncompleteRead)):
        return HostError(f"{host} cut the connection.", passing=True)
    if isinstance(cause, http.client.HTTPException):
        return HostError(f"{host} does not answer in http ({type(cause).__name__}).")
    if isinstance(cause, OSError):
        return HostError(f"{host} cannot be reached ({cause.strerror or cause}).", passing=True)
    return error
