"""The verifier that writes, over a generator that says what is written down, and over a tiny model."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stepscale.cost import Ledger
from stepscale.engine.placement import Placement
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.resume import model_hash
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.generative import GenerativeVerifier
from stepscale.verifiers.generative_options import GenerativePRM
from stepscale.verifiers.open_verifier import open_verifier, ready_prm_folder

SOLVED = Trajectory("2+2+1?", ("2+2=4", "4+1=6", "Answer: 6"))
RIGHT = "Step 1: Verdict: right\nStep 2: Verdict: right\nStep 3: Verdict: right"
WRONG = "Step 1: Verdict: right\nStep 2: Verdict: wrong"


@dataclass
class Critic:
    """Says ``say(question, seed)``; a token is a character."""

    say: Callable[[str, int], str]
    name: str = "critic"
    parameters: int = 10
    context: int = 10_000
    calls: list[list[Request]] = field(default_factory=list)

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return tuple(map(ord, problem))

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        self.calls.append(list(requests))
        written = [
            tuple(map(ord, self.say(self.decode(r.prefix), r.seed)))[: sampling.max_new_tokens] for r in requests
        ]
        ledger.add(self.name, "prefill", sum(len(r.prefix) for r in requests), parameters=self.parameters)
        ledger.add(self.name, "decode", sum(map(len, written)), parameters=self.parameters)
        return [Continuation(tokens, (), "solution", ()) for tokens in written]


def options(**changes: object) -> GenerativePRM:
    return GenerativePRM.model_validate({"base": "critic", "ask": "{problem}\n{solution}\nChecks:\n"} | changes)


def alternating(*texts: str) -> Critic:
    """A critic that says these in turn."""
    counter = iter(range(1000))
    return Critic(lambda question, seed: texts[next(counter) % len(texts)])


def test_a_step_is_wrong_with_the_share_of_judgments_that_find_an_error_up_to_it() -> None:
    verifier = GenerativeVerifier(alternating(RIGHT, WRONG, WRONG, WRONG), options(judgments=4), "prm")
    [scores] = verifier.score([SOLVED], Ledger())
    assert scores.negative.tolist() == [0, 0.75, 0.75] and not scores.neutral.any() and scores.unread == 0


def test_all_tokens_read_and_written_count_as_the_verifiers() -> None:
    critic, ledger = alternating(RIGHT), Ledger()
    GenerativeVerifier(critic, options(judgments=2), "prm").score([SOLVED], ledger)
    prompt = len(critic.calls[0][0].prefix)
    assert ledger.verify_tokens() == ledger.tokens == 2 * (prompt + len(RIGHT))
    assert ledger.verifier_flops() == 2 * 10 * ledger.tokens and list(ledger.models) == ["prm"]


def test_what_cannot_be_read_is_counted_and_said_and_leaves_even_odds(caplog: pytest.LogCaptureFixture) -> None:
    verifier = GenerativeVerifier(alternating("Lovely weather.", "Step 1: Verdict: right"), options(judgments=2))
    with caplog.at_level(logging.WARNING):
        [scores] = verifier.score([SOLVED], Ledger())
    assert scores.negative.tolist() == [0, 0.5, 0.5]
    assert (verifier.counts.judgments, verifier.counts.unread, verifier.counts.broken_off) == (2, 1, 1)
    assert "of 2 judgments 1 hold no verdict that can be read and 1 break off" in caplog.text


def test_the_first_k_judgments_of_more_are_the_judgments_of_k_whatever_the_company() -> None:
    few, many = (Critic(lambda question, seed: RIGHT) for _ in range(2))
    GenerativeVerifier(few, options(judgments=2)).score([SOLVED], Ledger())
    other = Trajectory("1+1?", ("2",))
    GenerativeVerifier(many, options(judgments=3)).score([other, SOLVED, SOLVED], Ledger())
    assert many.calls[0][3:5] == few.calls[0] and len(many.calls[0]) == 6
    assert len({request.seed for request in many.calls[0]}) == 6


def test_solutions_without_steps_ask_nothing_and_order_is_kept() -> None:
    critic = Critic(lambda question, seed: WRONG if "6" in question else RIGHT)
    empty, right = Trajectory("p", ()), Trajectory("p", ("a", "b", "c"))
    scores = GenerativeVerifier(critic, options()).score([right, empty, SOLVED, right], Ledger())
    assert [one.negative.tolist() for one in scores] == [[0, 0, 0], [], [0, 1, 1], [0, 0, 0]]
    assert len(critic.calls[0]) == 2
    assert GenerativeVerifier(critic, options()).score([], Ledger()) == []


def test_steps_that_do_not_fit_the_context_are_unread_and_wrong() -> None:
    critic = Critic(lambda question, seed: "Step 1: Verdict: right", context=100)
    long = Trajectory("p", ("a" * 20, "b" * 60, "c"))
    [scores] = GenerativeVerifier(critic, options()).score([long], Ledger())
    assert scores.unread == 2 and scores.negative.tolist() == [0, 1, 1]
    [none] = GenerativeVerifier(critic, options()).score([Trajectory("p" * 200, ("a",))], Ledger())
    assert none.unread == 1 and none.negative.tolist() == [1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": None}, "give a model folder"),
        ({"ask": "{problem}"}, r"\{solution\} must come up exactly once"),
        ({"step": "step"}, r"\{step\} must come up exactly once"),
        ({"judgments": 3, "temperature": 0}, "all the same"),
    ],
)
def test_settings_that_ask_nothing_sensible_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        options(**changes)


def test_a_tiny_model_opened_by_its_configuration_scores_whatever_it_writes(base: Path, tmp_path: Path) -> None:
    settings = options(base=str(base), judgments=2, max_new_tokens=12)
    folder = ready_prm_folder(settings, tmp_path / "prm")
    verifier, ledger = open_verifier(folder, "prm", Placement(device="cpu")), Ledger()
    scores = verifier.score([SOLVED, Trajectory("p", ())], ledger)
    assert [len(one.negative) for one in scores] == [3, 0] and verifier.parameters > 0
    assert ledger.models["prm"].verify == ledger.tokens > 0
    assert verifier.encode([SOLVED])[0].step_ends == [len(verifier.encode([SOLVED])[0].ids) - 1] * 3
    [again] = open_verifier(folder, "prm", Placement(device="cpu")).score([SOLVED], Ledger())
    assert (again.negative == scores[0].negative).all()


def test_what_a_shard_is_made_of_tells_the_question_and_the_weights_but_not_where_the_server_is(
    base: Path, tmp_path: Path
) -> None:
    def key(name: str, **changes: object) -> str:
        return model_hash(ready_prm_folder(options(**changes), tmp_path / name))

    assert key("a", base=str(base)) != key("b", base=str(base), judgments=2)
    served = {"model": "m", "base_url": "http://a/v1"}
    assert key("c", base=None, server=served) == key("d", base=None, server=served | {"base_url": "http://b/v1"})


def test_a_chat_question_stands_in_the_models_own_template(base: Path) -> None:
    from transformers import AutoTokenizer

    from stepscale.verifiers.generative import open_generative

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}[assistant]"
    tokenizer.save_pretrained(base)
    verifier = open_generative(options(base=str(base), chat=True, max_new_tokens=4), device="cpu")
    [encoded] = verifier.encode([SOLVED])
    text = tokenizer.decode(encoded.ids)
    assert text.endswith("Checks:\n[assistant]") and "[user]2+2+1?" in text.replace(" ", "")


def test_a_served_model_judges_too_and_its_own_count_of_tokens_is_taken(make_bpe: Callable[..., Any]) -> None:
    from fake_vllm import FakeVLLM

    from stepscale.verifiers.generative import open_generative

    server = FakeVLLM(make_bpe(), pieces=["+", "-", ""], context=4096)
    server_options = {"base_url": server.base_url, "model": "fake", "parameters": 7}
    verifier, ledger = open_generative(options(base=None, server=server_options, judgments=3), "prm"), Ledger()
    [scores] = verifier.score([SOLVED], ledger)
    server.close()
    assert scores.negative.tolist() == [0.5] * 3 and verifier.counts.unread == 3
    assert ledger.verify_tokens() == sum(server.usage.values()) > 0
    assert ledger.verifier_flops() == 2 * 7 * ledger.verify_tokens()
