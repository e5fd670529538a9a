"""Tenants in the path: `/_tenants/<uuid>/v1/pets` is `/v1/pets` of that tenant. Pure.

For clients that can set a base URL but no headers.
"""

from typing import Final
from urllib.parse import quote

TENANTS: Final = "/_tenants/"


def address_of(url: str, tenant: str | None) -> str:
    """Return the base URL of a tenant on the server at `url`; None is the shared tenant."""
    return url if tenant is None else f"{url}{TENANTS}{quote(tenant, safe='')}"


def at_tenant(environ: dict[str, object]) -> dict[str, object]:
    """Return the WSGI environment with the tenant of the path, if there is one, as its header."""
    path = str(environ.get("PATH_INFO", ""))
    if not path.startswith(TENANTS):
        return environ
    tenant, slash, rest = path.removeprefix(TENANTS).partition("/")
    prefix = f"{environ.get('SCRIPT_NAME', '')}{TENANTS}{tenant}"
    return environ | {"SCRIPT_NAME": prefix, "PATH_INFO": slash + rest, "HTTP_X_TENANT_ID": tenant}
