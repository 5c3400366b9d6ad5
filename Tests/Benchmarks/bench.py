#!/usr/bin/env python3
"""bench.py [GROUP...]: measures the release build beside a plain directory, rivals and the wire.

A group is a module of `groups` whose `measure()` yields rows (row.py). Printed is a table for each
group; beside it `.build/bench/bench.json` has the figures of all rounds and `GROUP.svg` a picture.

Figures are medians. The ratio is that of which the goal speaks. Noise is how far apart the rounds
are that it is made of. settings.py says what can be chosen.
"""
import importlib
import json
import os
import sys
import time
import traceback

import settings

# The footprint comes last: it also tells of the daemons of all others.
GROUPS = (
    "warm", "small", "cold", "upload", "renames", "delta", "scale", "start", "requests",
    "footprint")


def measure(group):
    """The rows of a group, and what went wrong, if anything did: the other groups go on."""
    rows, failure = [], None
    begin = time.monotonic()
    try:
        for row in importlib.import_module(f"groups.{group}").measure():
            rows.append(row)
            print(f"  {group}: {row.measure}", file=sys.stderr, flush=True)
    except Exception:
        failure = traceback.format_exc()
    return rows, failure, time.monotonic() - begin


def main(groups):
    import disk
    import targets
    from plot import svg
    from table import lines

    settings.RESULTS.mkdir(parents=True, exist_ok=True)
    records, verdicts, failures = [], [], []
    for group in groups:
        targets.notes.begin(group)
        rows, failure, seconds = measure(group)
        print()
        print("\n".join(lines(group, rows)))
        for line in targets.notes.lines(group):
            print(f"  {line}")
        print(f"  {seconds:.0f} s", flush=True)
        if failure:
            failures.append(group)
            print(f"  the group ended early:\n{failure}", flush=True)
        disk.give_back()
        records += [row.record(group) for row in rows]
        verdicts += [verdict for row in rows for verdict in row.verdicts()]
        if rows:
            (settings.RESULTS / f"{group}.svg").write_text(svg(group, rows))
    reached = sum(verdict.reached for verdict in verdicts)
    print(f"\n{reached} of {len(verdicts)} goals reached; {settings.RESULTS}/bench.json")
    results = {
        "quick": settings.QUICK, "cores": os.cpu_count(), "kernel": os.uname().release,
        "rows": records, "daemons": targets.notes.records(), "ended_early": failures}
    (settings.RESULTS / "bench.json").write_text(json.dumps(results, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(GROUPS)
    if unknown:
        sys.exit(f"no group {', '.join(sorted(unknown))}; there are: {', '.join(GROUPS)}")
    settings.enter_tools()
    settings.clean_environment()
    import disk
    with disk.own():
        sys.exit(main(sys.argv[1:] or GROUPS))
