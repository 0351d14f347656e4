"""Where a call may go: what web addresses are taken, and what places are public."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Place = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST = 500
PORTS = {"https": 443, "http": 80}
# Addresses of IPv6 in which one of IPv4 is wrapped: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo.
WRAPPING = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "2002::/16", "2001::/32"))


@dataclass(frozen=True)
class Address:
    """A web address in its parts; `target` is the path with its query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def named(self) -> str:
        """Return the host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parsed(text: str) -> Address:
    """Return a web address in its parts; ValueError says what is wrong with it."""
    if len(text) > LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"An address is up to {LONGEST} printable ASCII characters, no spaces.")
    parts = urlsplit(text)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("An address begins with https:// and names a host.")
    if "@" in parts.netloc or "\\" in text:
        raise ValueError("An address holds no user, password or backslash.")
    if parts.fragment:
        raise ValueError("An address ends before its #.")
    query = f"?{parts.query}" if parts.query else ""
    port = parts.port or PORTS[parts.scheme]
    return Address(parts.scheme, parts.hostname, port, f"{parts.path or '/'}{query}")


def chosen(address: Address, places: Iterable[str], inside: Sequence[Network] = ()) -> str:
    """Return the place to connect to, of those that the host's name stands for.

    Every one of them must be public, over https on its own port; what lies in one of the networks
    `inside` may be called on any port, and without encryption. PermissionError says why not.
    """
    found = [ipaddress.ip_address(place.split("%")[0]) for place in places]
    if not found:
        raise PermissionError("the name of the host stands for nothing")
    if all(any(place in network for network in inside) for place in map(_plain, found)):
        return str(found[0])
    if address.scheme != "https" or address.port != PORTS["https"]:
        raise PermissionError("outside of WEBHOOK_NETWORKS only https on port 443 is called")
    if not all(_is_public(place) for place in found):
        raise PermissionError("the host is not on the public network")
    return str(found[0])


def _plain(place: Place) -> Place:
    return getattr(place, "ipv4_mapped", None) or place


def _is_public(place: Place) -> bool:
    place = _plain(place)
    wrapped = place.version == 6 and any(place in network for network in WRAPPING)
    return place.is_global and not place.is_multicast and not wrapped
