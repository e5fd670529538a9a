"""The parser of plain requests gives the same result as cheroot's, or none."""

from io import BufferedReader, BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from cheroot.server import HTTPRequest
from hypothesis import example, given
from hypothesis import strategies as st

from mockstore.web.plain_requests import plain_head

METHODS = st.sampled_from(b"GET POST PUT DELETE PATCH HEAD QUERY OPTIONS CONNECT get".split())
TARGETS = st.sampled_from(
    [
        b"/",
        b"/v1/pets",
        b"/v1/pets/",
        b"/v1//pets",
        b"/v1/pets?limit=5&status=AVAILABLE",
        b"/v1/pets?a=%20b+c&&=",
        b"/v1/pets?",
        b"/v1/p%65ts",
        b"/v1/a%2Fb",
        b"/v1/../x",
        b"/v1/./x",
        b"//host/path",
        b"/a;b=c",
        b"/x#fragment",
        b"/x?y#z",
        b"http://localhost/v1/pets",
        b"*",
        b"v1/pets",
        b"/\xc3\xa9",
        b"/a:b",
    ]
)
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 4 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.10", b"ICY/1.1", b"HTTP/1.1 "])
FIELDS = st.sampled_from(
    [
        b"Host: localhost",
        b"host:localhost:80",
        b"HOST:   spaced  ",
        b"Content-Type: application/json",
        b"content-type: text/plain; charset=utf-8",
        b"Content-Length: 5",
        b"CONTENT-LENGTH: 5",
        b"Content-Length: +5",
        b"Content-Length: -1",
        b"Content-Length: 5_0",
        b"Content-Length: five",
        b"Content-Length:",
        b"Connection: close",
        b"Connection: Close",
        b"Connection: keep-alive",
        b"Connection: Keep-Alive",
        b"Connection: upgrade",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Expect: nothing",
        b"X-Tenant-ID: 1\tand 2",
        b"X_Tenant_ID: 3",
        b"X-Empty:",
        b"X-Twice: 1",
        b"x-twice: 2",
        b"X-Space : 1",
        b"Accept: */*",
        b"accept: text/html",
        b" folded",
        b"X-Latin: \xe9",
        b"X-Control: \x00\x0b",
        b"no field",
        b": nameless",
    ]
)
ENDS = st.sampled_from([b"\r\n"] * 9 + [b"\n"])
READ = ("method", "uri", "path", "qs", "scheme", "request_protocol", "response_protocol", "close_connection")


class Read(HTTPRequest):
    """A request parsed by cheroot; a refusal is recorded, not sent."""

    def __init__(self, content: bytes) -> None:
        server = SimpleNamespace(
            ssl_adapter=None, max_request_header_size=65_536, max_request_body_size=0, protocol="HTTP/1.1"
        )
        self.content = BufferedReader(BytesIO(content))
        super().__init__(server, SimpleNamespace(rfile=self.content, wfile=BytesIO()))
        self.parse_request()

    def simple_response(self, status: object, msg: str = "") -> None:
        self.refused = (status, msg)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Draw a request: well-formed, slightly malformed, or incomplete."""
    line = b" ".join([draw(METHODS), draw(TARGETS), draw(VERSIONS)])
    lines = [line, *draw(st.lists(FIELDS, max_size=5))]
    whole = b"".join(one + draw(ENDS) for one in lines) + draw(ENDS) + b"12345GET / HTTP/1.1\r\n\r\n"
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.integers(0, 4)) == 0 else whole


@given(requests())
@example(b"POST /emit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n12345")
@example(b"GET /x HTTP/1.1\r\nAccept: text/html\r\naccept: */*\r\n\r\n")
@example(b"GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
@example(b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n")
@example(b"GET /x HTTP/1.1\r\nConnection: keep-alive\r\nconnection: close\r\n\r\n")
def test_a_plain_request_is_what_cheroot_reads(content: bytes) -> None:
    head = plain_head(content)

    if head is not None:
        read: Any = Read(content)
        assert read.ready, getattr(read, "refused", content)
        ours = (head.method, head.uri, head.path, head.query, b"http", b"HTTP/1.1", "HTTP/1.1", False)
        assert ours == tuple(getattr(read, name) for name in READ)
        assert head.headers == read.inheaders
        assert not read.chunked_read
        assert content[head.size :] == read.content.read()


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"POST /_mockstore/emit HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 5\r\n\r\n", id="bare"),
        pytest.param(
            b"GET /v1/pets?limit=5 HTTP/1.1\r\nHost: [::1]:80\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
            id="curl",
        ),
        pytest.param(
            b"PUT /v1/pets/0198 HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n",
            id="Node.js",
        ),
    ],
)
def test_usual_requests_are_plain(request_: bytes) -> None:
    head = plain_head(request_)

    assert head is not None
    assert request_[: head.size].endswith(b"\r\n\r\n")
