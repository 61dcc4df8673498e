"""The fakes that the tests of search share."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # for search_fakes
