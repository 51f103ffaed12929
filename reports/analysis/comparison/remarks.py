"""Plain sentences on the marks of a table, the test behind them, and what they do not show."""

from collections.abc import Iterable

from benchmark.errors import counted, listed
from reports.analysis.comparison.pairs import BASELINE_MARK, BEST_MARK, Comparisons
from reports.analysis.comparison.statistics import ALPHA, smallest_p
from reports.analysis.metrics import Metric
from reports.formatting import REMARKED, TIMES
from reports.published.reader import PublishedValue

DEPENDENT_TESTS = (
    "The scenes are areas of one image and not independent, as the tests assume: their p are too "
    "small, and the intervals too narrow."
)


def remarks_on(made: Comparisons) -> tuple[str, ...]:
    """Explain the marks, the tests behind them, and what cannot be concluded."""
    if not made.items:
        return _nothing_compared(made)
    scenes = counted(made.scenes, "test scene")
    if not made.testable:
        lines = [
            f"Nothing is marked: with {scenes} no difference can be tested.",
            (
                f"The smallest possible p of a sign-flip test is {_least(made.scenes)}, which is "
                f"not below {ALPHA}; so an entry without a mark says nothing."
            ),
        ]
    else:
        lines = [_definition(made), _test(made), _limits(made), *_undecided(made)]
        lines += [DEPENDENT_TESTS] * made.dependent
    return (*lines, *_few_seeds(made))


def remarks_on_published(
    rows: Iterable[PublishedValue], metrics: Iterable[Metric]
) -> tuple[str, ...]:
    """Return the remarks on published values of some metrics, each once, and what it is about."""
    titles = {metric.name: metric.title for metric in metrics}
    methods: dict[str, dict[tuple[str, int], dict[str, None]]] = {}
    for row in rows:
        if row.remark and row.metric in titles:
            place = titles[row.metric], row.scale
            methods.setdefault(row.remark, {}).setdefault(place, {})[row.method] = None
    texts = []
    for remark, places in methods.items():
        # Columns with a remark on the same methods are named together.
        columns: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for (title, scale), names in places.items():
            columns.setdefault(tuple(names), {}).setdefault(title, []).append(f"{TIMES}{scale}")
        about = (
            f"{', '.join(f'{title} {listed(scales)}' for title, scales in of.items())} of "
            f"{listed(names)}"
            for names, of in columns.items()
        )
        texts.append(f"{REMARKED} {'; '.join(about)}: {remark.rstrip('.')}.")
    return tuple(texts)


def _nothing_compared(made: Comparisons) -> tuple[str, ...]:
    """Say why nothing is marked although there are methods to compare."""
    if not made.comparable:
        return ()
    line = (
        "Nothing is marked: no two methods have finite values of two common test scenes, and "
        "with fewer no difference can be tested."
    )
    return (line,)


def _definition(made: Comparisons) -> str:
    beside = f", and {BASELINE_MARK} not from {made.baseline}" if made.baseline else ""
    seeds = " and these seeds" if made.several_seeds else ""
    return (
        f"{BEST_MARK} cannot be told from the best of its column{beside}, by "
        f"these {counted(made.scenes, 'test scene')}{seeds}."
    )


def _test(made: Comparisons) -> str:
    family = "All pairs of methods in a column form a family"
    if made.baseline:
        family += f", and all comparisons with {made.baseline} in it form another"
    test = (
        "Test: the signs of the differences are flipped scene by scene, and every mean "
        "difference is compared with the largest ones of its family that this yields "
        f"(step-down). {family}. The level is {100 * ALPHA:g} % for each family: of twenty "
        "columns of equal methods, one may show a difference by chance."
    )
    sentences = [test]
    if made.baseline:
        sentences.append(
            f"The families are corrected separately: a method may differ from {made.baseline} in "
            "one of them and not in the other."
        )
    if made.several_seeds:
        sentences.append(
            "Where a method has several seeds, a difference must also be significant by "
            "Welch's t-test between the seeds' means, after Holm over the same family; the "
            "larger p counts."
        )
    return " ".join(sentences)


def _limits(made: Comparisons) -> str:
    scenes = counted(made.scenes, "test scene")
    seeds = " and seeds" if made.several_seeds else ""
    return (
        f"With {scenes} the smallest possible p is {_least(made.scenes)}. A mark does not say "
        f"that two methods are equal, only that these scenes{seeds} do not show a difference."
    )


def _undecided(made: Comparisons) -> list[str]:
    """Name the pairs behind the marks that have too few common scenes for a test."""
    found: dict[str, None] = {}
    for one in made.items:
        if one.against != "other" and not one.decidable:
            pair = f"{made.titles[one.method]} and {made.titles[one.other]}"
            where = f"{one.metric.title} {TIMES}{one.scale}, {counted(one.n, 'test scene')}"
            found[f"{pair} ({where})"] = None
    lines = []
    if made.untested:
        lines.append(
            "Not tested and not marked, as fewer than two common scenes have a finite difference: "
            f"{listed(made.untested, 6)}."
        )
    if not found:
        return lines
    return [
        *lines,
        f"Not tested and not marked, with too few common scenes: {listed(list(found), 6)}.",
    ]


def _few_seeds(made: Comparisons) -> list[str]:
    lines = []
    if any(2 in one.seeds for one in made.items):
        lines.append(
            "Two seeds estimate the scatter of training poorly: where a training fails now and "
            "then, differences are found too often."
        )
    if made.single and made.several_seeds:
        lines.append(
            f"One seed of {listed(made.single)}: this does not show how far results scatter from "
            "seed to seed. In a pair with a method that has several seeds, the scatter of that one "
            "is taken for both; in a pair of such methods with one seed each, it is in no test."
        )
    elif made.single:
        lines.append(
            "One seed: how far results of networks and other stochastic methods scatter from seed "
            "to seed is not known and is in no test. What differs here may not with another seed."
        )
    return lines


def _least(scenes: int) -> str:
    least = smallest_p(scenes)
    return f"1/{1 / least:.0f} = {least:.3g}"
