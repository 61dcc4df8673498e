"""Problems, splits and the tokenizer of the world of quantities."""

from random import Random

import pytest

from stepscale.errors import InputError
from stepscale.lab.problems import make_problems, split_of
from stepscale.lab.quantities.hands import Hand
from stepscale.lab.quantities.stories import FAMILIES, LEVELS, draw_story
from stepscale.lab.quantities.tokenizer import build_tokenizer
from stepscale.lab.quantities.wording import tell


def test_a_level_that_runs_dry_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories are endless in practice; a world with a single one shows what happens when they are not."""
    story = draw_story("sums", 1, Random(0))
    split = split_of(tell(story))
    monkeypatch.setattr("stepscale.lab.worlds.stories.draw_story", lambda *_: story)
    with pytest.raises(InputError, match="only 1 distinct problems"):
        make_problems(2, split, 0, families=("sums",), levels=(1,), world="quantities")


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
