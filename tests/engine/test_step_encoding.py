"""Step ends are recorded while ids are laid down, whatever the tokenizer would merge around them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.errors import InputError


def merging_tokenizer(merges: list[tuple[str, str]]) -> Any:
    """A BPE tokenizer without pre-tokenisation that makes exactly these merges, also across lines."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    characters = sorted({chr(c) for c in range(32, 127)} | {"\n"})
    vocabulary = ["<pad>", "</s>", *characters, *dict.fromkeys(a + b for a, b in merges)]
    model = models.BPE(vocab={token: i for i, token in enumerate(vocabulary)}, merges=merges)
    tokenizer = Tokenizer(model)
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", clean_up_tokenization_spaces=False
    )


MERGES = [(".", "\n"), ("\n", "\n"), (" ", "\n"), ("\n", "s"), ("1", "\n"), ("?", "\n")]
TOKENIZERS = {" + ".join(repr(a + b) for a, b in merges): merging_tokenizer(merges) for merges in ([m] for m in MERGES)}
TOKENIZERS["all"] = merging_tokenizer(MERGES)
STEPS = st.lists(st.text("s1. \n?", max_size=6), max_size=5)


@pytest.mark.parametrize("name", TOKENIZERS)
@given(problem=st.text("a?. \n", max_size=6), steps=STEPS)
@settings(max_examples=40, deadline=None)
def test_every_step_ends_at_its_separators_last_token(name: str, problem: str, steps: list[str]) -> None:
    tokenizer = TOKENIZERS[name]
    encoded = StepEncoder(tokenizer, TextFormat()).encode([(problem, steps)])[0]
    assert len(encoded.step_ends) == len(steps)
    start = encoded.prompt_length
    assert tokenizer.decode(encoded.ids[:start]) == problem + "\n"
    for step, end in zip(steps, encoded.step_ends, strict=True):
        assert tokenizer.decode(encoded.ids[start : end + 1]) == step + "\n"
        assert tokenizer.decode([encoded.ids[end]]) == "\n"  # never a token shared with the text before or after
        start = end + 1
    assert start == len(encoded.ids)


@pytest.mark.parametrize("separator", ["\n", "\n\n", " \n", ".\n"])
def test_a_separator_of_several_tokens_ends_its_step_with_the_last_of_them(separator: str) -> None:
    tokenizer = TOKENIZERS["'1\\n'"]
    encoded = StepEncoder(tokenizer, TextFormat(separator=separator)).encode([("a", ["s1", "s"])])[0]
    first, second = encoded.step_ends
    assert tokenizer.decode(encoded.ids[encoded.prompt_length : first + 1]) == "s1" + separator
    assert tokenizer.decode(encoded.ids[first + 1 : second + 1]) == "s" + separator


@given(steps=STEPS)
def test_a_step_may_end_at_its_own_last_token_and_nothing_follows_the_last_one(steps: list[str]) -> None:
    tokenizer = TOKENIZERS["all"]
    usual, without_separator = (
        StepEncoder(tokenizer, TextFormat(judged_at=where)).encode([("a", steps)])[0] for where in ("separator", "step")
    )
    assert without_separator.step_ends == [end - bool(step) for step, end in zip(steps, usual.step_ends, strict=True)]
    assert without_separator.ids == usual.ids[: without_separator.step_ends[-1] + 1 if steps else None]


def test_merging_tokenizers_would_lose_the_boundary_in_the_whole_text() -> None:
    tokenizer = TOKENIZERS["'.\\n'"]
    tokens = tokenizer("a\ns.\ns.\n")["input_ids"]
    encoded = StepEncoder(tokenizer, TextFormat()).encode([("a", ["s.", "s."])])[0]
    assert len(tokens) < len(encoded.ids)  # the whole text has no token of its own for the end of a step


@given(st.lists(st.tuples(st.text("a?.", max_size=3), STEPS), max_size=8))
@settings(max_examples=40, deadline=None)
def test_encoding_many_at_once_or_one_by_one_or_again_gives_the_same(texts: list[tuple[str, list[str]]]) -> None:
    tokenizer = TOKENIZERS["all"]
    encoder = StepEncoder(tokenizer, TextFormat())
    assert encoder.encode(texts) == [StepEncoder(tokenizer, TextFormat()).encode([text])[0] for text in texts]
    assert encoder.encode(texts) == encoder.encode(texts)


@given(problem=st.text("a?", max_size=4), steps=STEPS, room=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_a_long_solution_loses_whole_steps_from_its_end_and_says_how_many(
    problem: str, steps: list[str], room: int
) -> None:
    tokenizer = TOKENIZERS["all"]
    full = StepEncoder(tokenizer, TextFormat()).encode([(problem, steps)])[0]
    cut = StepEncoder(tokenizer, TextFormat(max_tokens=room)).encode([(problem, steps)])[0]
    assert cut.n_unread == len(steps) - len(cut.step_ends)
    assert cut.step_ends == full.step_ends[: len(cut.step_ends)]
    assert cut.ids == full.ids[: len(cut.ids)]
    assert cut.n_unread == 0 or full.step_ends[len(cut.step_ends)] >= room


def test_slow_and_fast_tokenizers_give_the_same_step_ends() -> None:
    class Slow:
        """The same tokenizer behind the interface of one written in Python: no offsets, lists in, lists out."""

        is_fast = False
        eos_token_id = 1

        def __call__(self, text: Any, add_special_tokens: bool = True) -> dict[str, Any]:
            ids = TOKENIZERS["all"](text, add_special_tokens=add_special_tokens)["input_ids"]
            return {"input_ids": ids}

    texts = [("a?", ["s1.", "", "\n"])]
    assert StepEncoder(Slow(), TextFormat()).encode(texts) == StepEncoder(TOKENIZERS["all"], TextFormat()).encode(texts)


def test_tokens_that_the_tokenizer_puts_around_a_text_stand_before_the_prompt_alone() -> None:
    from tokenizers import processors

    tokenizer = merging_tokenizer([])
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<pad> $A </s>", special_tokens=[("<pad>", 0), ("</s>", 1)]
    )
    encoded = StepEncoder(tokenizer, TextFormat()).encode([("a", ["s"])])[0]
    assert encoded.ids[0] == 0
    assert 1 not in encoded.ids
    assert encoded.ids.count(0) == 1


def test_an_unusable_format_is_refused() -> None:
    with pytest.raises(InputError, match="exactly once"):
        StepEncoder(TOKENIZERS["all"], TextFormat(prompt="Problem:"))
    with pytest.raises(InputError, match="no token"):
        StepEncoder(TOKENIZERS["all"], TextFormat(separator="é"))
