"""The agency's views: a page where a family adopts, and the webhook."""

import hashlib
import hmac
import json

import httpx
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_shop import models, petstore


@csrf_exempt
@require_POST
def adopt(request: HttpRequest, pet_id: str) -> HttpResponse:
    """Order a pet for a family and pay for it."""
    wanted = json.loads(request.body)
    try:
        payment = petstore.order_and_pay(pet_id, wanted["userId"], wanted["card"])
    except httpx.HTTPStatusError as error:
        return JsonResponse({"error": "the Petstore refused"}, status=error.response.status_code)
    return JsonResponse({"payment": payment["status"]}, status=201)


@csrf_exempt  # its signature protects it
@require_POST
def petstore_calls(request: HttpRequest) -> HttpResponse:
    """Receive an event. For one about a pet, ask the API how the pet is now, so the order of events does not matter."""
    if not _is_genuine(request.body, request.headers.get("X-Webhook-Signature", "")):
        return HttpResponse("wrong signature", status=401)
    try:
        event = json.loads(request.body)
    except (ValueError, RecursionError):
        return HttpResponse("no JSON", status=400)
    if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
        return HttpResponse("no event", status=422)
    try:
        pet_id = event["data"].get("petId")
        pet = petstore.find_pet(pet_id) if pet_id else None  # before the transaction, to keep that short
    except httpx.HTTPError:
        return HttpResponse("the Petstore does not answer, please try again", status=503)
    models.handle(event, pet)
    return HttpResponse(status=204)


def _is_genuine(body: bytes, signature: str) -> bool:
    expected = "sha256=" + hmac.new(settings.PETSTORE_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())


urlpatterns = [path("adopt/<pet_id>", adopt), path("webhooks/petstore", petstore_calls)]
