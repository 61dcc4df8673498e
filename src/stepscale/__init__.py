"""StepScale: an open laboratory for verifiers and test-time compute."""

import os

__version__ = "0.1.0"

# Read by torch at its first tensor: large ones on a CPU lie in large pages, which fits are faster by (docs/engine.md).
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
