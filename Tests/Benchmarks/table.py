"""The table of a group, for people."""
ORDER = ("plain", "passthrough_hp", "mediafs", "rclone", "s3fs")


def columns(rows):
    """The targets that have figures, the file systems first."""
    found = {target: None for row in rows for target in row.figures}
    return [t for t in ORDER if t in found] + [t for t in found if t not in ORDER]


def lines(group, rows):
    """A line for each measure and each of its goals; targets that do not apply stay empty."""
    targets = columns(rows)
    cells = [["measure", *targets, "ratio", "goal", "noise", ""]]
    for row in rows:
        unit = f", {row.unit.name}" if row.unit.name else ""
        figures = [
            row.unit.show(row.median(t)) if t in row.figures else "" for t in targets]
        label = row.measure + unit
        for verdict in row.verdicts() or [None]:
            cells.append([label, *figures, *judgement(row, verdict)])
            # A second goal of the same figures needs none of them again.
            label, figures = "", [""] * len(targets)
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    left = (0, len(targets) + 2, len(targets) + 4)
    yield f"{group}"
    for line in cells:
        yield "  " + "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
    for row in rows:
        if row.note:
            yield f"  {row.measure}: {row.note}"


def judgement(row, verdict):
    if verdict is None:
        return ["", "", percent(row.noise(*row.figures)), ""]
    ratio = "" if verdict.ratio is None else f"{verdict.ratio:,.2f}"
    return [
        ratio, verdict.goal, percent(verdict.noise),
        "reached" if verdict.reached else "MISSED"]


def percent(noise):
    return "" if noise is None else f"{100 * noise:.0f} %"
