"""What a base model reads."""

from random import Random

import pytest
import torch

from stepscale.lab.base_model import new_model
from stepscale.lab.corpus import IGNORED, Page, encode_pages, right_at_the_end, write_page
from stepscale.lab.labeler import rate_steps
from stepscale.lab.pretrain_options import PretrainOptions
from stepscale.lab.problems import split_of
from stepscale.lab.tokenizer import RATING_TOKENS, build_tokenizer
from stepscale.revisions.prompt import RevisionLayout

PROBLEM = "Some friends have pens. Ada has 3. As many as Ada and 4 more go to Ann. How many pens does Ann have?"


def test_targets_are_the_next_token_and_the_rating_of_the_steps_own_tokens() -> None:
    tokenizer = build_tokenizer()
    page = Page(PROBLEM, ("Ada's 3 plus 4, so Ann has 7", "Answer: 8"), (1, -1))
    [(ids, following, classes)] = encode_pages([page], tokenizer)
    prompt = len(tokenizer(PROBLEM + "\n")["input_ids"]) + 1
    assert following[prompt - 1 : -1] == ids[prompt:] and following[-1] == IGNORED
    assert set(following[: prompt - 1]) == {IGNORED} == set(classes[:prompt])
    judged = [
        (tokenizer.decode([token]), RATING_TOKENS[c]) for token, c in zip(ids, classes, strict=True) if c != IGNORED
    ]
    assert "".join(text for text, mark in judged if mark == "<good>") == "Ada's 3 plus 4, so Ann has 7\n"
    assert "".join(text for text, mark in judged if mark == "<bad>") == "Answer: 8\n"  # and nothing is judged after it


def test_a_transcript_of_a_revision_is_laid_out_as_the_revision_model_reads_it() -> None:
    tokenizer = build_tokenizer()
    quoted = "As many as Ada and 4 more go to Ann: Ada's 3 plus 4, so Ann has "
    attempts = (("Answer: 3",), (f"{quoted}8", "Answer: 8"))
    page = Page(PROBLEM, ("Ada's 3 plus 4, so Ann has 7", "Answer: 7"), (1, 1), attempts=attempts)
    [(ids, following, classes)] = encode_pages([page], tokenizer)
    prompt = RevisionLayout(ask="Revision:\n{problem}").text(PROBLEM, attempts) + "\n"
    assert tokenizer.decode(ids) == f"<s>{prompt}" + "\n".join(page.steps) + "\n</s>"
    start = len(tokenizer(prompt)["input_ids"])
    assert following[start:-1] == ids[start + 1 :]
    assert set(following[:start]) == {IGNORED}, "a model that imitates attempts begins solutions with them"
    right, wrong = ([t for t, c in zip(ids, classes, strict=True) if c == rating] for rating in (2, 0))
    assert tokenizer.decode(right) == quoted + "\n".join(page.steps) + "\n"
    assert tokenizer.decode(wrong) == "Answer: 3\n8\n", "attempts are judged up to their first error"


QUOTED = "As many as Ada and 4 more go to Ann: Ada's "


@pytest.mark.parametrize(
    ("steps", "bad"),
    [
        ((QUOTED + "3 plus 4, so Ann has 8",), "8\n"),
        ((QUOTED + "9 plus 4, so Ann has 13",), "9 plus 4, so Ann has 13\n"),
        (
            (QUOTED.replace("4", "5") + "3 plus 5, so Ann has 8",),
            " and 5 more go to Ann: Ada's 3 plus 5, so Ann has 8\n",
        ),
        (("Answer: 3",), "Answer: 3\n"),  # nothing is known of Ann yet
        ((QUOTED + "3 plus 4, so Ann has 7", "Answer: 3"), "3\n"),
    ],
)
def test_a_wrong_step_is_right_until_the_first_token_that_no_right_step_has(steps: tuple[str, ...], bad: str) -> None:
    tokenizer = build_tokenizer()
    ratings = tuple(rate_steps(PROBLEM, steps))
    page = Page(PROBLEM, steps, ratings, right_at_the_end(PROBLEM, steps, ratings))
    [(ids, _, classes)] = encode_pages([page], tokenizer)
    text = {mark: tokenizer.decode([t for t, c in zip(ids, classes, strict=True) if c == mark]) for mark in (0, 2)}
    assert text[0] == bad and text[2] + text[0] == "\n".join(steps) + "\n"


def test_pages_are_of_every_kind() -> None:
    rng = Random(0)
    pages = [write_page(rng) for _ in range(600)]
    assert {split_of(page.problem) for page in pages} == {"pretrain"}
    is_held_out = [" gets " in page.problem for page in pages]
    assert sum(is_held_out) > 20 and not any(
        page.ratings for page, held_out in zip(pages, is_held_out, strict=True) if held_out
    )
    exercises = [page for page in pages if not page.imitated]
    assert 0.2 < len(exercises) / len(pages) < 0.4
    [(_, following, classes)] = encode_pages(exercises[:1], build_tokenizer())
    assert set(following) == {IGNORED} and set(classes) > {IGNORED}, "judged, and never imitated"
    wrong = [rating == -1 for page in exercises for rating in page.ratings]
    assert 0.4 < sum(wrong) / len(wrong) < 0.7
    pages = [page for page in pages if page.imitated]
    for page in (page for page in pages if page.ratings):
        assert tuple(rate_steps(page.problem, list(page.steps))) == page.ratings
    revisions = [page for page in pages if page.attempts and page.ratings]
    assert 20 < len(revisions) < 120
    first_errors = [len(rate_steps(page.problem, list(page.attempts[-1]))) - 1 for page in revisions]
    assert all(page.steps[:n] == page.attempts[-1][:n] for page, n in zip(revisions, first_errors, strict=True))
    right = [page.ratings[-1] != -1 for page in revisions]
    alone = [page.ratings[-1] != -1 for page in pages if page.ratings and not page.attempts]
    assert sum(right) / len(right) > 1.5 * sum(alone) / len(alone)


def test_pieces_that_name_the_same_thing_begin_alike() -> None:
    tokenizer = build_tokenizer()
    pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    model = new_model(PretrainOptions(out="", width=64, layers=1, heads=1), pieces)
    rows = torch.nn.functional.normalize(model.get_input_embeddings().weight, dim=1)
    alike = rows @ rows.T
    place = pieces.index
    assert alike[place("Ann"), place("Ann has ")] > 0.5 and alike[place("4"), place(" plus 4")] > 0.5
    assert abs(alike[place("Ann"), place("Bob")]) < 0.5
