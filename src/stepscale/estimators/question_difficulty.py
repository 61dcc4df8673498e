"""How hard a problem looks before anything is sampled: a predictor from the text of the question alone.

In: texts of training problems and their easiness (``difficulty``). Out: a fitted model that gives an easiness in [0, 1] for
any text, at no cost in tokens. Counts of character n-grams, hashed, in a ridge regression whose penalty is chosen by
leave-one-out on the training problems; nothing of the test problems is seen. Future work of Snell et al. 2024 (8).
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_values
from stepscale.estimators.names import checked_texts
from stepscale.user_settings import UserSettings

MIN_TRAINING_TEXTS = 10  # training problems to learn from


class QuestionDifficultyOptions(UserSettings):
    """What the predictor looks at."""

    longest_ngram: int = Field(3, ge=1, le=8, description="n-grams of 1 to this many characters")
    n_features: int = Field(2**12, ge=16, description="hashed features")
    penalties: tuple[float, ...] = Field((1.0, 10.0, 100.0, 1000.0), min_length=1, description="ridge penalties to try")


class QuestionDifficulty:
    """A predictor of easiness from the text of a question alone: ridge regression on counts of character n-grams.

    ``fit`` it, then ``predict``. It can be pickled.

    Args:
        options: What it looks at; None: the defaults.
    """

    def __init__(self, options: QuestionDifficultyOptions | None = None) -> None:
        self.options = options or QuestionDifficultyOptions()
        self._model: Any = None

    def fit(self, texts: Sequence[str], easiness: ArrayLike) -> Self:
        """Learn from training problems.

        Args:
            texts: The problems.
            easiness: The share of right samples of each [problems].

        Raises:
            InputError: There are fewer texts than ``MIN_TRAINING_TEXTS``, or the lengths differ.
        """
        from sklearn.feature_extraction.text import HashingVectorizer
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import MaxAbsScaler

        texts, values = checked_texts(texts), checked_values(easiness, "easiness")
        if len(values) != len(texts) or len(texts) < MIN_TRAINING_TEXTS:
            numbers = f"not {len(texts)} texts and {len(values)} values"
            raise InputError(
                f"difficulty from the question needs an easiness for {MIN_TRAINING_TEXTS} or more training problems, {numbers}"
            )
        counts = HashingVectorizer(
            analyzer="char",
            ngram_range=(1, self.options.longest_ngram),
            n_features=self.options.n_features,
            norm=None,
            alternate_sign=False,
            lowercase=False,
        )
        # without a norm the counts of single characters also tell how long the question is
        self._model = make_pipeline(counts, MaxAbsScaler(), RidgeCV(alphas=self.options.penalties))
        self._model.fit(texts, values)
        return self

    def predict(self, texts: Sequence[str]) -> Floats:
        """How easy unseen problems are likely to be.

        Args:
            texts: The problems.

        Returns:
            Easiness [texts] in [0, 1]: the share of samples that should be right.

        Raises:
            InputError: It was not fitted, or one of the texts is not a string.
        """
        if self._model is None:
            raise InputError("difficulty from the question is not fitted; call fit with training problems first")
        texts = checked_texts(texts)
        if not texts:
            return np.zeros(0)
        return np.asarray(np.clip(self._model.predict(texts), 0.0, 1.0), float)
