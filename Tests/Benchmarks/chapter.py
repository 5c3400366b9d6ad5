#!/usr/bin/env python3
"""chapter.py: puts the figures of the last `make bench` into the chapter Performance.

Replaces the table of each group that was measured, and leaves the others as they are.
"""
import json
import pathlib
import re

import settings
from row import COUNT, DOLLARS, MEMORY, MIB_PER_SECOND, MILLISECONDS, PER_SECOND, SECONDS
from table import percent

CHAPTER = (
    pathlib.Path(__file__).parents[2] / "Sources/mediafs/Documentation.docc/Performance.md")
TITLES = {
    "warm": "Warm", "small": "Small files", "cold": "Cold", "upload": "Uploads",
    "renames": "Renames", "delta": "Changes of large files", "scale": "Scale", "start": "Start",
    "requests": "Requests", "footprint": "Footprint"}
UNITS = {
    unit.name: unit
    for unit in (MIB_PER_SECOND, PER_SECOND, MILLISECONDS, SECONDS, MEMORY, COUNT, DOLLARS)}
HEAD = (
    "| measure | mediafs | beside | ratio | goal | noise | |\n"
    "|---|---|---|---|---|---|---|\n")


def lines(record):
    """A line for each goal of a measure; one without any where it has none."""
    unit = UNITS[record["unit"]]
    shown = {name: unit.show(figure) for name, figure in record["medians"].items()}
    measure = record["measure"] + (f", {unit.name}" if unit.name else "")
    own = shown.pop("mediafs", "")
    beside = "; ".join(f"{name} {figure}" for name, figure in shown.items())
    for goal in record["goals"] or [None]:
        yield f"| {measure} | {own} | {beside} | {judgement(goal)} |"
        measure = own = beside = ""


def judgement(goal):
    if goal is None:
        return " | | | "
    ratio = "" if goal["ratio"] is None else f"{goal['ratio']:,.2f}"
    verdict = "reached" if goal["reached"] else "missed"
    return f"{ratio} | {goal['goal']} | {percent(goal['noise'])} | {verdict}"


def main():
    rows = json.loads((settings.RESULTS / "bench.json").read_text())["rows"]
    text = CHAPTER.read_text()
    for group in dict.fromkeys(row["group"] for row in rows):
        table = HEAD + "".join(
            f"{line}\n" for row in rows if row["group"] == group for line in lines(row))
        pattern = rf"(### {TITLES[group]}\n\n)\|.*?\n(?=\n)"
        text, count = re.subn(pattern, lambda found: found[1] + table, text, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"the chapter has {count} tables of {TITLES[group]}")
    CHAPTER.write_text(text)


if __name__ == "__main__":
    main()
