"""RLHFlow's Llama3.1-8B-PRM (Mistral-Data, Deepseek-Data): each step a user's turn, answered "+" or "-" by the assistant."""

from itertools import pairwise

from stepscale.errors import InputError
from stepscale.models.encoding import Encoded
from stepscale.models.loading import longest_input, saved_weights
from stepscale.verifiers.adapters.parts import PublicVerifier, each, one_token, open_body, read_good_bad, token_head
from stepscale.verifiers.contract import Trajectory
from stepscale.verifiers.scoring import StepScorer

GOOD, BAD = "+", "-"


def open_rlhflow(config: PublicVerifier) -> StepScorer:
    """The verifier: P(step is right) is the share of "+" against "-" where the assistant's answer is to come.

    Later steps are read after the answer "+" to each earlier one, as in the published evaluation, in one pass.
    """
    tokenizer, body, _ = open_body(config)
    like, longest = next(body.parameters()), longest_input(body)
    judgements = [one_token(tokenizer, word, config.source) for word in (GOOD, BAD)]
    weights = saved_weights(config.source, "lm_head.", "model.embed_tokens.")

    def encode(trajectory: Trajectory) -> Encoded:
        turns: list[dict[str, str]] = []
        written = [""]  # the conversation up to each answer that is to come
        for i, step in enumerate(trajectory.steps):
            turns.append({"role": "user", "content": step if i else f"{trajectory.problem} {step}"})
            written.append(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
            turns.append({"role": "assistant", "content": GOOD})
        ids: list[int] = []
        ends: list[int] = []
        for before, after in pairwise(written):
            if not after.startswith(before):
                raise InputError(
                    f"the chat template of {config.source} rewrites earlier turns; steps cannot be told apart"
                )
            piece = tokenizer(after[len(before) :], add_special_tokens=False)["input_ids"]
            if longest and len(ids) + len(piece) > longest:
                break
            ids += piece
            ends.append(len(ids) - 1)
        return Encoded(ids, 1, ends, len(trajectory.steps) - len(ends))

    head = token_head(weights, judgements, like, config.source)
    return StepScorer(config.shown_name, each(encode), body, head, read_good_bad)
