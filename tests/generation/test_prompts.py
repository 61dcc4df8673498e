"""How a generator is asked: by a template, by the model's chat template, by solved examples; steps stay token positions."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from stepscale.cost import Ledger
from stepscale.engine.loading import load_tokenizer
from stepscale.errors import InputError
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.ends import ended_before
from stepscale.generation.local import LocalGenerator
from stepscale.generation.prompts import ChatPrompt, FewShotPrompt, Prompt, prompt_template
from stepscale.generation.sampling import solutions_table
from stepscale.parameters import GeneratorBlock

SHORT = Sampling(1.0, 1.0, 40)
CHAT = (
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}[end]{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def write_prm800k(path: Path, count: int) -> Path:
    """Right solutions with an answer heading, one wrong one, and a right one that is too long."""
    with path.open("w") as file:
        for i in range(count + 2):
            steps = ["We add." * (400 if i == count else 1), f"So {i}.\n\n# Answer\n\n{i}"]
            finish = "found_error" if i == count + 1 else "solution"
            rated = [
                {
                    "completions": [{"text": s, "rating": 1, "flagged": None}],
                    "human_completion": None,
                    "chosen_completion": 0,
                }
                for s in steps
            ]
            record = {
                "labeler": "x",
                "timestamp": "t",
                "generation": None,
                "is_quality_control_question": False,
                "is_initial_screening_question": False,
                "question": {"problem": f" Number {i}? ", "ground_truth_answer": str(i)},
                "label": {"steps": rated, "total_time": 1, "finish_reason": finish},
            }
            file.write(json.dumps(record) + "\n")
    return path


@pytest.fixture(scope="module")
def model(model_of: Callable[..., Path]) -> Path:
    """A tiny Llama whose tokenizer knows a chat template."""
    folder = model_of(["Problem: Number 3?\nSolution:\nWe add.\nSo 3.\n# Answer\n"] * 5)
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return folder


def test_examples_are_right_short_and_closed_by_the_end_of_text_token(model: Path, tmp_path: Path) -> None:
    prompt = FewShotPrompt(style="few_shot", path=str(write_prm800k(tmp_path / "phase1.jsonl", 6)), count=4)
    template = prompt_template(prompt, str(model), seed=0)
    *examples, question = template.split("<eos>\n")
    assert len(examples) == 4
    assert question == "Problem: {problem}\nSolution:\n"
    for text in examples:
        number = text.split("Number ")[1].split("?")[0]
        assert int(number) < 6, "neither the wrong nor the long one"
        assert text == f"Problem: Number {number}?\nSolution:\nWe add.\nSo {number}.\n# Answer\n{number}\n"
    assert template == prompt_template(prompt, str(model), seed=0)
    assert template != prompt_template(prompt, str(model), seed=1), "which examples: by the run's seed"


def test_too_few_examples_are_told(model: Path, tmp_path: Path) -> None:
    prompt = FewShotPrompt(style="few_shot", path=str(write_prm800k(tmp_path / "phase1.jsonl", 3)))
    with pytest.raises(InputError, match=r"holds 3 right solutions of at most 1200 characters, not 4"):
        prompt_template(prompt, str(model), seed=0)


SOLVED = [{"problem": "Number 1?", "solution": "We add.\nAnswer: 1"}, {"problem": "Number 2?", "solution": "Answer: 2"}]


def test_examples_are_turns_of_the_chat_template(model: Path) -> None:
    prompt = ChatPrompt.model_validate({"style": "chat", "instruction": "Go.", "examples": {"solved": SOLVED}})
    assert prompt_template(prompt, str(model), seed=0) == (
        "[user]Number 1?\n\nGo.[end][assistant]We add.\nAnswer: 1[end]"
        "[user]Number 2?\n\nGo.[end][assistant]Answer: 2[end][user]{problem}\n\nGo.[end][assistant]"
    )


def test_examples_may_be_written_out(model: Path) -> None:
    prompt = FewShotPrompt.model_validate({"style": "few_shot", "solved": SOLVED[:1]})
    example = "Problem: Number 1?\nSolution:\nWe add.\nAnswer: 1\n<eos>\n"
    assert prompt_template(prompt, str(model), seed=0) == f"{example}Problem: {{problem}}\nSolution:\n"
    for source in ({}, {"solved": SOLVED, "path": "x"}):
        with pytest.raises(ValidationError, match="give one of them"):
            FewShotPrompt.model_validate({"style": "few_shot", **source})


def test_examples_of_a_math_file_are_the_solutions_beside_its_problems(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    rows = [{"problem": f"Number {i}?", "solution": f"We add.\n\nSo $\\boxed{{{i}}}$."} for i in range(5)]
    rows += [{"problem": "Number 9?", "answer": "9"}, {"problem": "What is {problem}?", "solution": "\\boxed{1}"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    examples = {"path": str(path), "format": "math", "count": 5}
    template = prompt_template(FewShotPrompt.model_validate({"style": "few_shot", **examples}), str(model), seed=0)
    assert sorted(template.split("<eos>\n")[:-1]) == [
        f"Problem: Number {i}?\nSolution:\nWe add.\nSo $\\boxed{{{i}}}$.\n" for i in range(5)
    ]
    turns = ChatPrompt.model_validate({"style": "chat", "instruction": "", "examples": examples})
    assert prompt_template(turns, str(model), seed=0).count("[assistant]We add.\nSo $") == 5
    with pytest.raises(InputError, match=r"holds 5 right solutions .* not 6"):
        prompt_template(
            turns.model_copy(update={"examples": turns.examples.model_copy(update={"count": 6})}), str(model), 0
        )  # type: ignore[union-attr]


def test_the_chat_template_is_the_models_own(model: Path, model_of: Callable[..., Path]) -> None:
    template = prompt_template(ChatPrompt(style="chat", instruction="Go."), str(model), seed=0)
    assert template == "[user]{problem}\n\nGo.[end][assistant]"
    with pytest.raises(InputError, match="has no chat template"):
        prompt_template(ChatPrompt(style="chat"), str(model_of(["a"])), seed=0)


def test_a_chat_template_that_tells_the_day_tells_the_same_one_ever_after(model_of: Callable[..., Path]) -> None:
    folder = model_of(["Today is 01 Jan 2025. What is 2 + 2?"])
    tokenizer = load_tokenizer(folder)
    tokenizer.chat_template = "Today is {{ strftime_now('%d %b %Y') }}. {{ messages[0]['content'] }}"
    tokenizer.save_pretrained(folder)
    assert prompt_template(ChatPrompt(style="chat"), str(folder), 0).startswith("Today is 01 Jan 2025. {problem}")


def test_a_tokenizer_that_writes_its_first_token_itself_does_not_write_it_twice(model: Path, tmp_path: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = load_tokenizer(model)
    tokenizer.bos_token = "<pad>"
    tokenizer._tokenizer.post_processor = TemplateProcessing(single="<pad> $A", special_tokens=[("<pad>", 0)])
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text((model / "config.json").read_text())
    template = prompt_template(ChatPrompt(style="chat"), str(tmp_path), seed=0)
    assert load_tokenizer(tmp_path)(template)["input_ids"].count(0) == 1


def test_a_template_without_its_place_is_refused(model: Path) -> None:
    with pytest.raises(InputError, match="must come up exactly once, not 0 times"):
        prompt_template("Solve it:\n", str(model), seed=0)


@pytest.mark.parametrize("other", ["{x}", "{the_answer}"])
def test_words_in_braces_that_nothing_stands_for_are_told(
    model: Path, caplog: pytest.LogCaptureFixture, other: str
) -> None:
    assert prompt_template(f"{{problem}}{other}", str(model), seed=0) == f"{{problem}}{other}", "braces may be meant"
    assert caplog.messages == [f"the prompt shows {other} as written: {{problem}} is its only field"]


def test_braces_of_latex_in_a_prompt_are_nothing_to_tell(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    prompt_template("{problem}\nAnswer in \\boxed{answer}, as x^{n}, \\sqrt[3]{x} or {1, 2}:\n", str(model), seed=0)
    assert caplog.messages == []


def test_the_choice_is_typed() -> None:
    prompts: TypeAdapter[Prompt] = TypeAdapter(Prompt)
    assert prompts.validate_python("{problem}\n") == "{problem}\n"
    assert isinstance(prompts.validate_python({"style": "chat"}), ChatPrompt)
    with pytest.raises(ValidationError, match="extra_forbidden"):
        prompts.validate_python({"style": "few_shot", "path": "x", "shots": 4})


@pytest.mark.parametrize("style", ["chat", "few_shot", "plain"])
def test_newline_steps_have_their_token_positions_whatever_the_prompt(model: Path, tmp_path: Path, style: str) -> None:
    path = str(write_prm800k(tmp_path / "phase1.jsonl", 6))
    prompts = {
        "chat": ChatPrompt(style="chat"),
        "few_shot": FewShotPrompt(style="few_shot", path=path),
        "plain": "{problem}\n",
    }
    template = prompt_template(prompts[style], str(model), seed=0)
    generator = LocalGenerator.load(model, prompt_template=template, device="cpu")
    prefix = generator.encode_prompt("Number 9?")
    assert generator.decode(prefix).endswith(load_tokenizer(model).decode(prefix[-3:], skip_special_tokens=True))
    continuations = generator.generate(
        [Request(prefix, seed) for seed in range(24)], Sampling(1.0, 1.0, 40), "solution", Ledger()
    )
    table = solutions_table(generator, [("p", i) for i in range(24)], continuations)
    assert table["step_ends"].map(len).max() > 1
    for steps, tokens, ends in zip(table["steps"], table["tokens"], table["step_ends"], strict=True):
        starts = [0, *(end + 1 for end in ends)]
        texts = [generator.decode(tokens[a : b + 1]).strip() for a, b in zip(starts, ends, strict=False)]
        assert [text for text in texts if text] == steps
        assert all("\n" in generator.decode([tokens[end]]) for end in ends[:-1])


def test_a_solution_ends_where_the_model_makes_up_the_next_problem() -> None:
    texts = ["a", "\n", "5", "\n", "Problem:", " next", "\n", "# Answer", "\n", "7"]
    read = lambda tokens: "".join(texts[t] for t in tokens)  # noqa: E731
    continuation = Continuation(tuple(range(10)), (-1.0,) * 10, "length", (1, 3, 6, 8))
    cut = ended_before("Problem:", continuation, read)
    assert (cut.tokens, cut.step_ends, cut.ended, len(cut.logprobs)) == ((0, 1, 2, 3), (1, 3), "solution", 4)
    unended = Continuation((0, 1, 2), (-1.0,) * 3, "length", (1,))
    assert ended_before("Problem:", unended, read) == unended
    opened = Continuation((4, 5, 6), (-1.0,) * 3, "step", (2,))  # a search draws it as a step of its own
    assert ended_before("Problem:", opened, read) == Continuation((), (), "solution", ())


def test_only_a_base_asked_by_examples_ends_before_a_further_one() -> None:
    fields = {
        "base": "x/y",
        "prompt": {"style": "few_shot", "path": "examples.jsonl"},
        "examples": "own",
        "samples_per_problem": 1,
        "sampling": {"max_new_tokens": 9},
    }
    as_it_is = GeneratorBlock.model_validate({**fields, "fine_tuning": None})
    tuned = GeneratorBlock.model_validate({**fields, "fine_tuning": {"epochs": 1}})
    assert as_it_is.opening == as_it_is.base_opening == tuned.base_opening == "Problem:"
    assert tuned.opening == ""


def test_the_line_that_ends_a_solution_is_a_key_of_its_own() -> None:
    fields = {"base": "x/y", "examples": "own", "samples_per_problem": 1, "sampling": {"max_new_tokens": 9}}
    with_text = {**fields, "prompt": "{problem}\n", "ends_before": "Question:"}
    for fine_tuning in (None, {"epochs": 1}):
        block = GeneratorBlock.model_validate({**with_text, "fine_tuning": fine_tuning})
        assert block.opening == block.base_opening == "Question:"


def test_drawing_stops_at_the_line_that_ends_a_solution(model: Path) -> None:
    free = LocalGenerator.load(model, device="cpu")
    requests = [Request(free.encode_prompt("Number 9?"), seed) for seed in range(24)]
    free_ledger, ended_ledger = Ledger(), Ledger()
    unended = free.generate(requests, SHORT, "solution", free_ledger)
    steps = solutions_table(free, [("p", i) for i in range(24)], unended)["steps"]
    opening = next(steps_of_one[1] for steps_of_one in steps if len(steps_of_one) > 1)[:3]
    ends = LocalGenerator.load(model, device="cpu", ends_before=opening)
    ended = ends.generate(requests, SHORT, "solution", ended_ledger)
    assert [c.tokens for c in ended] == [ended_before(opening, c, free.decode).tokens for c in unended]
    assert [c.ended for c in ended] == [ended_before(opening, c, free.decode).ended for c in unended]
    assert [c.step_ends for c in ended] == [ended_before(opening, c, free.decode).step_ends for c in unended]
    cut = [len(long.tokens) - len(short.tokens) for long, short in zip(unended, ended, strict=True)]
    assert max(cut) > len(opening) + 3
    assert ended_ledger.models["llama"].decode < free_ledger.models["llama"].decode, (
        "what stands behind it is not drawn"
    )


def test_a_generator_that_is_asked_by_examples_ends_its_solutions_so(model: Path) -> None:
    free = LocalGenerator.load(model, device="cpu")
    requests = [Request(free.encode_prompt("Number 9?"), seed) for seed in range(24)]
    unended = solutions_table(free, [("p", i) for i in range(24)], free.generate(requests, SHORT, "solution", Ledger()))
    opening = next(steps[1] for steps in unended["steps"] if len(steps) > 1)
    ends = LocalGenerator.load(model, device="cpu", ends_before=opening)
    assert free.end_tokens == 1 and ends.end_tokens >= len(opening)
    cut = solutions_table(ends, [("p", i) for i in range(24)], ends.generate(requests, SHORT, "solution", Ledger()))
    at = [next((k for k, step in enumerate(steps) if step.startswith(opening)), None) for steps in unended["steps"]]
    assert cut["steps"].tolist() == [steps[:k] for steps, k in zip(unended["steps"], at, strict=True)]
    assert [finish for finish, k in zip(cut["finish"], at, strict=True) if k is not None] == ["solution"] * sum(
        k is not None for k in at
    )
