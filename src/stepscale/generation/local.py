"""The in-process Generator: any transformers causal LM, many problems in one wide batch, every shared prefix once.

In: token prefixes with seeds. Out: continuations, and the tokens computed for them, counted one by one. Requests are cut
into cohorts (``batching``). Each prefix is computed once (``engine.prefix_cache``) and read by all rows that continue it
(``cohort``). Finished steps are cached, so that continuing them computes only what is new. Knows nothing about
answers, verifiers or search.
"""

import threading
import time
from collections.abc import Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from stepscale.cost import Ledger
from stepscale.engine.decode_cache import Arena
from stepscale.engine.device import usable_device
from stepscale.engine.kv_cache_pool import CacheSlots
from stepscale.engine.lanes import Lanes, cohort_lanes, keep_to_one_core, runs_on_one_core
from stepscale.engine.loading import load_causal_lm, load_tokenizer
from stepscale.engine.network import network_of
from stepscale.engine.prefix_cache import PrefixCache, no_output
from stepscale.generation.batching import CohortLimits, check_room, cohorts, rows_at_once
from stepscale.generation.boundaries import Boundaries
from stepscale.generation.cohort import Cohort, Outcome
from stepscale.generation.continuous import ContinuousBatch
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.generation.ends import end_tokens
from stepscale.generation.members import Ends, Plan
from stepscale.generation.prompts import check_template
from stepscale.generation.rounds import run_rounds

Dtype = Literal["float32", "bfloat16"]


class LocalGenerator:
    """A Generator over a transformers model. Make it with ``load`` (folder or hub name) or from a model object.

    The generator takes over the model object: its attention may be replaced.

    Args:
        model: A causal language model of transformers.
        tokenizer: Its own.
        name: As ledgers call it.
        prompt_template: Holds {problem} once.
        step_separator: Blank text that ends a step.
        memory_budget_gb: Gibibytes for keys and values; weights come on top.
        ends_before: A solution ends before a line that begins like this; "": no such line (``generation.ends``).

    Raises:
        InputError: The template or the separator cannot be used.
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
        check_template(prompt_template)
        self.name, self.prompt_template, self.ends_before = name, prompt_template, ends_before
        self.end_tokens = end_tokens(ends_before)
        config = model.config.get_text_config()
        self.context = int(getattr(config, "max_position_embeddings", None) or 1_000_000)
        """Tokens of prompt and solution that the model can hold together."""
        self.parameters = int(model.num_parameters())
        self._tokenizer = tokenizer
        self._boundaries = Boundaries.of(model, tokenizer, step_separator)
        self._network = network_of(model.eval())
        layers, _, dim = self._network.shape
        self.attention_width = layers * config.num_attention_heads * dim
        # Of the budget a quarter goes to prefixes kept between calls; of all of it each cohort that decodes has its share,
        # of which it holds its keys twice while it moves them.
        budget, weights = int(memory_budget_gb * 2**30), list(model.parameters())
        self._like = weights[0].detach()
        self._lanes = cohort_lanes(weights)  # cohorts decoded side by side
        self._on_one_core = runs_on_one_core(weights)
        self._new_prefix_cache = partial(PrefixCache, self._network, no_output, weights)
        self._prefix_cache, self._budget_beside = self._new_prefix_cache(budget // 4), budget // (4 * self._lanes)
        on_cpu = self._like.device.type == "cpu"
        tokens = budget // (2 * self._lanes if on_cpu else 3) // self._prefix_cache.token_bytes
        rows = rows_at_once(self._boundaries.vocabulary)
        self._limits = CohortLimits(tokens, self.context, self._lanes, on_cpu, not self._on_one_core, rows)
        self._check = partial(check_room, context=self.context, name=name)
        self._arenas: dict[str, Arena] = {}

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
        """Load a model folder or hub name.

        Args:
            folder_or_name: A transformers folder, or a name on the Hugging Face hub.
            prompt_template: Holds {problem} once.
            device: "auto" takes CUDA if there is one.
            dtype: Of the weights.
            step_separator: Blank text that ends a step.
            memory_budget_gb: Gibibytes for keys and values; weights come on top.
            name: As ledgers call it; the folder's name where None.
            ends_before: A solution ends before a line that begins like this; "": no such line (``generation.ends``).

        Returns:
            The generator, whose model lies on the device.

        Raises:
            InputError: There is no such model, or a setting does not fit it.
        """
        place = usable_device(device)
        tokenizer = load_tokenizer(folder_or_name)
        model = load_causal_lm(folder_or_name, dtype=getattr(torch, dtype)).to(place)
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
    def dtype(self) -> str:
        """Precision of its arithmetic, which decides what it draws: float32 or bfloat16."""
        return str(self._like.dtype).removeprefix("torch.")

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """Token ids of the prompt that asks for a solution of ``problem``.

        Args:
            problem: Its text.

        Returns:
            Token ids, without an end-of-text token by which some tokenizers close every text.
        """
        ids = self._tokenizer(self.prompt_template.replace("{problem}", problem))["input_ids"]
        while ids and self._boundaries.stop[ids[-1]]:  # some tokenizers close every text
            ids = ids[:-1]
        return tuple(ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of generated tokens, without special tokens.

        Args:
            tokens: Ids that it drew.

        Returns:
            Their text.
        """
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def clear_cache(self) -> None:
        """Drop the cached prefixes, so that later results do not depend on earlier calls, not even in the last bit."""
        self._prefix_cache.clear()

    def lanes(self) -> list["LocalGenerator"]:
        """This generator and further ones with the same weights, to draw in parallel threads: one per core.

        Each has its own prefix cache. A larger model has one generator, which uses all cores.

        Returns:
            As many generators as cohorts of this one are decoded side by side, this one first.
        """
        return [self, *(self._beside() for _ in range(self._lanes - 1 if self._on_one_core else 0))]

    def _beside(self) -> "LocalGenerator":
        beside = copy(self)
        beside._prefix_cache, beside._arenas = self._new_prefix_cache(self._budget_beside), {}
        return beside

    def continuous_batch(self, sampling: Sampling) -> ContinuousBatch:
        """A batch that requests join at any token; for the calling thread, and only until ``generate`` is called.

        Args:
            sampling: How tokens are drawn; each call has a limit of its own.

        Returns:
            The batch, empty.
        """
        keep_to_one_core(self.parameters)
        return ContinuousBatch(self._prefix_cache, self._cohort(sampling, Arena()), self._limits, self._check)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """Continue every request; order kept. Counts prefill and decode tokens into ``ledger``.

        ``prefill`` counts prefix tokens passed through the model, ``decode`` drawn tokens passed through it. A token that
        several requests share is counted once, one whose keys/values are cached not at all, and the last token of a
        continuation only when a request continues from it.

        Args:
            requests: What is asked for.
            sampling: How tokens are drawn.
            until: "step" ends a continuation with its first step, "solution" with the solution.
            ledger: Gets the tokens.

        Returns:
            One continuation per request.

        Raises:
            InputError: A prefix leaves no room in the context.
        """
        began = time.perf_counter()
        self._check(requests)
        batches = cohorts(requests, sampling.max_new_tokens, self._limits)
        n_lanes = min(torch.get_num_threads(), self._lanes)
        if not self._on_one_core and len(batches) < n_lanes:
            n_lanes = 1  # one cohort of a large model: all threads share its products
        with torch.inference_mode(), Lanes(n_lanes) as lanes:
            results, read, decoded = run_rounds(
                batches,
                lambda batch: Plan.of([requests[i] for i in batch], sampling.max_new_tokens, until),
                lambda plan, slots: self._decode(plan, slots, sampling),
                self._prefix_cache,
                lanes,
            )
        seconds = time.perf_counter() - began
        size = {"parameters": self.parameters, "attention_width": self.attention_width}
        ledger.add(self.name, "prefill", read.tokens, context_sum=read.context_sum, seconds=seconds, **size)
        ledger.add(self.name, "decode", decoded.tokens, context_sum=decoded.context_sum, **size)
        return [results[i] for i in range(len(requests))]

    def _decode(self, plan: Plan, slots: Sequence[CacheSlots], sampling: Sampling) -> Outcome:
        """One cohort, in the calling thread, with that thread's arena."""
        with torch.inference_mode():  # the mode is each thread's own
            arena = self._arenas.setdefault(threading.current_thread().name, Arena())
            return self._cohort(sampling, arena).run(plan, self._prefix_cache.gather(slots))

    def _cohort(self, sampling: Sampling, arena: Arena) -> Cohort:
        ends = Ends(self._boundaries, self.context, self.ends_before, self.decode)
        return Cohort(self._network, arena, sampling, ends)
