"""Revision data exactly as the paper makes them; texts that train and inference share; distances against the plain table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import letter_tokenizer

from stepscale.errors import InputError
from stepscale.revisions.data import RevisionData, revision_examples, revision_orm_examples, revision_trajectories
from stepscale.revisions.edit_distance import nearest
from stepscale.revisions.prompt import RevisionLayout

texts = st.text("abc\n", max_size=12)
LAYOUT = RevisionLayout(attempt="[{attempt}]", ask="?")


def table_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
    return row[-1]


@settings(max_examples=100, deadline=None)
@given(texts, st.lists(texts, min_size=1, max_size=8))
def test_the_nearest_is_the_first_of_the_least_distances(text, others) -> None:
    distances = [table_distance(text, other) for other in others]
    assert nearest(text, others) == distances.index(min(distances))


def test_nearest_by_hand_among_long_texts_and_none() -> None:
    assert nearest("x" * 300, ["x" * 298, "x" * 200 + "y" + "x" * 100, "x" * 150 + "z" + "x" * 149]) == 1
    assert nearest("kitten", ["sitting", "mitten", "kitte"]) == 1
    with pytest.raises(InputError, match="no text to be nearest to"):
        nearest("text", [])


def problems(n: int = 1) -> pd.DataFrame:
    return pd.DataFrame({"problem_id": [f"p{i}" for i in range(n)], "problem": [f"problem {i}" for i in range(n)]})


def solution(sample_id: int, text: str, right: bool | None, problem_id: str = "p0", **other) -> dict:
    return {
        "problem_id": problem_id,
        "sample_id": sample_id,
        "steps": text.split("/"),
        "answer": text[-1],
        "is_correct": right,
        "finish": "solution",
        **other,
    }


def samples(n_right: int, n_wrong: int) -> pd.DataFrame:
    right = [solution(i, f"aaaa/{i:03d}", True) for i in range(n_right)]
    return pd.DataFrame(right + [solution(100 + i, f"bb/{i}", False) for i in range(n_wrong)])


def test_the_last_wrong_attempt_is_the_nearest_and_all_of_them_are_shown_in_order() -> None:
    table = pd.DataFrame(
        [
            solution(0, "one/two/4", True),
            solution(1, "one/two/5", False),
            solution(2, "zzz/9", False),
            solution(3, "yy/8", False),
        ]
    )
    config = RevisionData(layout=LAYOUT)
    got = pd.concat([revision_examples(problems(), table, config, seed) for seed in range(40)])
    assert set(got["context"].map(len)) == {0, 1, 2, 3}
    assert all(context[-1] == 1 for context in got["context"] if context)
    attempts = {1: "[one\ntwo\n5]", 2: "[zzz\n9]", 3: "[yy\n8]"}
    for prompt, context in zip(got["prompt"], got["context"], strict=True):
        frames = "".join(attempts[i] for i in context)
        assert prompt == (f"problem 0\n{frames}?" if context else "problem 0")
    assert all(list(steps) == ["one", "two", "4"] for steps in got["steps"])


def test_the_number_of_wrong_attempts_is_uniform_from_none_to_four() -> None:
    got = revision_examples(problems(), samples(1000, 9), RevisionData(), 0)
    counts = np.bincount(got["context"].map(len), minlength=5)
    assert len(got) == 1000 and (np.abs(counts - 200) < 60).all()
    assert all(len(set(context)) == len(context) for context in got["context"])
    others = np.bincount([i - 100 for c in got["context"] for i in c[:-1]], minlength=9)
    assert (others[:-1] > 0).sum() >= 8  # the random ones are of all wrong samples but the nearest


def test_it_is_capped_by_the_wrong_samples_there_are() -> None:
    got = revision_examples(problems(), samples(500, 2), RevisionData(), 0)
    counts = np.bincount(got["context"].map(len))
    assert counts[0] == pytest.approx(100, abs=40) and counts[1] == pytest.approx(100, abs=40)
    assert len(counts) == 3  # 2, 3 and 4 all become 2
    assert set(revision_examples(problems(), samples(5, 0), RevisionData(), 0)["context"].map(len)) == {0}


def test_samples_that_are_cut_off_unanswered_or_ungraded_are_left_out() -> None:
    table = pd.DataFrame(
        [
            solution(0, "a/1", True),
            solution(1, "b/2", False, finish="length"),
            solution(2, "c/3", False, answer=None),
            solution(3, "d/4", None),
            solution(4, "e/5", True, finish="length"),
        ]
    )
    got = pd.concat([revision_examples(problems(), table, RevisionData(), seed) for seed in range(10)])
    assert set(got["sample_id"]) == {0}
    assert not got["context"].map(len).any()


def test_a_problems_examples_do_not_depend_on_what_else_is_in_the_table() -> None:
    one = samples(4, 6)
    both = pd.concat([one.assign(problem_id="p1"), one.sample(frac=1, random_state=0)])
    alone = revision_examples(problems(2), one, RevisionData(per_problem=3), 7)
    beside = revision_examples(problems(2), both, RevisionData(per_problem=3), 7)
    same = beside[beside["problem_id"] == "p0"]
    assert list(same["prompt"]) == list(alone["prompt"]) and len(same) == 3
    assert list(beside[beside["problem_id"] == "p1"]["prompt"]) != list(alone["prompt"])


def test_oldest_attempts_are_left_out_until_the_prompt_fits() -> None:
    layout = RevisionLayout(attempt="[{attempt}]", ask="?", context=3, max_tokens=12)
    attempts = [["1"], ["2"], ["3"], ["4"]]
    assert layout.fitted("p", attempts, len) == ("p\n[2][3][4]?", 3)
    assert layout.fitted("pp", attempts, len) == ("pp\n[3][4]?", 2)
    assert layout.fitted("a problem of its own", attempts, len) == ("a problem of its own", 0)
    config = RevisionData(layout=layout)
    got = revision_examples(problems(), samples(50, 6), config, 0, len)
    assert got["prompt"].map(len).max() <= max(12, len("problem 0"))
    assert all(prompt.count("[") == len(c) for prompt, c in zip(got["prompt"], got["context"], strict=True))


def test_problems_that_show_nothing_to_revise_can_be_left_out() -> None:
    table = pd.concat([samples(3, 2), samples(4, 0).assign(problem_id="p1"), samples(0, 4).assign(problem_id="p2")])
    got = revision_examples(problems(3), table, RevisionData(only_with_wrong=True), 0)
    assert set(got["problem_id"]) == {"p0"} and len(got) == 3
    assert set(revision_examples(problems(3), table, RevisionData(), 0)["problem_id"]) == {"p0", "p1"}
    with pytest.raises(InputError, match="of a problem with a wrong one"):
        revision_examples(problems(), samples(3, 0), RevisionData(only_with_wrong=True), 0)


def test_the_problem_may_be_stated_again_after_the_attempts() -> None:
    layout = RevisionLayout(attempt="#\n{attempt}\n", ask="#\n{problem}")
    assert layout.text("p", [["a", "1"], ["b"]]) == "p\n#\na\n1\n#\nb\n#\np"
    assert layout.text("p", []) == "p"


@pytest.mark.parametrize("ask", ["#", "#\n{problem}"])
def test_a_chain_reads_token_for_token_what_the_model_was_trained_on(tmp_path, ask) -> None:
    from stepscale.engine.encoding import StepEncoder, TextFormat
    from stepscale.generation.finetune import GeneratorTraining, _imitated, _rows
    from stepscale.generation.local import LocalGenerator
    from stepscale.lab.base_model import new_model
    from stepscale.lab.pretrain_options import PretrainOptions
    from stepscale.lab.tokenizer import build_tokenizer

    tokenizer = build_tokenizer()
    new_model(PretrainOptions(out="", width=16, layers=1, heads=2), ["piece"] * len(tokenizer)).save_pretrained(
        tmp_path
    )
    tokenizer.save_pretrained(tmp_path)
    template = "<s>{problem}\n"
    generator = LocalGenerator.load(tmp_path, prompt_template=template, device="cpu")
    layout = RevisionLayout(attempt="#\n{attempt}\n", ask=ask)
    changed = problems().assign(problem="E=5-2*3. Find E.")
    table = pd.DataFrame(
        [
            solution(0, "E=5-6/E=-1/the answer is \\boxed{-1}", True),
            solution(1, "E=5-5/so \\boxed{0}", False),
            solution(2, "E=3*3/thus \\boxed{9}", False),
        ]
    )
    got = pd.concat([revision_examples(changed, table, RevisionData(layout=layout), seed) for seed in range(20)])
    assert {0, 1, 2} == set(got["context"].map(len))
    rows = _rows(_imitated(changed, got, GeneratorTraining()), StepEncoder(tokenizer, TextFormat(prompt=template)), 2)
    for row, prompt in zip(rows, got["prompt"], strict=True):
        prompt_ids = generator.encode_prompt(prompt)
        assert tuple(row.ids[: len(prompt_ids)]) == tuple(prompt_ids)
        assert tokenizer.decode(row.ids[len(prompt_ids) :]) == "E=5-6\nE=-1\nthe answer is \\boxed{-1}\n</s>"
        assert (row.targets[: len(prompt_ids)] < 0).all() and (row.targets[len(prompt_ids) :] >= 0).all()


def test_mistakes_are_told() -> None:
    with pytest.raises(InputError, match="no finished right solution"):
        revision_examples(problems(), samples(0, 3), RevisionData(), 0)
    with pytest.raises(InputError, match="'p0' has solutions but is not"):
        revision_examples(problems().assign(problem_id="q"), samples(1, 1), RevisionData(), 0)
    with pytest.raises(InputError, match="exactly once"):
        RevisionLayout(attempt="no place")


def test_the_orm_reads_the_history_or_not_and_learns_the_outcome_at_every_step() -> None:
    chains = pd.DataFrame(
        [
            solution(0, "a/1", False, prompt="problem 0"),
            solution(1, "b/2", True, prompt="problem 0\n[a\n1]?"),
            solution(2, "c/3", True, prompt="problem 0\n[b]?", finish="length"),
        ]
    )
    seeing, blind = (revision_orm_examples(problems(), chains, history) for history in (True, False))
    assert [e.trajectory.problem for e in seeing] == ["problem 0", "problem 0\n[a\n1]?"]
    assert [e.trajectory.problem for e in blind] == ["problem 0"] * 2
    assert [e.targets for e in seeing] == [(0.0, 0.0), (1.0, 1.0)]
    assert len(revision_trajectories(problems(), chains, True)) == 3
    with pytest.raises(InputError, match="not in the problems table"):
        revision_trajectories(problems(0), chains, False)


def test_finetune_takes_them_the_loss_lies_on_the_right_solution_alone(tiny_reviser) -> None:
    from stepscale.engine.encoding import StepEncoder, TextFormat
    from stepscale.generation.finetune import GeneratorTraining, _imitated, _rows
    from stepscale.training.batches import IGNORED

    tokenizer = tiny_reviser
    table = pd.DataFrame([solution(0, "one/2", True), solution(1, "one/3", False)])
    got = pd.concat([revision_examples(problems(), table, RevisionData(layout=LAYOUT), seed) for seed in range(8)])
    longest = got[got["context"].map(len) == 1].head(1)
    merged = _imitated(problems(), longest, GeneratorTraining())
    [row] = _rows(merged, StepEncoder(tokenizer, TextFormat(prompt="<s>{problem}\n")), tokenizer.eos_token_id)
    text = tokenizer.decode(row.ids)
    assert text == "<s>problem 0\n[one\n3]?\none\n2\n</s>"
    learned = [int(t) for t in row.targets if t != IGNORED]
    assert tokenizer.decode(learned) == "one\n2\n</s>"


@pytest.fixture
def tiny_reviser():
    return letter_tokenizer(sorted(set("problem 0123456789onetw\n[]?")))
