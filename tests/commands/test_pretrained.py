"""`--pretrained` from the command line."""

from tests.command_line import CommandLine


def test_networks_are_scored_without_training(hsisr: CommandLine) -> None:
    assert hsisr.tiny("espcn", "--results", "stored").code == 0
    words = ("--pretrained", "--weights-from", "stored")
    answer = hsisr.tiny("bicubic,espcn", *words)
    assert answer.code == 0, answer.err
    assert "compared with the stored ones: 1 of 1 in every digit" in answer.err
    assert "step" not in answer.err
    assert "not trained here: weights of " in answer.out
    facts = hsisr.tiny("espcn", *words, "--json").json()["pretrained"]
    assert facts["left_out"] == {}
    assert list(facts["differences"].values()) == [[]]


def test_what_cannot_be_scored_is_said_in_one_line_each(hsisr: CommandLine) -> None:
    assert hsisr.tiny("espcn", "--results", "stored").code == 0
    words = ("--pretrained", "--weights-from", "stored")
    planned = hsisr.tiny("espcn,srcnn", *words, "--plan")
    assert planned.out.count("it will be left out: no weights are stored in stored") == 1
    partly = hsisr.tiny("espcn,srcnn", *words)
    assert partly.code == 1
    (line,) = [line for line in partly.err.splitlines() if line.startswith("left out: ")]
    assert line.startswith("left out: srcnn x3 seed 0 on ")
    assert line.endswith("no weights are stored in stored; train it without --pretrained")
    nothing = hsisr.tiny("srcnn", *words)
    assert nothing.code == 2
    assert nothing.err.startswith("error: --pretrained: srcnn x3 seed 0 on ")
    assert "there are weights of " in nothing.err
    none = hsisr.tiny("srcnn", "--pretrained", "--weights-from", "nowhere")
    assert none.code == 2
    assert "there are none of any network" in none.err


def test_a_folder_of_weights_that_would_not_be_used_is_refused(hsisr: CommandLine) -> None:
    answer = hsisr.tiny("srcnn", "--weights-from", "stored")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "error: --weights-from needs --pretrained; without it networks are trained\n"
    )
    assert not hsisr.results.exists()
