"""A Mockstore on a server that runs already, driven from here: `Mockstore.connect` and `pytest --mockstore-url`."""

from mockstore.errors import InvalidInputError, MockstoreError, NoServerError, NotFoundError
from mockstore.provider import Provider, petstore
from mockstore.remote.callbacks import LOOPBACK
from mockstore.remote.service import RemoteMockstore, rules_of
from mockstore.remote.wire import Wire
from mockstore.tenants import checked_tenant
from mockstore.web.records import installed_version
from mockstore.world.clock import random_uuid

__all__ = ["SHARED", "RemoteMockstore", "connected"]

SHARED = "shared"
"""What names the pool that all clients without a tenant share."""


def connected(
    url: str,
    *,
    tenant: str | None = None,
    token: str | None = None,
    callback_host: str = LOOPBACK,
    strict: bool | None = None,
) -> RemoteMockstore:
    """Return the Mockstore of a server that runs at `url`.

    `tenant` is a UUID, or `shared` for the pool of all who name none; without it, it gets a world of its own. `token`
    is the server's control token. `callback_host` is by what name the server reaches the apps of this process.
    `strict`: the end of the `with` block raises `AssertionError` over what went wrong and was never looked at, as that
    of `Mockstore.in_process` does. When nothing is said, it does so in a world of its own: a tenant that is named may
    be used by others, too. Raises `NoServerError` in one line when nobody is there, when the token is missing, or when
    the versions differ.
    """
    its_id = None if tenant == SHARED else random_uuid() if tenant is None else checked_tenant(tenant)
    wire = Wire(url, tenant=its_id, token=token)
    try:
        provider = _rules(wire)
    except MockstoreError:
        wire.close()
        raise
    is_strict = tenant is None if strict is None else strict
    return RemoteMockstore(wire, tenant=its_id, provider=provider, callback_host=callback_host, strict=is_strict)


def _rules(wire: Wire) -> Provider:
    here = installed_version()
    try:
        told = wire.get("settings") or {}
    except (InvalidInputError, NotFoundError) as error:  # one that knows no such question
        raise NoServerError(f"{wire.url} is no mockstore of this version, {here}: {error}") from None
    if not {"version", "provider", "now"} <= told.keys():
        raise wire.stranger("something else")
    if told["version"] != here:
        raise NoServerError(
            f"the mockstore at {wire.url} is version {told['version']}, and this is {here}: install the same one"
        )
    return rules_of(told, petstore())
