"""How many examples a property is tried with.

`make test` takes the same examples in every run, so that a third of them tells as much from one
run to the next; `make test-all`, which looks for new ones, takes all that a test asks for.
"""

import os

LOOKS_FOR_NEW = "NIGHTSHOOT_NEW_EXAMPLES" in os.environ
_LEAST = 8


def examples(num_wanted: int) -> int:
    """Of a property that is worth ``num_wanted``."""
    return num_wanted if LOOKS_FOR_NEW else max(num_wanted // 3, min(num_wanted, _LEAST))
