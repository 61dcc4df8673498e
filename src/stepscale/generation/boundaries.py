"""Which tokens end a step and which end the solution: read once from the tokenizer, then by token id alone.

A token ends a step if its text holds the step separator ("\\n", but also ".\\n" or "\\n\\n" where a tokenizer merges
them). A separator that follows nothing but blank tokens ends no step, so there are no empty steps. A separator that
the tokenizer may spell with several tokens is found by its last token, after a look at the text before it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError


class Boundaries:
    """Step and solution ends of one tokenizer, by token id.

    Args:
        tokenizer: Of the model.
        vocabulary: Ids that the model may draw, V.
        separator: Blank text that ends a step.
        stop_ids: Tokens that end a solution.

    Raises:
        InputError: The separator is not blank.
    """

    def __init__(self, tokenizer: Any, vocabulary: int, separator: str, stop_ids: Sequence[int]) -> None:
        if not separator or separator.strip():
            raise InputError(f"step_separator {separator!r} must be blank text, such as a newline")
        self.separator, self.vocabulary = separator, vocabulary
        self.stop = np.zeros(vocabulary, bool)
        self.stop[list(stop_ids)] = True
        singles = [[token] for token in range(vocabulary)]
        visible = tokenizer.batch_decode(singles, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        texts = tokenizer.batch_decode(singles, clean_up_tokenization_spaces=False)
        self.blank = np.array([not text.strip() for text in visible])
        self.has_separator = np.array([separator in text for text in texts])
        # The last piece of a separator spelled with several tokens, e.g. "\n" of "\n\n".
        self.ends_separator = (
            np.array([bool(text) and separator.endswith(text) for text in texts]) & ~self.has_separator
        )
        self._tokenizer = tokenizer
        if not (self.has_separator.any() or self.ends_separator.any()):
            raise InputError(f"no token of this tokenizer spells the step separator {separator!r}; choose another")

    @classmethod
    def of(cls, model: Any, tokenizer: Any, separator: str) -> "Boundaries":
        """Those of a model: it ends a solution with the tokenizer's end of text, or its own generation settings'.

        Args:
            model: A causal language model of transformers.
            tokenizer: Its own.
            separator: Blank text that ends a step.

        Raises:
            InputError: The separator is not blank, or no token ends a text.
        """
        stated = getattr(model.generation_config, "eos_token_id", None)
        stop_ids = {tokenizer.eos_token_id, *(stated if isinstance(stated, list) else [stated])} - {None}
        if not stop_ids:
            raise InputError("generator: neither tokenizer nor generation_config names an eos_token_id; set one")
        return cls(tokenizer, int(model.get_output_embeddings().weight.shape[0]), separator, sorted(stop_ids))

    def completes(self, tail: Sequence[int]) -> bool:
        """Whether the text of a row's last tokens ends with the separator.

        Args:
            tail: Ids, the latest last; special tokens count as their text.
        """
        return bool(self._tokenizer.decode(list(tail), skip_special_tokens=False).endswith(self.separator))

    def ends_step(self, tokens: NDArray[np.int64], tails: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each row's new token spells out a separator.

        Args:
            tokens: New tokens [R].
            tails: The last k tokens of each row [R, k], -1 where there is none.

        Returns:
            Flags [R].
        """
        ends: NDArray[np.bool_] = self.has_separator[tokens].copy()
        for row in np.flatnonzero(self.ends_separator[tokens]):
            ends[row] = self.completes([token for token in tails[row] if token >= 0])
        return ends
