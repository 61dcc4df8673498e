"""Skywork-o1-Open-PRM: problem and steps on lines of their own, a value head at each newline, through a sigmoid."""

from stepscale.engine.encoding import StepEncoder, TextFormat
from stepscale.engine.loading import longest_input, saved_weights
from stepscale.verifiers.adapters.parts import encode_with, layers_of, one_token, open_body
from stepscale.verifiers.public import PublicVerifier
from stepscale.verifiers.scoring import StepScorer, read_right

STEP_TOKEN = "\n"


def open_skywork_o1(config: PublicVerifier) -> StepScorer:
    """The verifier. The published code is not run: its value head is rebuilt from the weights."""
    tokenizer, body, _ = open_body(config)
    one_token(tokenizer, STEP_TOKEN, config.source)
    layout = TextFormat(prompt=(tokenizer.bos_token or "") + "{problem}\n", separator=STEP_TOKEN)
    encoder = StepEncoder(tokenizer, layout, longest_input(body))
    like = next(body.parameters())
    (head,) = layers_of(saved_weights(config.source, "v_head."), "v_head.summary", like=like, source=config.source)
    return StepScorer(config.shown_name, encode_with(encoder), body, head, read_right)
