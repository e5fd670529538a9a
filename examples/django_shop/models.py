"""The agency's database. An event's id is saved in the transaction that does its work, so the work is done once."""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.db.models import F


class SeenEvent(models.Model):
    """An event that has been dealt with."""

    id = models.CharField(primary_key=True, max_length=64)


class Pet(models.Model):
    """A pet as the Petstore last described it."""

    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=50)
    status = models.CharField(max_length=32)


class Family(models.Model):
    """A family, by email, and how many pets it has adopted."""

    email = models.EmailField(primary_key=True)
    adoptions = models.PositiveIntegerField(default=0)


class Reminder(models.Model):
    """A payment that failed, which the family should be asked about."""

    order_id = models.CharField(primary_key=True, max_length=64)
    reason = models.CharField(max_length=64)


def handle(event: Mapping[str, Any], pet: Mapping[str, Any] | None = None) -> None:
    """Do the work of an event unless it was done before; `pet` is the pet it is about, as the API returned it now."""
    with transaction.atomic():
        if pet is not None:
            Pet.objects.update_or_create(id=pet["id"], defaults={"name": pet["name"], "status": pet["status"]})
        _, is_new = SeenEvent.objects.get_or_create(id=event["id"])
        if not is_new:
            return
        data = event["data"]
        match event["eventType"]:
            case "pet.adopted":
                family, _ = Family.objects.get_or_create(email=data["adopter"]["email"])
                Family.objects.filter(pk=family.pk).update(adoptions=F("adoptions") + 1)
            case "payment.failed":
                reason = data["error"]["code"]
                Reminder.objects.update_or_create(order_id=data["payment"]["orderId"], defaults={"reason": reason})
            case "payment.succeeded":
                Reminder.objects.filter(order_id=data["payment"]["orderId"]).delete()
