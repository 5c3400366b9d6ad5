"""A group as a picture: SVG, with a bar for each measure and target.

Each measure has a scale of its own; where its figures differ by more than `LOGARITHMIC` times, the
bars grow with the logarithm, and it says so.
"""
import math
from xml.sax.saxutils import escape

from table import columns

LOGARITHMIC = 20
WIDTH, LABELS, BAR, GAP = 760, 130, 16, 26
# Reading right of the longest bar.
FIGURES = 110
COLOURS = ("#9aa5b1", "#5b6b7b", "#d1495b", "#30638e", "#edae49", "#66a182", "#8d6a9f", "#c08552")


def lengths(figures):
    """The part of the width that each figure takes, and whether that is logarithmic."""
    positive = [figure for figure in figures if figure > 0]
    if not positive:
        return [0 for _ in figures], False
    most, least = max(positive), min(positive)
    if most / least <= LOGARITHMIC:
        return [figure / most for figure in figures], False
    # The shortest bar keeps a tenth of the width.
    span = math.log(most / least)
    return [0.1 + 0.9 * math.log(f / least) / span if f > 0 else 0 for f in figures], True


def svg(group, rows):
    """The text of the picture."""
    targets = columns(rows)
    colours = {target: COLOURS[index % len(COLOURS)] for index, target in enumerate(targets)}
    shapes, y = [text(10, 24, f"mediafs bench: {group}", size=16, weight="bold")], 40
    for row in rows:
        names = [target for target in targets if target in row.figures]
        parts, is_logarithmic = lengths([row.median(target) for target in names])
        kind = "more is better" if row.unit.is_rate else "less is better"
        scale = ", logarithmic" if is_logarithmic else ""
        unit = f", {row.unit.name}" if row.unit.name else ""
        y += GAP
        shapes.append(text(10, y, f"{row.measure}{unit} ({kind}{scale})", weight="bold"))
        y += 6
        for target, part in zip(names, parts):
            width = max(1, part * (WIDTH - LABELS - FIGURES))
            shapes += [
                text(LABELS - 6, y + BAR - 4, target, anchor="end"),
                f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR - 3}" '
                f'fill="{colours[target]}"/>',
                text(LABELS + width + 5, y + BAR - 4, row.unit.show(row.median(target))),
            ]
            y += BAR
    height = y + GAP
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>', *shapes, "</svg>", ""])


def text(x, y, content, size=12, weight="normal", anchor="start"):
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(content)}</text>')
