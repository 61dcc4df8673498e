"""The in-process Generator: any transformers causal LM, many problems in one wide batch, every shared prefix once.

In: token prefixes with seeds. Out: continuations, and the tokens computed for them, counted one by one. Requests with the
same prefix form a group; groups fill cohorts up to a memory budget; each prefix is computed once (``prefill``) and read by
all its rows (``attention``); finished steps are remembered, so that going on from them computes only what is new.
Knows nothing of answers, verifiers or search.
"""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from stepscale.cost import Ledger
from stepscale.engine.attention import Arena
from stepscale.engine.computed import Computed
from stepscale.engine.lanes import is_small, most_lanes
from stepscale.engine.llama import LlamaBody
from stepscale.engine.loading import load_causal_lm, load_tokenizer
from stepscale.engine.prefill import prefill
from stepscale.engine.prefixes import PrefixTree
from stepscale.engine.writing_network import LlamaNetwork, Network, TransformersNetwork
from stepscale.errors import InputError
from stepscale.generation.boundaries import Boundaries
from stepscale.generation.cohort import Cohort, Outcome, Plan
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.generation.ends import ended_before

_BLANK = 4  # tokens of blank lines that may come before a line that ends a solution
_ROUND = 16  # cohorts prefilled together
_PREFILL = 2_048  # tokens of prefixes that a small model reads at once: their activations stay in the processor's cache
_ROWS = (128, 1_024)  # requests of a cohort on a CPU: fewer waste time on calls, more leave its cache (docs/engine.md)
Dtype = Literal["float32", "bfloat16"]


class LocalGenerator:
    """A Generator over a transformers model. Make it with ``load`` (folder or hub name) or from a model object.

    ``memory_budget_gb``: gibibytes for keys and values, weights not included. ``step_separator``: blank text that ends a step.
    ``ends_before``: a line that starts so is none of the solution, which ends before it ("": none; ``generation.ends``).
    The model object is the generator's own from then on: its attention may be replaced.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str,
        prompt_template: str = "{problem}\n",
        step_separator: str = "\n",
        memory_budget_gb: float = 2.0,
        ends_before: str = "",
    ) -> None:
        if prompt_template.count("{problem}") != 1:
            raise InputError(f"prompt_template {prompt_template!r} must hold {{problem}} exactly once")
        self.name, self.prompt_template, self.ends_before = name, prompt_template, ends_before
        self.end_tokens = _BLANK + len(ends_before) if ends_before else 1  # a token is a character at the least
        self._tokenizer = tokenizer
        self._like = next(model.parameters()).detach()
        config = model.config.get_text_config()
        self._longest = int(getattr(config, "max_position_embeddings", None) or 1_000_000)
        self.parameters = int(model.num_parameters())
        self._network: Network = LlamaNetwork(model) if LlamaBody.fits(model) else TransformersNetwork(model.eval())
        layers, kv_heads, dim = self._network.shape
        self.attention_width = layers * config.num_attention_heads * dim
        self._token_bytes = 2 * layers * kv_heads * dim * self._like.element_size()
        self._budget = int(memory_budget_gb * 2**30)
        self._tree = PrefixTree(self._budget // 4)
        self._boundaries = Boundaries(tokenizer, _vocabulary(model), step_separator, _stop_ids(model, tokenizer))
        self._arenas: dict[str, Arena] = {}
        weights = list(model.parameters())
        self._side_by_side = is_small(weights)
        self._lanes = most_lanes(weights)  # cohorts decoded side by side, each with its share of the budget

    @classmethod
    def load(
        cls,
        folder_or_name: str | Path,
        *,
        prompt_template: str = "{problem}\n",
        device: str = "auto",
        dtype: Dtype = "float32",
        step_separator: str = "\n",
        memory_budget_gb: float = 2.0,
        name: str | None = None,
        ends_before: str = "",
    ) -> "LocalGenerator":
        """Load a model folder or hub name. ``device``: "auto" takes CUDA if there is one. Raises InputError."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        tokenizer = load_tokenizer(folder_or_name)
        model = load_causal_lm(folder_or_name, dtype=getattr(torch, dtype)).to(device)
        return cls(
            model,
            tokenizer,
            name=name or Path(str(folder_or_name)).name,
            prompt_template=prompt_template,
            step_separator=step_separator,
            memory_budget_gb=memory_budget_gb,
            ends_before=ends_before,
        )

    @property
    def context(self) -> int:
        """Tokens of prompt and solution that the model can hold together."""
        return self._longest

    @property
    def dtype(self) -> str:
        """Precision of its arithmetic, which decides what it draws: float32 or bfloat16."""
        return str(self._like.dtype).removeprefix("torch.")

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """Token ids of the prompt that asks for a solution of ``problem``."""
        ids = self._tokenizer(self.prompt_template.replace("{problem}", problem))["input_ids"]
        while ids and self._boundaries.stop[ids[-1]]:  # some tokenizers close every text
            ids = ids[:-1]
        return tuple(ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of generated tokens, without special tokens."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def forget(self) -> None:
        """Forget all prefixes: what follows then does not depend on what came before, not even in the last bit."""
        self._tree = PrefixTree(self._budget // 4)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """Continue every request; order kept. Counts prefill and decode tokens into ``ledger``.

        ``prefill`` counts prefix tokens passed through the model, ``decode`` drawn tokens passed through it: a token that
        several requests share is counted once, one whose keys/values are remembered not at all, and the last token of a
        continuation only when something goes on from it. Raises InputError if a prefix leaves no room in the context.
        """
        began = time.perf_counter()
        results: dict[int, Continuation] = {}
        read, decoded = Computed(), Computed()
        batches = self._cohorts(requests, sampling)
        threads = torch.get_num_threads()
        lanes, each = (min(threads, self._lanes), 1) if self._side_by_side else (1, threads)
        try:
            torch.set_num_threads(each)
            with torch.inference_mode(), ThreadPoolExecutor(lanes, "cohort", torch.set_num_threads, (each,)) as pool:
                for start in range(0, len(batches), _ROUND):
                    self._round(
                        batches[start : start + _ROUND], requests, sampling, until, pool, lanes, results, read, decoded
                    )
        finally:
            torch.set_num_threads(threads)
        seconds = time.perf_counter() - began
        size = {"parameters": self.parameters, "attention_width": self.attention_width}
        ledger.add(self.name, "prefill", read.tokens, context_sum=read.context_sum, seconds=seconds, **size)
        ledger.add(self.name, "decode", decoded.tokens, context_sum=decoded.context_sum, **size)
        found = [results[i] for i in range(len(requests))]
        return [ended_before(self.ends_before, own, self.decode) for own in found] if self.ends_before else found

    def _round(
        self,
        batches: list[list[int]],
        requests: Sequence[Request],
        sampling: Sampling,
        until: Until,
        pool: ThreadPoolExecutor,
        lanes: int,
        results: dict[int, Continuation],
        read: Computed,
        decoded: Computed,
    ) -> None:
        """Prefill some cohorts, then decode them side by side; the tree changes only before and after, in order."""
        plans = [_plan([requests[i] for i in batch]) for batch in batches]
        pasts = [prefix[:-1] for plan in plans for prefix in plan.prefixes]
        tokens = _PREFILL if self._side_by_side else max(_PREFILL, self._budget // 16 // self._token_bytes)
        read.add_all(prefill(self._network, self._tree, pasts, tokens, self._like, lanes, pool.map))
        outcomes = list(pool.map(lambda plan: self._decode(plan, sampling, until), plans))  # till then the tree is read
        for batch, outcome in zip(batches, outcomes, strict=True):
            results.update(zip(batch, outcome.continuations, strict=True))
            read.add_all(outcome.read)
            decoded.add_all(outcome.decoded)
            for path, kv in outcome.paths:
                self._tree.insert(path, kv)
        self._tree.trim()

    def _decode(self, plan: Plan, sampling: Sampling, until: Until) -> Outcome:
        """One cohort from prefixes to ends, in the calling thread, with that thread's arena."""
        pasts = [prefix[:-1] for prefix in plan.prefixes]
        layers, kv_heads, dim = self._network.shape
        with torch.inference_mode():
            past = self._like.new_zeros((layers, 2, len(pasts), kv_heads, max(map(len, pasts)), dim))
            self._tree.gather(pasts, past)
            arena = self._arenas.setdefault(threading.current_thread().name, Arena())
            return Cohort(self._network, plan, past, arena, sampling, until, self._boundaries, self._longest).run()

    def _cohorts(self, requests: Sequence[Request], sampling: Sampling) -> list[list[int]]:
        """Indices of requests in cohorts that fit the budget, groups of one prefix kept whole if they fit.

        Every cohort gets its share of long and of short prefixes: longer problems have longer solutions, and lanes should end
        together. The same whatever the number of threads or worker processes, so results do not depend on them.
        """
        for request in requests:
            if not 0 < len(request.prefix) < self._longest:
                raise InputError(
                    f"generator {self.name}: a prefix of {len(request.prefix)} tokens leaves no room in its context of"
                    f" {self._longest} tokens; shorten the prompt or the solution so far"
                )
        shares = 2 * self._lanes if self._side_by_side else 3  # a cohort holds its keys twice while it moves them
        budget = self._budget // shares // self._token_bytes  # tokens
        most, wanted, hands = len(requests), len(requests), 1
        if self._like.device.type == "cpu":
            most = _ROWS[1]
            fits = min(most, max(1, budget // max(1, sampling.max_new_tokens)))
            turns = max(1, math.ceil(len(requests) / (self._lanes * fits)))
            hands = self._lanes * turns  # as few as fit, and as many in each lane
            wanted = min(most, max(_ROWS[0], math.ceil(len(requests) / hands)))
        cohorts: list[list[int]] = []
        room = rows = 0
        for group in _dealt(_groups(requests), requests, hands):
            prefix = len(requests[group[0]].prefix)
            row = min(sampling.max_new_tokens, self._longest - prefix)
            capacity = min(most, max(1, (budget - prefix) // max(1, row)))
            for at in range(0, len(group), capacity):
                part = group[at : at + capacity]
                if len(part) > rows or prefix + len(part) * row > room:
                    cohorts.append([])
                    room, rows = budget, wanted
                cohorts[-1].extend(part)
                room -= prefix + len(part) * row
                rows -= len(part)
        return cohorts


def _plan(requests: Sequence[Request]) -> Plan:
    prefixes = list(dict.fromkeys(request.prefix for request in requests))
    place = {prefix: i for i, prefix in enumerate(prefixes)}
    groups = np.array([place[request.prefix] for request in requests], np.int64)
    return Plan(prefixes, groups, np.array([request.seed for request in requests], np.uint64))


def _groups(requests: Sequence[Request]) -> list[list[int]]:
    """Indices of the requests that share a prefix, in the prefixes' order."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault(request.prefix, []).append(index)
    return [groups[prefix] for prefix in sorted(groups)]


def _dealt(groups: list[list[int]], requests: Sequence[Request], hands: int) -> list[list[int]]:
    """The groups as dealt to so many hands, to and fro by the length of their prefixes, one hand after the other."""
    ordered = sorted(groups, key=lambda group: len(requests[group[0]].prefix))
    dealt: list[list[list[int]]] = [[] for _ in range(hands)]
    for place, group in enumerate(ordered):
        turn, seat = divmod(place, hands)
        dealt[hands - 1 - seat if turn % 2 else seat].append(group)
    return [group for hand in dealt for group in hand]


def _vocabulary(model: Any) -> int:
    return int(model.get_output_embeddings().weight.shape[0])


def _stop_ids(model: Any, tokenizer: Any) -> list[int]:
    """End-of-text ids of the tokenizer and of the model's own generation settings."""
    stated = getattr(model.generation_config, "eos_token_id", None)
    ids = {tokenizer.eos_token_id, *(stated if isinstance(stated, list) else [stated])} - {None}
    if not ids:
        raise InputError("generator: neither tokenizer nor generation_config names an eos_token_id; set one")
    return sorted(ids)
