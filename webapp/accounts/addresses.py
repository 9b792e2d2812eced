"""The address a request comes from: one answer for every limit, for logs, and for known networks."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from webapp.accounts.models import User

UNKNOWN = "unknown"
# Leading bits that machines of one network share: what a provider gives to one customer, and a little more.
BLOCK_BITS = {4: 24, 6: 56}
# A customer has at least so many bits of IPv6 to choose addresses from, so these count as one.
ONE_CUSTOMER_BITS = {4: 32, 6: 64}


def client_address(request: HttpRequest) -> str:
    """The address of the client, as the outermost of our own PROXIES has seen it.

    Each proxy appends to X-Forwarded-For whom it has met. Only as many entries as there are proxies of our
    own are believed, from the end: what stands before them was written by the client.
    """
    own = str(request.META.get("REMOTE_ADDR") or UNKNOWN)
    entries = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",") if settings.PROXIES else []
    entries = entries[-settings.PROXIES :]
    found = _parsed(entries[0]) if entries else None
    return str(found or _parsed(own) or own)


def limited_address(request: HttpRequest) -> str:
    """Return what limits count by: the address, or the part of it that its owner cannot change at will."""
    return _network(client_address(request), ONE_CUSTOMER_BITS)


def block_digest(user: User, address: str) -> str:
    """A keyed hash of the network of an address: whoever reads the table learns no address from it."""
    block = _network(address, BLOCK_BITS)
    return salted_hmac("webapp.accounts.known-block", f"{user.pk} {block}", algorithm="sha256").hexdigest()


def _network(address: str, bits: dict[int, int]) -> str:
    found = _parsed(address)
    if found is None:
        return address
    return str(ip_network((found, bits[found.version]), strict=False))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """The address in an entry, which may have a port; None where it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
