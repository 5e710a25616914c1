"""Addresses of inputs, as values: what is one, what is beside one, which hosts may be asked.

Pure: nothing is resolved or fetched here.
"""

import posixpath
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote

from tasks.redaction import shown_url

MAX_NAME_CHARS = 80
_FETCHABLE = re.compile(r"(?:s3|https?)://", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last 32 bits are an IPv4 address
_CREDENTIALS = frozenset(  # of clouds, at addresses that look like others
    ip_address(each)
    for each in (
        "168.63.129.16",
        "192.0.0.192",
        "100.100.100.200",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
_PROTOCOLS = IPv4Network("192.0.0.0/24")  # of this, older Pythons know but parts as private
_NEVER = ("link_local", "multicast", "unspecified")
_ONLY_ALLOWED = ("loopback", "site_local", "reserved", "private")


def is_url(text: str) -> bool:
    """Whether ``text`` names something to fetch: s3://, https://, or http:// (see Inputs)."""
    return _FETCHABLE.match(text) is not None


def has_scheme(text: str) -> bool:
    """Whether ``text`` is an address of any kind, and so no path."""
    return _SCHEME.match(text) is not None


def name_in(url: str) -> str:
    """A plain file name for a local copy of ``url``."""
    name = shown_url(url).rpartition("/")[2]
    return _UNSAFE_IN_NAME.sub("_", name)[-MAX_NAME_CHARS:].strip(".") or "input"


def url_beside(url: str, text: str) -> tuple[str, bool]:
    """The address of the file called ``text`` beside ``url``, and whether it is in that folder.

    ``text`` is a file name with folders, not part of an address: a space, a ``?`` or a ``%`` in it
    stands for itself.

    Raises:
        ValueError: it leads out of the bucket or host, or does not begin in the folder.
    """
    scheme, _, rest = url.partition("://")
    host, _, path = (rest if scheme.lower() == "s3" else rest.split("?")[0]).partition("/")
    if text.startswith("/"):
        raise ValueError("a path in a manifest that was fetched is relative to it")
    is_key = scheme.lower() == "s3"
    inner = posixpath.normpath(text)
    folder = posixpath.dirname(path)
    joined = posixpath.normpath(posixpath.join(folder, inner if is_key else quote(inner, safe="/")))
    if joined.startswith(".."):
        raise ValueError("the path leads out of the bucket or host")
    return f"{scheme}://{host}/{joined}", not inner.startswith("..")


def rig_url_of(portrait_url: str) -> str | None:
    """Where a portrait's rig is; None for an address with a query, whose signature is its own."""
    scheme, _, rest = portrait_url.partition("://")
    if scheme.lower() != "s3" and re.search(r"[?#]", rest):
        return None
    folder, _, name = portrait_url.rpartition("/")
    return f"{folder}/{posixpath.splitext(name)[0]}.rig.json"


# --- network addresses --------------------------------------------------------------------------


def address_fault(text: str, *, allow_private: bool) -> str:
    """Why no connection to this IP address is made; empty if one may be.

    Link-local addresses, where machines of a cloud find their credentials, are never allowed.
    """
    address = _inner(ip_address(text.partition("%")[0]))
    if address in _CREDENTIALS:
        return "where a cloud keeps credentials"
    for kind in _NEVER:
        if getattr(address, f"is_{kind}", False):
            return f"a {kind.replace('_', '-')} address"
    if allow_private:
        return ""
    for kind in _ONLY_ALLOWED:
        if getattr(address, f"is_{kind}", False):
            return f"a {kind.replace('_', '-')} address"
    return "" if address.is_global and address not in _PROTOCOLS else "no public address"


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside a mapped, 6to4 or translated one; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
