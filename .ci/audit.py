"""Asks the advisory service whether a version in constraints.txt has a known weakness.

`make audit` runs it, and nothing else does: it asks about every pinned package, one by one. Where
the service cannot be reached, or knows none of them, one line says that nothing was audited.
"""

import json
import subprocess
import sys
from typing import Any

OPTIONS = "-r constraints.txt --no-deps --disable-pip --progress-spinner off --format json"
PATIENCE = 120
"""Seconds; pip-audit itself tries a silent service again and again."""

SKIPPED = "audit skipped: the advisory service does not answer, or knows none of our packages"


def main() -> int:
    """Print what was found; 1 if a version has a known weakness."""
    command = [sys.executable, "-m", "pip_audit", *OPTIONS.split()]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        lines, weak = summary(json.loads(done.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError):
        lines, weak = [SKIPPED], False
    print(*lines, sep="\n")
    return int(weak)


def summary(packages: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """Return what pip-audit found, a line a weakness, and whether there is any."""
    asked = [each for each in packages if "skip_reason" not in each]
    if not asked:
        return [SKIPPED], False
    weak = [
        f"{each['name']} {each['version']}: {weakness['id']}"
        f" (fixed in {', '.join(weakness['fix_versions']) or 'no version yet'})"
        for each in asked
        for weakness in each["vulns"]
    ]
    count = f"{len(asked)} of {len(packages)} packages audited, {len(weak)} known weaknesses"
    return [*weak, count], bool(weak)


if __name__ == "__main__":
    raise SystemExit(main())
