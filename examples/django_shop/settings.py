"""Django's settings. A real project would read its secrets from a safe place."""

SECRET_KEY = "not-for-production"
ROOT_URLCONF = "django_shop.views"
INSTALLED_APPS = ["django_shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "agency.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

PETSTORE_URL = "https://api.petstoreapi.com/v1"
PETSTORE_SECRET = "whsec_ZGphbmdvLXNob3AtYW5kLXBldHN0b3Jl"
