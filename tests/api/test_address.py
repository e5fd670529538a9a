"""Which URLs the API answers for a base URL."""

import pytest

from mockstore.api.address import address
from mockstore.errors import InvalidInputError

REAL = "https://api.petstoreapi.com/v1"
GATEWAY = "http://gateway.test:8080/petstore/"


@pytest.mark.parametrize(
    ("base", "url", "claimed"),
    [
        pytest.param(REAL, "https://api.petstoreapi.com/v1/pets?limit=1", True, id="below"),
        pytest.param(REAL, "https://API.petstoreapi.com:443/v1/pets", True, id="the same host, said otherwise"),
        pytest.param(REAL, "https://api.petstoreapi.com/pets", True, id="a wrong path at the API's host"),
        pytest.param(REAL, "http://api.petstoreapi.com/v1/pets", False, id="another scheme"),
        pytest.param(REAL, "https://petstoreapi.com/v1/pets", False, id="another host"),
        pytest.param(REAL, "https://api.petstoreapi.com:8443/v1/pets", False, id="another port"),
        pytest.param(REAL, "https://api.petstoreapi.com.test/v1/pets", False, id="a host that starts alike"),
        pytest.param(REAL, "https://[broken/v1/pets", False, id="no URL"),
        pytest.param("http://localhost:8000", "http://localhost:8000/pets", True, id="a base URL without a path"),
        pytest.param(GATEWAY, "http://gateway.test:8080/petstore/pets", True, id="below a gateway's path"),
        pytest.param(GATEWAY, "http://gateway.test:8080/petstores/pets", False, id="beside a gateway's path"),
        pytest.param(GATEWAY, "http://gateway.test:8080/users", False, id="another service of a gateway"),
    ],
)
def test_a_url_is_claimed_when_it_is_the_api_s(base: str, url: str, *, claimed: bool) -> None:
    assert address(base).claims(url) is claimed


@pytest.mark.parametrize("url", ["", "api.petstoreapi.com/v1", "ftp://a.test", "https://", "https://a.test/v1?x=1"])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match=r"is no base URL; write one like https://api\.petstoreapi"):
        address(url)
