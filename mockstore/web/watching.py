"""Monitoring: health, metrics, and the count of requests."""

import logging
from typing import Final

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from mockstore.errors import StoreUnavailableError
from mockstore.model import DeliveryState
from mockstore.service import Mockstore
from mockstore.web.documents import Document, clock_document
from mockstore.web.problems import problem
from mockstore.web.reading import tenant_id
from mockstore.web.records import installed_version
from mockstore.web.site import mockstore, site

routes: Final = Blueprint("watching", __name__)

_LOG: Final = logging.getLogger("mockstore.requests")
_NO_ROUTE: Final = "none"


@routes.get("/health")
def health() -> ResponseReturnValue:
    """Return 200 if the server works and delivers, else 503; `?verbose` adds the counts of the tenant."""
    try:
        document = _health(mockstore())
        if "verbose" in request.args:
            document |= _holdings(mockstore())
    except StoreUnavailableError as error:
        return problem(503, f"the store does not answer: {error}")
    lost = sum(tenant.pump.pulse.lost for tenant in site().tenants if tenant.pump is not None)
    if lost:
        return problem(503, f"{lost} of the threads that deliver ended by an error; the log says which: start anew")
    if broken := site().tenants.broken:
        return problem(503, f"a thread that looks after the database has ended ({', '.join(broken)}): start anew")
    return document


def _health(shop: Mockstore) -> Document:
    clock = shop.clock
    return {
        "status": "ok",
        "version": installed_version(),
        "tenants": len(site().tenants),
        "clock": clock_document(clock.now(), frozen=clock.frozen),
        "webhooks": len(shop.webhooks),
    }


def _holdings(shop: Mockstore) -> Document:
    deliveries = {str(state): shop.reader.count(states=[state]) for state in DeliveryState}
    return {"events": shop.reader.count_events(), "deliveries": deliveries}


@routes.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Return the counters of all tenants since the start, in the format of Prometheus."""
    tally = site().tally
    if tally is None:
        raise NotFound("only a server that runs has metrics: mockstore serve")
    from mockstore.web.metrics import exposition  # noqa: PLC0415 - its library is slow to import

    page, content_type = exposition(
        tally.counts(), site().tenants, version=installed_version(), accept=request.headers.get("Accept", "")
    )
    return Response(page, content_type=content_type)


def count_request(answer: Response) -> Response:
    """Count an answer, and log it at level DEBUG."""
    tally = site().tally
    if tally is None:
        return answer
    route = request.url_rule.rule if request.url_rule is not None else _NO_ROUTE
    tally.request(request.method, route, answer.status_code)
    if _LOG.isEnabledFor(logging.DEBUG):
        fields = {"tenant": tenant_id() or "shared", "method": request.method, "path": request.path}
        _LOG.debug("request", extra={"fields": fields | {"status": answer.status_code}})
    return answer
