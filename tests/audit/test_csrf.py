"""For a Django view without `csrf_exempt`, the audit and a failed delivery say that CSRF refused the request."""

from pathlib import Path

import pytest

HINT = (
    "Django's CSRF check refused it before your view was called, for a webhook has no form's token: put @csrf_exempt "
    "(of django.views.decorators.csrf) on the view, whose signature check protects it"
)
PROJECT = {
    "pytest.ini": """[pytest]
DJANGO_SETTINGS_MODULE = agency_settings
pythonpath = .
addopts = -p no:cacheprovider -p no:randomly -p no:pytest-responses
""",
    "agency_settings.py": """
SECRET_KEY = "x"
ROOT_URLCONF = "agency_urls"
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
USE_TZ = True
""",
    "agency_urls.py": """
from django.http import HttpResponse
from django.urls import path

def hook(request):
    return HttpResponse(status=204)

urlpatterns = [path("webhooks/petstore", hook)]
""",
    "test_agency.py": """
SECRET = "whsec_YXVkaXRlZC1zaG9wLWFuZC1wZXRzdG9yZQ=="

def test_delivery(mockstore):
    mockstore.subscribe("django", secret=SECRET)
    mockstore.emit("pet.adopted").assert_acknowledged()

def test_audit(mockstore):
    mockstore.assert_conforms("django", secret=SECRET, rules=["signature.genuine", "signature.wrong_secret"])
""",
}


def test_a_view_without_csrf_exempt_is_told_of_it(pytester: pytest.Pytester) -> None:
    for name, text in PROJECT.items():
        Path(pytester.path, name).write_text(text, "utf-8")

    result = pytester.runpytest_subprocess()

    said = result.stdout.str()
    assert f"csrf: {HINT}" in said
    assert f"change:      {HINT}" in said
    assert "signature: what was sent verifies" not in said
