"""The types of arrays that estimators take and give."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]
"""Answers as numbers, equal ones as the same; 0: no answer."""
