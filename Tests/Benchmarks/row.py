"""What a group yields: rows with the figures of each target, and the goals they are held to."""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Unit:
    """What a figure counts. More of a rate is better, less of anything else."""
    name: str
    is_rate: bool = False
    digits: int | None = None

    def show(self, figure):
        digits = self.digits
        if digits is None:
            digits = 0 if figure >= 100 else 1 if figure >= 10 else 2
        return f"{figure:,.{digits}f}"


MIB_PER_SECOND = Unit("MiB/s", is_rate=True)
PER_SECOND = Unit("1/s", is_rate=True)
MILLISECONDS = Unit("ms")
SECONDS = Unit("s")
MEMORY = Unit("MiB")
COUNT = Unit("", digits=0)
DOLLARS = Unit("$", digits=5)


@dataclasses.dataclass(frozen=True)
class Verdict:
    goal: str
    ratio: float | None
    noise: float | None
    reached: bool


@dataclasses.dataclass(frozen=True)
class Comparison:
    """With the best of the `references`, whichever that is in this run."""
    factor: float
    references: tuple
    target: str = "mediafs"

    def judge(self, row):
        reference = row.best(self.references)
        if reference is None or self.target not in row.figures:
            return None
        return self.verdict(
            row.speed(self.target) / row.speed(reference), reference,
            row.noise(self.target, reference))


class Speed(Comparison):
    """At least `factor` times as fast as that one."""

    def verdict(self, speed, reference, noise):
        return Verdict(f"≥ {self.factor:g} × {reference}", speed, noise, speed >= self.factor)


class Cost(Comparison):
    """At most `factor` times what that one takes."""

    def verdict(self, speed, reference, noise):
        cost = 1 / speed
        return Verdict(f"≤ {self.factor:g} × {reference}", cost, noise, cost <= self.factor)


@dataclasses.dataclass(frozen=True)
class Limit:
    """At most so much."""
    most: float
    target: str = "mediafs"

    def judge(self, row):
        if self.target not in row.figures:
            return None
        figure = row.median(self.target)
        return Verdict(
            f"≤ {row.unit.show(self.most)} {row.unit.name}".strip(), None,
            row.noise(self.target), figure <= self.most)


@dataclasses.dataclass
class Row:
    """A measure: the figures of all rounds by target. A target that failed has no figure.

    `note` says what the figures alone do not.
    """
    measure: str
    unit: Unit
    figures: dict
    goals: tuple = ()
    note: str = ""

    def __post_init__(self):
        self.figures = {target: list(rounds) for target, rounds in self.figures.items() if rounds}

    def median(self, target):
        return statistics.median(self.figures[target])

    def speed(self, target):
        """The figure of a rate, and the inverse of everything else; more is better."""
        median = self.median(target) or 1e-12
        return median if self.unit.is_rate else 1 / median

    def best(self, targets):
        return max((t for t in targets if t in self.figures), key=self.speed, default=None)

    def noise(self, *targets):
        """How far the rounds are apart, at most, as a part of their median; None of one round."""
        if all(len(self.figures[target]) == 1 for target in targets):
            return None
        spans = [
            (max(rounds) - min(rounds)) / (statistics.median(rounds) or 1)
            for rounds in (self.figures[target] for target in targets)]
        return max(spans)

    def verdicts(self):
        return [verdict for goal in self.goals if (verdict := goal.judge(self))]

    def record(self, group):
        """The row as JSON has it."""
        return {
            "group": group, "measure": self.measure, "unit": self.unit.name,
            "rate": self.unit.is_rate, "note": self.note,
            "medians": {target: self.median(target) for target in self.figures},
            "rounds": self.figures,
            "goals": [dataclasses.asdict(verdict) for verdict in self.verdicts()],
        }
