"""Disks that are full or cannot be written, mounted in memory where that is allowed."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(path: Path, size: str):
    """Mount a disk in memory, where that is allowed."""
    path.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "none", path], check=False).returncode
    ):
        pytest.skip("Mounting a small disk needs root")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


@contextmanager
def unwritable(whole: Path, root: Path):
    """Copy a store to where nobody may write; root may write everywhere but on a read-only disk."""
    if os.name == "nt":
        pytest.skip("Folders cannot be made read-only on Windows")
    if os.geteuid() == 0:
        with small_disk(root, "2m"):
            shutil.copytree(whole, root, dirs_exist_ok=True)
            subprocess.run(["mount", "-o", "remount,ro", root], check=True)
            yield
        return
    shutil.copytree(whole, root)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        yield
    finally:
        for folder in folders:
            folder.chmod(0o755)
