"""Help, and words of the command line that cannot be meant: what they get."""

import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

import run_all
from benchmark.engine.training.profiles import PROFILES
from tests.command_line import SMALL, CommandLine

MAIN = typer.main.get_command(run_all.app)
assert isinstance(MAIN, TyperGroup)
COMMANDS = {"": MAIN, **MAIN.commands}


def words_of(text: str) -> str:
    """Return a text without its line breaks and columns."""
    return " ".join(text.split())


def texts(command: object) -> Iterator[str]:
    """Return what the source says about a command and its options."""
    assert isinstance(command, TyperCommand | TyperGroup)
    yield command.help or ""
    for param in command.params:
        yield getattr(param, "help", None) or ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_every_word_and_bracket(hsisr: CommandLine, name: str) -> None:
    answer = hsisr(*filter(None, [name]), "--help")
    assert (answer.code, answer.err) == (0, "")
    shown = words_of(answer.out)
    for text in texts(COMMANDS[name]):
        assert words_of(text) in shown
    assert answer.out.isascii()  # it is printed past our stream where the encoding is ASCII


def test_some_help_has_brackets() -> None:
    """Without any, the test above would pass with markup too."""
    for name in ("", "check", "speed"):
        assert any("[x=1]" in text for text in texts(COMMANDS[name]))


def test_help_names_every_profile() -> None:
    (text,) = [one for one in texts(MAIN) if one.startswith("Length of training")]
    assert set(PROFILES) <= set(re.findall("[a-z]+", text))


LISTS = "the values of a list are separated by commas, without spaces: "
REFUSED = {
    ("--scales", "2", "3"): f"No such command '3'; {LISTS}--scales 2,3 ",
    ("--scales=2", "3"): f"No such command '3'; {LISTS}--scales 2,3 ",
    ("--scales", "2,", "3,", "4"): f"No such command '3,'; {LISTS}--scales 2,3,4 ",
    ("--seeds", "0", "1", "2", "--plan"): f"No such command '1'; {LISTS}--seeds 0,1,2 ",
    ("--scenes", "balloons", "beads"): f"No such command 'beads'; {LISTS}--scenes balloons,beads ",
    ("--methods", "bicubic", "wiener[joint=true]", "--plan"): (
        f"No such command 'wiener[joint=true]'; {LISTS}--methods 'bicubic,wiener[joint=true]' "
    ),
    ("--dataset", "cave", "harvard", "--scales", "2"): f"{LISTS}--dataset cave,harvard ",
    ("figures", "--scale", "2", "3"): (
        f"unexpected word '3' after the command 'figures'; {LISTS}--scale 2,3 "
    ),
    ("tables", "--format", "md", "csv"): f"'csv' after the command 'tables'; {LISTS}--format md,c",
    ("export", "a.zip", "--dataset", "x", "y"): f"unexpected word 'y' .*{LISTS}--dataset A,B ",
    ("check", "a", "b"): "unexpected word 'b' after the command 'check' (see --help)",
    ("tabels",): "No such command 'tabels'; did you mean tables? (see --help)",
    ("Tables",): "No such command 'Tables'; did you mean tables? (see --help)",
    ("exprot", "a.zip"): "did you mean export?",
    ("zzz",): "No such command 'zzz' (see --help)",
    ("--scale", "2"): "No such option: --scale; did you mean --scales",
    ("--SCALES", "2"): "No such option: --SCALES; did you mean --scales? ",
    ("-scales", "2"): "No such option: -scales; did you mean --scales? ",
    ("--train_on", "cave"): "No such option: --train_on; did you mean --train-on? ",
    ("tables", "--result", "x"): "No such option: --result; did you mean --results",
    ("--retry",): "No such option: --retry; did you mean --retry-failed? (see --help)",
    ("--train", "cave"): "No such option: --train; did you mean --train-on? (see --help)",
    ("tables", "--config", "a"): "No such option: --config; 'tables' has none; a run without a",
    ("--plugin", "a.py", "b.py"): "No such command 'b.py'; a plugin is named by --plugin, which ",
    ("tables", "--scales", "2"): "'tables' has none; a run without a command has ",
    ("--zzz",): "No such option: --zzz (see --help)",
    ("--version",): "No such option: --version (see --help)",
    ("-h",): r"No such option: -h; did you mean --help",
    ("--seeds", "-1"): "--seeds -1: '-1' is not a whole number from 0; write it like --seeds 2,3",
    ("--seeds", "9" * 19): "' is not a whole number of at most 18 digits; write it like --seeds",
    ("--dataset", "folder[path=a,test=b,c]"): "[key=value,key=value]; several names in one value a",
    ("--methods", "bicubic srcnn"): "NAME[key=value,key=value]; several names are separated by",
    ("--scales", "2", "--scales", "3"): "--scales is given twice; give it once, with commas in its "
    "value: --scales A,B",
    ("--profile", "quick", "--profile=paper"): "--profile is given twice; give it once",
    ("tables", "--results", "a", "--results", "b"): "--results is given twice; give it once",
    ("--methods", ""): "--methods is empty; give it a value or leave it out (see --help)",
    ("--scales", " "): "--scales is empty",
    ("--results="): "--results is empty",
    ("--data", ""): "--data is empty",
    ("--plugin", ""): "--plugin is empty",
    ("tables", "--baseline", ""): "--baseline is empty",
    ("fetch", ""): "the argument dataset is empty",
    ("--scales", ","): "--scales ',' names nothing; separate values by commas, or leave it out",
    ("--scenes", ",,"): "--scenes ',,' names nothing",
    ("--train-on", ","): "--train-on ',' names nothing",
    ("--dataset", ","): "--dataset ',' names nothing",
    ("--methods", ", ,"): "--methods ', ,' names nothing",
    ("tables", "--format", ","): "--format ',' names nothing",
    ("export", "a.zip", "--dataset", ","): "--dataset ',' names nothing",
    ("--methods", "--scales", "2"): "--methods has no value: the option --scales follows it",
    ("--results", "--json"): "--results has no value: the option --json follows it",
    ("--cell-timeout", "soon"): "--cell-timeout: expected a valid number, .*, found 'soon'",
    ("--cell-timeout", "-1"): "--cell-timeout: expected greater than or equal to 0, found '-1'",
    ("--cell-timeout", "nan"): "--cell-timeout: expected .*, found 'nan'",
    ("--checkpoint-every", "inf"): "--checkpoint-every: expected a finite number, found 'inf'",
    ("figures", "--band", "-550"): "--band: expected greater than or equal to 0, found '-550'",
    ("figures", "--band", "nan"): "--band: expected .*, found 'nan'",
    ("figures", "--pixels", ";"): "--pixels: '' is not a pixel",
    ("speed", "--turns", "1.5"): "--turns: expected a valid integer, .*, found '1.5'",
    ("report", "--preview-size", "3"): "--preview-size: expected .* 16, found '3'",
    ("--in-process=yes",): "'--in-process' does not take a value",
    ("--methods", "bicubic\u200b"): r"method 'bicubic\u200b' cannot be read",
    ("--dataset", "\ufeffcave"): r"data set '\ufeffcave' cannot be read",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_a_word_that_cannot_be_meant_gets_one_line(
    hsisr: CommandLine, words: tuple[str, ...]
) -> None:
    answer = hsisr(*([words] if isinstance(words, str) else words))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    pattern = re.escape(REFUSED[words]).replace(r"\.\*", ".*")
    assert re.search(pattern, answer.err), answer.err
    assert list(hsisr.folder.iterdir()) == []


def test_flags_and_plugins_may_be_repeated(hsisr: CommandLine) -> None:
    for name in ("a", "b"):
        (hsisr.folder / f"{name}.py").write_text(
            "from benchmark.method import Method, register\n"
            f"@register('{name}', title='{name}', paper='nobody')\n"
            "class One(Method):\n"
            "    def upscale(self, low, problem, state):\n"
            "        return low\n"
        )
    answer = hsisr("methods", "--json", "--json", "--plugin", "a.py", "--plugin", "b.py")
    assert {"a", "b"} < {one["name"] for one in answer.json()}


def test_an_empty_value_is_one_where_help_says_so(hsisr: CommandLine) -> None:
    """All factors of the protocol, where the default is one of them."""
    assert hsisr.tiny("bicubic").code == 0
    answer = hsisr("figures", "--scale", "", "--dataset", SMALL)
    assert "is empty" not in answer.err
