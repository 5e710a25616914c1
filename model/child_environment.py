"""What the processes that we start find in their environment: what they work with, and no secret.

    of whom                                        what it finds
    file_program    ffmpeg, which reads files      what names say: places, language, libraries
    engine          an engine host and its ranks   everything but secrets
    server          Prefect's server, set-up       the same, and what is Prefect's or a proxy's
    operator        a command of the operator      what the operator set, but nothing of ours
    worker          a cluster's worker, its runs   everything but what servers and alarms need

Keys and passwords lie in the environment of whoever starts a run. A process that needs none of them
has none, so that neither its crash reports nor a hole in a decoder can tell them. Engines get all
that is not secret, because drivers and libraries of GPUs are set by variables whose names nobody
knows all; programs that decode strangers' files get only what is named here. All of them get the
id of the run on a cluster that they work for.
"""

import re
from collections.abc import Mapping

_RUN = "PREFECT__FLOW_RUN_ID"  # no secret: by it is found what a run has left behind
_NEEDED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TZ", "LANG", "LANGUAGE", "TERM"),
        *("TMPDIR", "TMP", "TEMP", "NO_COLOR", "COLUMNS", "FFREPORT"),
        _RUN,
    }
)
_NEEDED_BEGINNINGS = ("LC_", "LD_", "DYLD_", "XDG_", "FONTCONFIG_", "MALLOC_", "NIGHTSHOOT_")
# words of a name, so that PKEY of a network and TOKENIZERS are none of them
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:KEYS?|TOKENS?|AUTH|COOKIES?|DSN)(?:_|$)|_PAT$"
    r"|APIKEY|ACCESSKEY|SECRET|PASSW|PASSPHRASE|CREDENTIAL|WEBHOOK|CONNECTION_(?:URL|STRING)"
    r"|^NIGHTSHOOT_(?:VOICE|UPSCALER|ALARM|MAIL)_",
    re.IGNORECASE,
)
# a user or a query in an address
_SECRET_VALUE = re.compile(r"^[a-z][a-z0-9+.-]*://(?:[^/\s]*@|\S*\?\S*=)", re.IGNORECASE)
_PREFECT, _CLOUD_KEY = "PREFECT", "PREFECT_API_KEY"  # the key is for Prefect's own cloud
_PROXY = re.compile(r"_PROXY$", re.IGNORECASE)
_OURS_ALONE = re.compile(
    rf"^(?:{_PREFECT}|PGPASSWORD$|NIGHTSHOOT_(?:VOICE|UPSCALER|ALARM|MAIL)_)", re.IGNORECASE
)
# the database's and the server's own passwords, and those with which `watch` tells people
_NEVER_OF_RUNS = re.compile(
    r"^(?:PGPASSWORD$|PREFECT_(?:API|SERVER)_DATABASE_|PREFECT_SERVER_API_AUTH_STRING$"
    r"|NIGHTSHOOT_(?:ALARM|MAIL)_)",
    re.IGNORECASE,
)
_hidden: set[str] = set()


def keep_from_children(name: str) -> None:
    """Count the variable ``name`` as a secret: a person said that a key is in it."""
    if name:
        _hidden.add(name)


def _is_secret(name: str, value: str) -> bool:
    return name in _hidden or bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def file_program(environ: Mapping[str, str]) -> dict[str, str]:
    """Of a program that reads and writes files: ffmpeg."""
    return {
        name: value
        for name, value in environ.items()
        if (name in _NEEDED or name.startswith(_NEEDED_BEGINNINGS)) and not _is_secret(name, value)
    }


def engine(environ: Mapping[str, str]) -> dict[str, str]:
    """Of an engine host, its ranks and trials of the links between them."""
    return {
        name: value
        for name, value in environ.items()
        if name == _RUN or not (name.startswith(_PREFECT) or _is_secret(name, value))
    }


def server(environ: Mapping[str, str]) -> dict[str, str]:
    """Of Prefect's server and of what sets it up; both may ask others through a proxy."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _hidden | {_CLOUD_KEY} and (name.startswith(_PREFECT) or _PROXY.search(name))
    }
    return engine(environ) | kept


def operator(environ: Mapping[str, str]) -> dict[str, str]:
    """Of a voice command or an upscaler: their keys are what the operator has set for them.

    Not theirs are Prefect's passwords, the database's, and what we were told of voices, upscalers
    and alarms; nor does a command need to be told of itself.
    """
    return {
        name: value
        for name, value in environ.items()
        if name == _RUN or not _OURS_ALONE.search(name)
    }


def worker(environ: Mapping[str, str]) -> dict[str, str]:
    """Of a cluster's worker and its runs, which speak scripts and reach the store."""
    return {name: value for name, value in environ.items() if not _NEVER_OF_RUNS.search(name)}
