"""What each hostile text goes through. A target returns nothing, raises `Wrong`, or raises what is then a crash."""

import html.parser
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from campaigns.models_that_say import LikingVerifier, SayingGenerator
from campaigns.text.cases import TextCase
from campaigns.text.readers import readers
from campaigns.text.watching import Wrong
from stepscale.grading import extract_answer, is_equivalent
from stepscale.grading.answer_groups import group_equal_answers
from stepscale.labeling.page.app import sample_for_page
from stepscale.labeling.page.formulas import as_html
from stepscale.labeling.page.sample import Sample

_ANSWERED = (200, 400, 413, 422)  # HTTP
_ESCAPED = re.compile(r"\\+\$")
_ELEMENTS = re.compile(
    "math|mrow|m[inos]|mtext|mspace|msup|msub|msubsup|mfrac|msqrt|mroot|mover|munder|munderover|mtable|mtr|mtd|mstyle|mpadded"
    "|mphantom|mmultiscripts|mprescripts|none|menclose|br"
)


def extraction(case: TextCase) -> None:
    """The answer is a text or None, whatever the text is."""
    answer = extract_answer(case.text)
    if not (answer is None or isinstance(answer, str)):
        raise Wrong("crashes", f"extract_answer gave {type(answer).__name__}")


def votes(case: TextCase) -> None:
    """Equal answers are grouped, and none is lost."""
    answers = [case.prediction, extract_answer(case.text), case.gold, case.prediction]
    groups = group_equal_answers(answers)
    if [answer is None for answer in answers] != [group is None for group in groups] or groups[0] != groups[3]:
        raise Wrong("crashes", f"votes are lost: {groups!r:.200}")


def page(case: TextCase) -> None:
    """The labeling page gets texts and known elements alone, as data and as HTML, and every character of the text."""
    sample = Sample(problem=case.text, steps=(case.prediction, case.text), answer=case.gold, solution=case.text)
    sent = json.loads(json.dumps(sample_for_page(sample, "every_step")))
    parts = [part if isinstance(part, str) else part["latex"] for part in sent["problem"]]
    if _unescaped("".join(parts)) != _unescaped(case.text):
        raise Wrong("crashes", "the page loses characters of the text")
    for part in sent["problem"]:
        if not isinstance(part, str):
            _check_tree(part["mathml"])
    for tag, attributes in _tags(as_html(case.text)):
        if not _ELEMENTS.fullmatch(tag) or any(
            name.startswith("on") or name in ("href", "src") for name, _ in attributes
        ):
            raise Wrong("executed", f"as_html lets {tag} {attributes} through")


def served_policy(case: TextCase) -> None:
    """A question of this text, whose solutions are this text, is answered or refused over HTTP."""
    client, generator = _client()
    generator.text = case.text
    body = {"model": "stepscale-policy", "messages": [{"role": "user", "content": case.text}]}
    reply = client.post("/v1/chat/completions", content=json.dumps(body), headers={"Content-Type": "application/json"})
    if reply.status_code not in _ANSWERED:
        raise Wrong("crashes", f"the served policy says {reply.status_code}: {reply.text:.300}")
    json.loads(reply.content)


def strict_grading(case: TextCase) -> None:
    """Verdicts by the strict rules, on the answer and on what is extracted from the text."""
    is_equivalent(case.prediction, case.gold)
    is_equivalent(extract_answer(case.text), case.gold)


TARGETS: dict[str, Callable[[TextCase], None]] = {
    "extraction": extraction,
    "strict grading": strict_grading,
    "votes": votes,
    "readers": readers,
    "page": page,
    "policy": served_policy,
}
"""By name."""


@cache
def _client() -> tuple[Any, SayingGenerator]:
    """A client of the served policy in this process."""
    from fastapi.testclient import TestClient

    from stepscale.serving.answering import Answerer
    from stepscale.serving.policy import ServedPolicy
    from stepscale.serving.server import ServerOptions, application

    policy = {"probes": 2, "sure": 2.0, "borders": [], "actions": [{"samples": 3}]}
    served = ServedPolicy.model_validate(
        {
            "seed": 0,
            "prompt": "{problem}\n",
            "aggregation": "product",
            "chosen_on": 0,
            "sampling": {"temperature": 1.0, "top_p": 1.0, "max_new_tokens": 4_000},
            "runs": {},
            "budgets": [{"budget": 3, "policy": policy}],
        }
    )
    generator = SayingGenerator()
    # on a busy machine 60 seconds may pass without work; a hang is told by the processor's time
    options = ServerOptions(seconds=600)
    client = TestClient(
        application(Answerer(served, generator, LikingVerifier()), options), raise_server_exceptions=False
    )
    client.__enter__()
    return client, generator


def _unescaped(text: str) -> str:
    """The text without the backslashes before its dollars: the page shows one fewer, however many there are.

    The two halves of a surrogate pair are the character that JSON makes of them.
    """
    return _ESCAPED.sub("$", text).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _check_tree(tree: Any) -> None:
    tag, attributes, *children = tree
    if not _ELEMENTS.fullmatch(tag) or any(
        name.startswith("on") or name in ("href", "src", "style") for name in attributes
    ):
        raise Wrong("executed", f"the page is sent {tag} {attributes}")
    for child in children:
        if not isinstance(child, str):
            _check_tree(child)


def _tags(markup: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    class Reader(html.parser.HTMLParser):
        tags: list[tuple[str, list[tuple[str, str | None]]]]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append((tag, attrs))

    reader = Reader()
    reader.tags = []
    reader.feed(markup)
    return reader.tags
