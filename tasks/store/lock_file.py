"""The file that the lock of a campaign on a local disk is held on."""

import errno
import os
from pathlib import Path
from stat import S_ISREG

from model.errors import CampaignError


def open_lock(path: Path) -> int:
    """A descriptor of the file, made if need be; a link is not followed: it may lead anywhere.

    Raises:
        CampaignError: it cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        if S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        reason = "it is no plain file"
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        reason = "it is a link" if is_link else str(error.strerror)
    raise CampaignError(
        f"{path}: this cannot be used as the lock of the campaign ({reason}); remove it, correct "
        "its owner and permissions, or choose another --out"
    )
