#!/usr/bin/env python3
"""bench.py [GROUP...]: measures the release build, prints a table, writes `.build/bench.json`.

A group is a module beside this file whose `measure()` yields rows: what is measured, the seconds
of each round, and the goal for their median; for other things than time their unit. Noise is how far
the slowest round is from the median.
"""
import importlib
import json
import pathlib
import statistics
import sys

GROUPS = ("renames", "start")
RESULTS = pathlib.Path(__file__).resolve().parents[2] / ".build/bench.json"


def main(groups):
    print(f"{'group':10} {'measure':62} {'median':>10} {'slowest':>10} {'goal':>10}  verdict")
    rows = []
    for group in groups:
        for measure, spent, goal, *units in importlib.import_module(group).measure():
            unit, scale = (units[0], 1) if units else ("ms", 1e3)
            median, slowest = statistics.median(spent), max(spent)
            row = {
                "group": group, "measure": measure, "median": median, "slowest": slowest,
                "goal": goal, "unit": units[0] if units else "s", "reached": median <= goal,
                "rounds": spent,
            }
            rows.append(row)
            print(
                f"{group:10} {measure:62} {median * scale:7.2f} {unit}"
                f" {slowest * scale:7.2f} {unit} {goal * scale:7.2f} {unit}"
                f"  {'reached' if row['reached'] else 'missed'}", flush=True)
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(GROUPS)
    if unknown:
        sys.exit(f"no group {', '.join(sorted(unknown))}; there are: {', '.join(GROUPS)}")
    main(sys.argv[1:] or GROUPS)
