"""A transport that lets httpx clients talk to one Mockstore in process. Imported late: httpx is optional."""

import httpx

from mockstore.service import Mockstore


class PetstoreTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for `httpx.Client` and `httpx.AsyncClient`; answers requests to any host.

    Deliveries that an async client causes run on its event loop.
    """

    def __init__(self, mockstore: Mockstore) -> None:
        self._mockstore = mockstore
        self._wsgi = httpx.WSGITransport(mockstore.wsgi_app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request of a sync client."""
        return self._wsgi.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request of an async client."""
        await request.aread()
        return await self._mockstore.aserve(lambda: self._whole(request))

    def _whole(self, request: httpx.Request) -> httpx.Response:
        answer = self._wsgi.handle_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.read())
