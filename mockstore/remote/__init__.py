"""Uses a Mockstore on a running server: `Mockstore.connect` and `pytest --mockstore-url`."""

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
"""The name of the tenant that all clients without a tenant share."""


def connected(
    url: str,
    *,
    tenant: str | None = None,
    token: str | None = None,
    callback_host: str = LOOPBACK,
    strict: bool | None = None,
) -> RemoteMockstore:
    """Return the Mockstore of the server at `url`.

    `tenant` is a UUID, or `shared` for the tenant of all clients that name none; None makes a new one. `token` is the
    server's control token. `callback_host` is the host name by which the server reaches the apps of this process.
    `strict`: the end of the `with` block raises `AssertionError` over failures that were never looked at, as with
    `Mockstore.in_process`; None means yes for a new tenant, and no for a named one, which others may use as well.
    Raises `NoServerError` with a text of one line when no server answers, the token is missing, or the versions differ.
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
    version = installed_version()
    try:
        settings = wire.get("settings") or {}
    except (InvalidInputError, NotFoundError) as error:  # another server, or another version
        raise NoServerError(f"{wire.url} is no mockstore of this version, {version}: {error}") from None
    if not {"version", "provider", "now"} <= settings.keys():
        raise wire.stranger("something else")
    if settings["version"] != version:
        raise NoServerError(
            f"the mockstore at {wire.url} is version {settings['version']}, and this is {version}: install the same one"
        )
    return rules_of(settings, petstore())
