"""Which addresses deliveries may go to: the connected IP address is checked, never the host name."""

from datetime import timedelta

import pytest

from mockstore.errors import UnreachableError
from mockstore.world.transports.address_policy import beyond_metadata, public_only
from mockstore.world.transports.http import HttpTransport
from tests.transports.conftest import OK, Serve, answering, request_to

METADATA = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "0.0.0.0",  # noqa: S104 - an address to send to
    "100.64.0.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "fd12::1",
    "224.0.0.1",
]
PUBLIC = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111"]


@pytest.mark.parametrize("address", METADATA)
def test_metadata_is_never_reached(address: str) -> None:
    assert beyond_metadata(address) is not None
    assert public_only(address) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_reached_unless_denied(address: str) -> None:
    assert beyond_metadata(address) is None
    assert public_only(address) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert public_only(address) is None


def test_the_address_that_a_name_has_is_judged_and_nothing_is_sent(serve: Serve) -> None:
    port = serve(answering(OK))
    transport = HttpTransport(reach=public_only)

    with pytest.raises(UnreachableError) as caught:
        transport.send(request_to(port), timedelta(seconds=5))

    transport.close()
    assert str(caught.value) == (
        f"nothing is sent to 127.0.0.1:{port}: 127.0.0.1 is refused: it is not public, and deny_private keeps "
        f"deliveries to what is"
    )
