"""Visitors of the dashboard without a browser: clients that speak Streamlit's websocket protocol, fifty at a time."""

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE = 120.0
"""Seconds after which a visitor gives up."""


class Visitor:
    """One open tab: it keeps the elements that the page shows, polls as a browser does, and acts on widgets.

    `waited` are the seconds that each run of the page took, from asking for it to its end.
    """

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        self.host = urlsplit(address).netloc
        self.page, self.query = page, query
        self.elements: dict[tuple[int, ...], tuple[Any, str, int]] = {}
        self.values: dict[str, WidgetState] = {}
        self.waited: list[float] = []
        self.session = ""
        self.received = self.largest = self.messages = 0  # bytes, bytes, count
        self.markers: set[bytes] = set()  # of files named marker-NUMBER-, wherever they are spoken of
        self.errors: list[str] = []
        self._polls: dict[str, tuple[float, float]] = {}  # fragment -> interval, next time
        self._run = 0
        self.pages: dict[str, str] = {}  # name in the address -> what the server calls the page
        self._fragments: list[str] = []
        self._asked: float | None = None
        self._urls: list[Any] = []
        self._http = httpx.Client(base_url=f"http://{self.host}")
        token = self._http.get("/_stcore/host-config").cookies.get("_streamlit_xsrf", "")
        self._token = token or self._http.get("/_stcore/health").cookies.get("_streamlit_xsrf", "")
        self._open("")

    def _open(self, session: str) -> None:
        protocols = ["streamlit", self._token or "none", *([session] if session else [])]
        cookie = {"Cookie": f"_streamlit_xsrf={self._token}"} if self._token else {}
        self._tab = ExitStack()
        opened = connect(
            f"ws://{self.host}/_stcore/stream",
            subprotocols=protocols,  # type: ignore[arg-type]
            additional_headers=cookie,
            origin=f"http://{self.host}",  # type: ignore[arg-type]
            max_size=None,
            open_timeout=PATIENCE,
        )
        self.socket = self._tab.enter_context(opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the tab."""
        self._tab.close()
        self._http.close()

    def reconnect(self) -> None:
        """Come back to the same session, as a browser does after its connection was cut."""
        self._tab.close()
        self._open(self.session)

    def run(self, fragment: str = "", **state: Any) -> Self:
        """Ask for a run of the page, or of a fragment of it."""
        message = BackMsg()
        script = message.rerun_script
        script.query_string = self.query
        # As a browser does: with the name alone, a page that runs itself again would begin at the first one.
        script.page_name, script.page_script_hash = self.page, self.pages.get(self.page, "")
        if fragment:
            script.fragment_id, script.is_auto_rerun = fragment, True
        else:
            self._asked = time.monotonic()
        script.widget_states.widgets.extend(self.values.values())
        self.socket.send(message.SerializeToString())
        return self

    def load(self) -> Self:
        """Open the page and wait for the end of its first run."""
        self.run()
        return self.until(lambda: bool(self.waited))

    def act(self, kind: str, label: str, value: Any) -> Self:
        """Set a widget and wait for the end of the run that follows; a button's value is True."""
        runs = len(self.waited)
        element = self.find(kind, label)
        state = WidgetState(id=element.id)
        field = {
            "button": "trigger_value",
            "checkbox": "bool_value",
            "number_input": "double_value",
            "selectbox": "string_value",
            "slider": "double_array_value",
        }[kind]
        if field == "double_array_value":
            state.double_array_value.data.extend(value)
        else:
            setattr(state, field, value)
        self.values[element.id] = state
        self.run()
        if kind == "button":
            del self.values[element.id]
        return self.until(lambda: len(self.waited) > runs)

    def drop(self, *files: tuple[str, bytes]) -> Self:
        """Drop files into the page's uploader, as the browser does: addresses, one request each, then the widget."""
        element = self.find("file_uploader", "")
        state = WidgetState(id=element.id)
        for (name, content), urls in zip(files, self.urls(*(name for name, _ in files)), strict=True):
            status = self.put(urls, name, content)
            if status >= 400:
                self.errors.append(f"{name}: {status}")
                continue
            state.file_uploader_state_value.uploaded_file_info.add(
                file_id=urls.file_id, name=name, size=len(content), file_urls=urls
            )
        self.values[element.id] = state
        runs = len(self.waited)
        self.run()
        return self.until(lambda: len(self.waited) > runs)

    def urls(self, *names: str) -> list[Any]:
        """Ask where files of these names are to be sent."""
        message = BackMsg()
        message.file_urls_request.request_id = "drop"
        message.file_urls_request.file_names.extend(names)
        message.file_urls_request.session_id = self.session
        self._urls = []
        self.socket.send(message.SerializeToString())
        self.until(lambda: bool(self._urls))
        return self._urls

    def put(self, urls: Any, name: str, content: bytes) -> int:
        """Send a file and return the status of the answer."""
        headers = {"X-Xsrftoken": self._token}
        files = {"file": (name, content)}
        return self._http.put(urls.upload_url, files=files, headers=headers, timeout=PATIENCE).status_code

    def until(self, there: Callable[[], bool], patience: float = PATIENCE) -> Self:
        """Take in what comes, polling meanwhile, until something is there."""
        end = time.monotonic() + patience
        while not there():
            now = time.monotonic()
            if now > end:
                raise TimeoutError(f"It does not come. The page shows: {self.text()[-2000:]}")
            for fragment, (interval, at) in [*self._polls.items()]:
                if now >= at:
                    self._polls[fragment] = interval, now + interval
                    self.run(fragment)
            try:
                content = self.socket.recv(timeout=0.1)
            except TimeoutError:
                continue
            self.messages += 1
            self.markers.update(re.findall(rb"marker-(\d+)-", content))
            self.received, self.largest = self.received + len(content), max(self.largest, len(content))
            self._take(ForwardMsg.FromString(content))
        return self

    def settled(self, patience: float = PATIENCE) -> Self:
        """Wait until the page shows no progress any more."""
        return self.until(lambda: self._asked is None and not self.all("progress"), patience)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._run += 1
            self.session = message.new_session.initialize.session_id
            self._fragments = list(message.metadata.run.fragment_ids)
            if not self._fragments:
                self._polls = {}
        elif kind == "delta" and message.delta.HasField("new_element"):
            path = tuple(message.metadata.delta_path)
            self.elements[path] = message.delta.new_element, message.delta.fragment_id, self._run
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "auto_rerun":
            fragment = message.auto_rerun.fragment_id
            self._polls[fragment] = message.auto_rerun.interval, time.monotonic() + message.auto_rerun.interval
        elif kind == "file_urls_response":
            self._urls = list(message.file_urls_response.file_urls)
        elif kind == "script_finished":
            fragments = self._fragments
            self.elements = {
                path: (element, fragment, run)
                for path, (element, fragment, run) in self.elements.items()
                if run == self._run or (fragments and fragment not in fragments)
            }
            if self._again(message):  # a run of the whole page follows
                self._asked = self._asked or time.monotonic()
            elif self._asked is not None and not fragments:
                self.waited.append(time.monotonic() - self._asked)
                self._asked = None

    @staticmethod
    def _again(message: ForwardMsg) -> bool:
        """Return whether the run ended early, because the page is run again."""
        return message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN

    def all(self, kind: str) -> list[Any]:
        """List the elements of a kind, such as button."""
        shown = (element for element, _, _ in self.elements.values())
        return [getattr(element, kind) for element in shown if element.WhichOneof("type") == kind]

    def find(self, kind: str, label: str) -> Any:
        """Wait for the widget with this label and return it."""
        self.until(lambda: any(label in widget.label for widget in self.all(kind)))
        return next(widget for widget in self.all(kind) if label in widget.label)

    def text(self) -> str:
        """Return everything that the page says: no scripts and no styles, whose words nobody reads."""
        return "\n".join(_said(element) for element, _, _ in self.elements.values())


def _said(element: Any) -> str:
    kind = element.WhichOneof("type")
    if kind == "html":
        return re.sub(r"<style>.*?</style>", "", element.html.body, flags=re.DOTALL)
    if kind == "bidi_component":
        component = BidiComponent()
        component.CopyFrom(element.bidi_component)
        for content in ("js_content", "html_content", "css_content"):
            component.ClearField(content)
        return str(component)
    return str(element)


def memory(pid: int) -> int:
    """Return the bytes of memory that a process holds, files that it has mapped apart."""
    with Path(f"/proc/{pid}/status").open(encoding="ascii") as status:
        line = next(line for line in status if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def processor(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    with Path(f"/proc/{pid}/stat").open(encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
