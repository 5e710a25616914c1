"""The one way a value is written down to be hashed."""

import hashlib
import json


def canonical_sha256(value: object) -> str:
    """Hex digest of a value's canonical JSON: sorted names, no spaces, no NaN.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
