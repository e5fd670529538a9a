"""A transport that lets httpx clients talk to one Mockstore in process. Imported late: httpx is its user's."""

import httpx

from mockstore.service import Mockstore


class PetstoreTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers `httpx.Client` and `httpx.AsyncClient` alike, whatever the host that they ask.

    An async client's deliveries run on its own event loop.
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
