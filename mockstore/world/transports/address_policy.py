"""Decides which IP addresses deliveries may go to. Pure. A host name is not judged: what it resolves to can change."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

AddressPolicy: TypeAlias = Callable[[str], str | None]
"""Takes an IP address as text; returns the reason to refuse it, or None when it is allowed."""

_METADATA: Final = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",  # link-local (RFC 3927): AWS, Google Cloud, Azure and others answer at 169.254.169.254
            "fe80::/10",  # link-local (RFC 4291)
            "fd00:ec2::254/128",  # AWS
            "fd20:ce::254/128",  # Google Cloud
            "100.100.100.200/32",  # Alibaba Cloud
            "168.63.129.16/32",  # Azure's agent, at an address that looks public
        ),
    )
)
_NAT64: Final = ip_network("64:ff9b::/96")
_LOW_32_BITS: Final = 0xFFFF_FFFF


def anywhere(address: str) -> str | None:  # noqa: ARG001 - the signature of an `AddressPolicy`
    """Allow every address: a test chooses its receivers itself."""
    return None


def beyond_metadata(address: str) -> str | None:
    """Refuse link-local addresses and metadata services, where clouds serve the machine's credentials."""
    if any(within in network for within in _with_embedded(address) for network in _METADATA):
        return "it is link-local or a cloud's metadata service, where no delivery goes"
    return None


def public_only(address: str) -> str | None:
    """Refuse what `beyond_metadata` refuses, and every address that is not public."""
    refused = beyond_metadata(address)
    if refused is None and not all(map(_is_public, _with_embedded(address))):
        return "it is not public, and deny_private keeps deliveries to what is"
    return refused


def _with_embedded(address: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """Return the address and the IPv4 addresses embedded in it; for an IPv4-mapped or NAT64 address only the latter."""
    written = ip_address(address)
    if isinstance(written, IPv4Address):
        return (written,)
    last = IPv4Address(int(written) & _LOW_32_BITS)
    if written.ipv4_mapped is not None or written in _NAT64:
        return (last,)
    embedded = (written.sixtofour, *(written.teredo or ()), last if int(written) <= _LOW_32_BITS else None)
    return (written, *(one for one in embedded if one is not None))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not odd and not getattr(address, "is_site_local", False)
