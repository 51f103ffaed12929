"""The form of a submission, `submission.yaml`: who submits what, and under which terms."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from benchmark.errors import RequestError, listed, plain
from benchmark.store.files import write_file

FORM = "submission.yaml"
NONE = "none"
_LONGEST = 1000  # characters of an entry
_MOST_AUTHORS = 200

TEMPLATE = f"""\
# What `run_all.py submit` packs with the cells, the weights and the code. Options on its command
# line replace what is written here.

# Who submits, a list of names.
authors: []

# Title, venue and year, a DOI or a URL; {NONE} where there is no paper yet. Empty: what the
# registration of the method says.
paper: ""

# The URL of the code; {NONE} where the submission alone has it.
code: {NONE}

# The licence of code and weights in the submission, such as MIT or CC-BY-4.0.
licence: ""

# true states: no test scene was used to train the method, to choose it, or to set its parameters.
not_trained_on_test_scenes: false
"""


@dataclass(frozen=True)
class Form:
    """The entries of `submission.yaml`.

    Attributes:
        authors: who submits.
        paper: title and venue, DOI or URL; "none" where there is no paper.
        code: the URL of the code; "none" where the submission alone has it.
        licence: of code and weights.
        not_trained_on_test_scenes: True states that no test scene was used to train the method, to
            choose it, or to set its parameters.
    """

    authors: tuple[str, ...] = ()
    paper: str = ""
    code: str = NONE
    licence: str = ""
    not_trained_on_test_scenes: bool = False

    def with_options(self, **given: Any) -> "Form":
        """Return the form with those entries replaced that are given, and not empty."""
        return replace(self, **{name: value for name, value in given.items() if value})

    def lacks(self) -> list[str]:
        """Name the entries that a submission needs and that are empty."""
        needed = ("authors", "paper", "licence", "not_trained_on_test_scenes")
        return [name for name in needed if not getattr(self, name)]

    def require_complete(self) -> None:
        """Check that nothing is missing.

        Raises:
            RequestError: something is; the message says how to give it.
        """
        if lacking := self.lacks():
            options = [f"--{name.replace('_', '-')}" for name in lacking]
            raise RequestError(
                f"the submission lacks {listed(lacking)}; give {listed(options)}, or fill in "
                f"{FORM}, which `run_all.py submit --new` writes"
            )

    def encode(self) -> bytes:
        """Return the content of `submission.yaml`."""
        facts = {**asdict(self), "authors": list(self.authors)}
        text: str = yaml.safe_dump(facts, sort_keys=False, allow_unicode=True, width=100)
        return text.encode()

    @property
    def line(self) -> str:
        """Describe the submission in one line."""
        statement = "states" if self.not_trained_on_test_scenes else "does NOT state"
        return (
            f"by {listed(self.authors, 6)}; paper: {self.paper}; code: {self.code}; licence: "
            f"{self.licence}; {statement} that no test scene was used in training"
        )


def read_form(content: bytes, place: str = FORM) -> Form:
    """Read and check a `submission.yaml`, which may come from anybody.

    Args:
        content: the file; entries that are left out are empty.
        place: the file's name, for messages.

    Raises:
        RequestError: it is not YAML, or an entry is unknown or has another type or size.
    """
    try:
        values = yaml.safe_load(content.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RequestError(
            f"{place} is not YAML: {plain(error)[:200]}; `run_all.py submit --new` writes one"
        ) from error
    if not isinstance(values, Mapping):
        raise RequestError(f"{place}: expected entries such as `licence: MIT`, found none")
    known = list(asdict(Form()))
    if other := [plain(name)[:40] for name in values if name not in known]:
        raise RequestError(f"{place}: unknown {listed(other)}; the entries are {listed(known)}")
    found = {name: _checked(name, value, place) for name, value in values.items()}
    return Form(**found)


def _checked(name: str, value: Any, place: str) -> Any:
    """Return the value of an entry, texts in one line.

    Raises:
        RequestError: it has another type or size.
    """
    default = getattr(Form(), name)
    if isinstance(default, bool):
        good, expected = isinstance(value, bool), "true or false"
    elif isinstance(default, tuple):
        value = [value] if isinstance(value, str) else value
        good = isinstance(value, list) and all(_is_text(one) for one in value)
        good, expected = good and len(value) <= _MOST_AUTHORS, "a list of names"
        value = tuple(filter(None, map(plain, value))) if good else value
    else:
        value = "" if value is None else value
        good, expected = _is_text(value), f"a text of at most {_LONGEST} characters"
        value = plain(value) if good else value
    if not good:
        # Not the value: aliases of YAML make a short file a text without end.
        found = f"'{value[:60]}'" if isinstance(value, str) else type(value).__name__
        raise RequestError(f"{place}: expected {expected} as {name}, found {found}")
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def form_of(file: Path | None) -> Form:
    """Read a form; without a name `submission.yaml`, and an empty form where there is none.

    Raises:
        RequestError: the named file does not exist, or a file cannot be read.
    """
    place = file or Path(FORM)
    if file is None and not place.exists():
        return Form()
    try:
        content = place.read_bytes()
    except OSError as error:
        raise RequestError(
            f"cannot read {place}: {error.strerror}; `run_all.py submit --new` writes a form"
        ) from error
    return read_form(content, str(place))


def write_template(file: Path) -> None:
    """Write a form to fill in.

    Raises:
        RequestError: the file exists, or cannot be written.
    """
    if file.exists():
        raise RequestError(f"{file} exists already; fill it in, or choose another with --form")
    write_file(file, TEMPLATE.encode(), "--form")
