"""Serve a Streamlit script and open it in Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, missing

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


class Address(str):
    """The address of a server, and its process."""

    process: subprocess.Popen


@contextmanager
def serving(script: Path, *arguments: str, before: str = "") -> Iterator[Address]:
    """Run a script with its arguments under Streamlit on a free port of 127.0.0.1; yield its address.

    `before` is Python that the server's process runs first, to shorten a time, for instance.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    streamlit = "import runpy, sys; sys.argv[0] = 'streamlit'; runpy.run_module('streamlit', run_name='__main__')"
    command = [sys.executable, "-c", f"{before}\n{streamlit}", "run", str(script), "--server.headless", "true"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    address = Address(f"http://127.0.0.1:{port}/")
    with subprocess.Popen(
        [*command, "--server.port", str(port), "--", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as address.process:
        try:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield address
        finally:
            address.process.terminate()


@contextmanager
def browsing() -> Iterator:
    """Start Chromium, or skip (with CI set: fail) where there is none."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not executable:
        missing("No Chromium on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(browser, address: str, **options) -> Iterator:
    """Open a page; at the end the console must have shown no error and no warning, but for Streamlit's own two probes.

    A page that is opened by its address looks for the server's health and configuration below its own path first.
    """
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    page = context.new_page()
    said: list[str] = []
    probes = ("/_stcore/health", "/_stcore/host-config")

    def listen(message) -> None:
        if message.type in ("error", "warning") and not message.location.get("url", "").endswith(probes):
            said.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        page.goto(address)
        yield page
        assert said == [], said
    finally:
        context.close()


def panels_of(canvas) -> list[tuple[float, float, float, float]]:
    """Return the panels drawn on a component's canvas as (left, top, width, height) on the page."""
    box = canvas.bounding_box()
    zoom = box["width"] / canvas.evaluate("canvas => canvas.clientWidth")  # in a presentation
    numbers = [[int(number) for number in panel.split()] for panel in canvas.get_attribute("data-panels").split(";")]
    return [(box["x"] + zoom * x, box["y"] + zoom * y, zoom * w, zoom * h) for x, y, w, h in numbers]


def listen_to_type(page) -> None:
    """Keep the pixels and the colour of each text that a canvas is given, by its words, from now on."""
    page.evaluate(
        """() => {
          const { prototype } = CanvasRenderingContext2D;
          const write = prototype.fillText;
          window.type = {};
          window.ink = {};
          prototype.fillText = function (text, ...where) {
            window.type[text] = parseFloat(/([\\d.]+)px/.exec(this.font)[1]) * this.getTransform().a;
            window.ink[text] = this.fillStyle;
            return write.call(this, text, ...where);
          };
        }"""
    )
