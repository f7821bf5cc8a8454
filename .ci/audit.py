"""Ask pip-audit for known vulnerabilities of the pinned versions.

A finding fails. Where the list of them cannot be reached that is one line, and no failure.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PINS = Path(__file__).with_name("constraints.txt")


def main() -> int:
    """Print what was found; 1 where something was."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "-r", str(PINS), "--no-deps", "--disable-pip", "--timeout", "10"]
        try:
            command += ["--progress-spinner", "off", "--format", "json", "--output", str(report)]
            subprocess.run(command, capture_output=True, check=False, timeout=180)
        except subprocess.TimeoutExpired:
            report.unlink(missing_ok=True)
        text = report.read_text() if report.is_file() else ""
    entries = json.loads(text)["dependencies"] if text else []
    audited = [entry for entry in entries if "skip_reason" not in entry]
    if not audited:
        print("pip-audit: skipped, the list of vulnerabilities cannot be reached")
        return 0
    found = [(entry, flaw) for entry in audited for flaw in entry["vulns"]]
    for entry, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"pip-audit: {entry['name']} {entry['version']}: {flaw['id']}, fixed in {fixed}")
    print(f"pip-audit: {len(found)} vulnerabilities; {len(audited)} of {len(entries)} libraries could be audited")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
