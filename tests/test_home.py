import os
from pathlib import Path

import pytest

from gradviz.home import ASSETS, cores, home


def test_an_option_wins_over_the_environment(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("GRADVIZ_HOME", str(tmp_path / "environment"))
    assert home(tmp_path / "option") == tmp_path / "option"
    assert home() == tmp_path / "environment"
    assert not any(tmp_path.iterdir())


def test_without_either_the_user_cache_is_taken(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for value in ("", None):
        monkeypatch.setenv("GRADVIZ_HOME", "") if value == "" else monkeypatch.delenv("GRADVIZ_HOME")
        assert home() == tmp_path / ".cache" / "gradviz"
    assert home("~/elsewhere") == tmp_path / "elsewhere"


def test_assets_are_there():
    assert (ASSETS / "alexnet64.safetensors").is_file()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="This system cannot bind a thread to a core")
def test_cores_are_those_that_may_be_used():
    allowed = os.sched_getaffinity(0)
    assert cores() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
