"""Problems, splits and the tokenizer of the lab."""

from random import Random

import pytest

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.lab.hands import Hand
from stepscale.lab.problems import make_problems, split_of
from stepscale.lab.stories import FAMILIES, HELD_OUT_FAMILIES, LEVELS, draw_story
from stepscale.lab.tokenizer import build_tokenizer
from stepscale.lab.wording import tell


def test_splits_do_not_overlap_and_families_and_levels_are_balanced() -> None:
    train, test = make_problems(300, "train", 0), make_problems(150, "test", 0)
    assert not set(train["problem"]) & set(test["problem"])
    assert {split_of(text) for text in test["problem"]} == {"test"}
    assert test.groupby(["subject", "level"]).size().nunique() == 1
    assert not set(HELD_OUT_FAMILIES) & (set(train["subject"]) | set(test["subject"]))
    tables.problems(train)


def test_levels_come_in_the_shares_of_math_where_asked() -> None:
    """Of the 500 test problems of Lightman et al. 43, 90, 105, 128 and 134 are of levels 1 to 5."""
    test = make_problems(240, "test", 0, level_shares="math")
    shares = test["level"].value_counts(normalize=True)
    assert all(abs(shares[level] - count / 500) < 0.045 for level, count in enumerate((43, 90, 105, 128, 134), start=1))
    assert test.groupby("subject").size().nunique() == 1


def test_unknown_shares_of_levels_are_one_clear_line() -> None:
    with pytest.raises(InputError, match="no level shares 'hard'; they are equal or math"):
        make_problems(3, "train", 0, level_shares="hard")


def test_problems_depend_on_the_seed_alone() -> None:
    assert make_problems(60, "train", 3).equals(make_problems(60, "train", 3))
    other = make_problems(60, "train", 4)
    assert set(make_problems(60, "train", 3)["problem"]) != set(other["problem"])


def test_an_unknown_family_is_one_clear_line() -> None:
    with pytest.raises(InputError, match=r"geometry.*families are"):
        make_problems(3, "train", 0, families=("geometry",))


def test_an_unknown_split_is_one_clear_line() -> None:
    with pytest.raises(InputError, match="no split 'valid'; splits are pretrain, train, test"):
        make_problems(3, "valid", 0)


def test_a_level_that_runs_dry_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories are endless in practice; a world with a single one shows what happens when they are not."""
    story = draw_story("sums", 1, Random(0))
    split = split_of(tell(story))
    monkeypatch.setattr("stepscale.lab.problems.draw_story", lambda *_: story)
    with pytest.raises(InputError, match="only 1 distinct problems"):
        make_problems(2, split, 0, families=("sums",), levels=(1,))


def test_every_lab_text_survives_the_tokenizer_and_a_number_is_one_token() -> None:
    tokenizer, rng = build_tokenizer(), Random(0)
    for family in FAMILIES:
        for level in LEVELS:
            problem = tell(draw_story(family, level, rng))
            text = "\n".join([problem, *Hand(rng).solve(problem), ""])
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            assert tokenizer.decode(ids) == text
            assert tokenizer.unk_token_id not in ids
            assert not any(len(word) == 1 and word.isalpha() for word in tokenizer.convert_ids_to_tokens(ids))
    step = ["Ida's ", "31", " plus 4", ", so ", "Ann has ", "35", "\n"]
    assert tokenizer.tokenize("".join(step)) == step
