"""Run the table of hazards in full numbers, by hand: python -m tests.benchmarks.hazards [ROW ...].

Each row prints its hazard, how many were tried, the figure, the limit and whether it held. The suite holds each row at
a count that it can afford; the test is named in the last column. Rows that the suite holds in full are run from there.
The machine may be shared, so times stand beside the processor time of the server where there is one.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import hazards_core as core
from tests.benchmarks import hazards_server as server
from tests.benchmarks.hazards_core import Found
from tests.conftest import ROOT


class Row(NamedTuple):
    """A hazard, its limit, how it is tried, and the test of the suite that holds it."""

    hazard: str
    limit: str
    run: Callable[[Path], Found]
    test: str


def suite(*tests: str) -> Callable[[Path], Found]:
    """Return what runs tests of the suite, which hold a row at its full count."""

    def run(folder: Path) -> Found:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={folder / 'pytest'}"]
        done = subprocess.run([*command, *tests], cwd=ROOT, capture_output=True, text=True, check=False)
        return Found("the suite", done.stdout.strip().splitlines()[-1], done.returncode == 0)

    return run


QUEUE, STORE, PICTURES = "tests/ui/test_queue.py", "tests/features/test_store.py", "tests/datasets/test_pictures.py"
UPLOADS, WEIGHTS, VOC = "tests/datasets/test_uploads.py", "tests/networks/test_weights.py", "tests/datasets/test_voc.py"
FETCH, TAR = "tests/download/test_fetch.py", "tests/download/test_archives.py"
FETCHED, CLASS = "tests/download/test_voc_download.py", "tests/ui/test_class.py"
COMPUTE, EXTRACTION = "tests/features/test_compute.py", "tests/features/test_extraction.py"
LEAVING, NAMES = "tests/ui/test_leaving.py", "tests/browser/test_names.py"

KILLS = f"{STORE}::test_killed_writers_lose_at_most_one_chunk"
KILLED = f"{EXTRACTION}::test_a_killed_extraction_goes_on_bit_by_bit"
FLIPS = f"{STORE}::test_flipped_bits_are_found_and_healed"

ROWS: dict[int, Row] = {
    1: Row("a click computes again", "0 duplicates in 100", core.clicks(100), f"{QUEUE}::test_a_hundred_submits_*"),
    2: Row("starts without a finish", "as many of both in 50", core.clicks(50), "tests/ui/test_polling.py::*reruns*"),
    3: Row("cancelled work goes on", "idle within 2 s", core.cancelled, f"{QUEUE}::test_a_running_job_leaves_*"),
    4: Row("a shared model changes", "0 wrong of 1,000", core.shared_model, "tests/networks/test_loading.py::*eight*"),
    5: Row("stale answers", "0 of 1,000", core.stale, "tests/datasets/test_digests.py"),
    6: Row("memory grows", "under 100 MB for 50", server.memory_of_class, f"{LEAVING}::test_uploads_take_no_memory*"),
    7: Row("load of a class", "95 % in 5 s, rerun 1 s", server.load_of_class, f"{CLASS}::test_each_question*"),
    8: Row("another's upload is seen", "0 of 1,000", server.markers, "tests/pages/test_data_page.py::*share_nothing"),
    9: Row("oversize upload", "refused, bounded", suite(UPLOADS, LEAVING), f"{UPLOADS}, {LEAVING}"),
    10: Row("bad pictures", "200: 0 crashes, 2 s, 300 MB", core.bad_pictures, PICTURES),
    11: Row("hostile tar", "0 files outside", suite(TAR), f"{TAR}::test_hostile_members_leave_no_trace"),
    12: Row("half downloads", "0 of 100 used", core.killed_transfers, f"{FETCH}::*killed*, {FETCHED}::*kill_in*"),
    13: Row("poisoned weights", "0 executions", suite(WEIGHTS), f"{WEIGHTS}::test_a_pickle_with_code_*"),
    14: Row("hostile VOC", "0 reads outside", suite(VOC), f"{VOC}::test_damaged_or_hostile_*"),
    15: Row("pickles", "0", suite("tests/test_imports.py", f"{STORE}::test_nothing_is_unpickled"), "the same"),
    16: Row("torn store", "0 wrong: 200 kills, 200 flips", suite(KILLS, FLIPS), "the same"),
    17: Row(
        "disk full",
        "0 crashes, 0 orphans",
        suite(STORE, EXTRACTION, "tests/pages/test_full_home.py", "-k", "disk or written or read_only or home"),
        "the same",
    ),
    18: Row("two processes", "one computation each, resumes in 1 s", core.pairs, f"{STORE}::test_two_processes_*"),
    19: Row("the store grows", "a word above a limit", suite(STORE, "-k", "large_store or clear"), "the same"),
    20: Row("GPU out of memory", "finishes or says why", suite(COMPUTE, "-k", "full_gpu"), "the same"),
    21: Row("UMAP of two visitors", "0 aborts in 200", core.maps, "tests/test_embedding.py::*take_turns*"),
    22: Row("drift between batches", "1e-4", suite(COMPUTE, EXTRACTION), COMPUTE),
    23: Row("huge figures", "5 MB, page 15 MB", server.figures, f"{CLASS}::test_no_page_*"),
    24: Row("script in names", "20 payloads, 0 executed", suite(NAMES), f"{NAMES}, tests/test_figures.py"),
    25: Row("rebinding, tracebacks", "0 shown", server.strangers, "tests/test_package.py::*this_computer_only"),
    26: Row("restart in the middle", "0 wrong of 10, one chunk", core.killed_extractions, KILLED),
}


def main() -> None:
    """Run the rows that are named, or all, and print one line each."""
    wanted = [int(word) for word in sys.argv[1:]] or [*ROWS]
    print("| # | hazard | count | figure | limit | held | seconds | in the suite |\n|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for number in wanted:
            row, began = ROWS[number], time.perf_counter()
            (folder := Path(name) / str(number)).mkdir()
            try:
                found = row.run(folder)
            except Exception as error:
                found = Found("", f"{type(error).__name__}: {str(error)[-300:]}", False)
            seconds = time.perf_counter() - began
            cells = (number, row.hazard, found.count, found.figure, row.limit, "yes" if found.held else "NO")
            print("|", " | ".join(map(str, (*cells, f"{seconds:.0f}", row.test))), "|", flush=True)
    server.close()


if __name__ == "__main__":
    main()
