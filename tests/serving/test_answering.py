"""The policy answers within the budget, the same question always alike, and tells what it did and spent."""

import pytest
from search_fakes import END, FakeGenerator, FakeVerifier, random_generator, random_verifier, uniform

from stepscale.errors import InputError
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion

QUESTIONS = [PolicyQuestion(f"problem {i}", 6) for i in range(20)]


def varied() -> FakeVerifier:
    """Sure of some problems' solutions, of others not."""
    return FakeVerifier(
        lambda problem, steps: round(uniform(problem) ** 0.3 * (0.4 + 0.6 * uniform(problem, steps)), 3)
    )


@pytest.fixture
def answerer(settings) -> Answerer:
    return Answerer(ServedPolicy.model_validate(settings), random_generator(3), varied())


def test_the_same_question_gets_the_same_answer_whatever_was_asked_before(answerer, settings) -> None:
    first = [answerer.answer(question) for question in QUESTIONS]
    assert [answerer.answer(question) for question in reversed(QUESTIONS)] == first[::-1]
    fresh = Answerer(ServedPolicy.model_validate(settings), random_generator(3), varied())
    assert fresh.answer(QUESTIONS[7]) == first[7]


def test_another_seed_problem_or_budget_draws_anew(settings) -> None:
    def seeds(seed: int, question: PolicyQuestion) -> set[int]:
        generator = random_generator(3)
        Answerer(ServedPolicy.model_validate({**settings, "seed": seed}), generator, random_verifier(0)).answer(
            question
        )
        return {request.seed for _, _, requests in generator.calls for request in requests}

    cases = [
        (0, PolicyQuestion("a", 4)),
        (1, PolicyQuestion("a", 4)),
        (0, PolicyQuestion("b", 4)),
        (0, PolicyQuestion("a", 5)),
    ]
    seeds_of_cases = [seeds(*answer) for answer in cases]
    assert all(not a & b for i, a in enumerate(seeds_of_cases) for b in seeds_of_cases[:i])


@pytest.mark.parametrize("budget", [1, 2, 3, 4, 5, 6, 7, 10**30])
def test_no_problem_costs_more_than_the_budget_and_all_is_counted(settings, budget) -> None:
    for question in QUESTIONS:
        generator, verifier = random_generator(3), varied()
        answer = Answerer(ServedPolicy.model_validate(settings), generator, verifier).answer(
            PolicyQuestion(question.problem, budget)
        )
        assert 1 <= answer.generations <= budget
        spent = answer.tokens_spent
        assert spent.total == spent.prefill + spent.decode + spent.verify
        read = sum(len(t.problem) + sum(map(len, t.steps)) for call in verifier.calls for t in call)
        assert spent.verify == read and spent.prefill == sum(
            len(request.prefix) for _, _, requests in generator.calls for request in requests
        )


def test_the_probes_decide_what_is_done_and_the_answer_names_it(answerer) -> None:
    answers = [answerer.answer(question) for question in QUESTIONS]
    assert {answer.difficulty for answer in answers} == {1, 2}
    assert {answer.strategy for answer in answers} == {
        "2 probes, weighted vote",
        "2 probes, then samples up to 4, weighted vote over all",
        "2 probes, then beam at 4, weighted vote over all",
    }
    for answer in answers:
        assert (
            answer.generations
            == {"w": 2, "s": 4, "b": 6}[answer.strategy.replace("2 probes, ", "").replace("then ", "")[0]]
        )
        assert answer.difficulty == 2 or "beam" not in answer.strategy
        assert 0 <= answer.confidence <= 1


def test_the_steps_are_those_of_a_solution_with_the_answer(answerer) -> None:
    for answer in map(answerer.answer, QUESTIONS):
        if answer.answer is not None:
            assert f"\\boxed{{{answer.answer}}}" in " ".join(step.text for step in answer.steps)
            assert all(0 <= step.score <= 1 for step in answer.steps)


def test_without_an_answer_there_is_null_and_nothing_is_made_up(settings) -> None:
    endless = FakeGenerator(lambda text, number, seed, temperature: "so\n")
    answer = Answerer(ServedPolicy.model_validate(settings), endless, random_verifier(0)).answer(PolicyQuestion("a", 4))
    assert (answer.answer, answer.steps, answer.confidence) == (None, [], 0.0)
    assert answer.generations == 4 and answer.difficulty == 2


def test_what_a_model_wrote_stays_text(settings) -> None:
    written = "\\boxed{__import__('os').abort()}" + END
    hostile = FakeGenerator(lambda text, number, seed, temperature: written)
    answer = Answerer(ServedPolicy.model_validate(settings), hostile, random_verifier(0)).answer(PolicyQuestion("a", 1))
    assert answer.answer == "__import__('os').abort()"


def test_a_problem_too_long_for_the_generator_is_refused_before_it_is_read(settings) -> None:
    generator = random_generator(3)
    answerer = Answerer(ServedPolicy.model_validate(settings), generator, varied(), most_tokens=10)
    with pytest.raises(InputError, match="too long: 11 tokens with its prompt, the generator has room for 10"):
        answerer.answer(PolicyQuestion("1" * 10, 4))
    assert generator.calls == []
    assert answerer.answer(PolicyQuestion("1" * 9, 4)).generations >= 1


def test_the_generator_is_opened_as_it_was_when_the_policy_was_learned(settings, tmp_path, monkeypatch) -> None:
    opened = {}

    def load(folder, **how):
        opened.update(how)
        model = random_generator(3)
        model.context = 512
        return model

    monkeypatch.setattr("stepscale.generation.local.LocalGenerator.load", load)
    monkeypatch.setattr("stepscale.verifiers.scoring.ModelVerifier", lambda *_, **__: varied())
    policy = ServedPolicy.model_validate({**settings, "ends_before": "Problem:"})
    policy.write(tmp_path / "policy.json")
    Answerer.load(tmp_path / "policy.json", tmp_path, tmp_path)
    assert opened["ends_before"] == "Problem:" and opened["prompt_template"] == settings["prompt"]


def test_a_policy_comes_back_from_its_file(settings, tmp_path) -> None:
    policy = ServedPolicy.model_validate(settings)
    policy.write(tmp_path / "policy.json")
    assert ServedPolicy.read(tmp_path / "policy.json") == policy
    assert [policy.within(budget).budget for budget in (1, 3, 4, 5, 6, 100)] == [1, 1, 4, 4, 6, 6]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"runs": {}}, "'beam at 4', which is not among the runs"),
        ({"runs": {"beam at 4": {"method": "beam", "n": 8, "width": 2}}}, "budget 6 may spend more"),
        ({"budgets": []}, "budgets"),
        ({"color": 1}, "color"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(settings, tmp_path, change, fault) -> None:
    import json

    (tmp_path / "policy.json").write_text(json.dumps({**settings, **change}))
    with pytest.raises(InputError, match=fault) as caught:
        ServedPolicy.read(tmp_path / "policy.json")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        ServedPolicy.read(tmp_path / "absent.json")
