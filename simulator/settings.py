"""Settings of the simulator's own small Django project; bin/simulator sets the three variables read here."""

import os
import secrets
from pathlib import Path

DATA_DIR = Path(os.environ["SIMULATOR_DATA"])
PUBLIC_URL = os.environ.get("SIMULATOR_PUBLIC_URL", "http://127.0.0.1:8090").rstrip("/")

SECRET_KEY = secrets.token_hex(32)
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "simulator.urls"
WSGI_APPLICATION = "simulator.wsgi.application"
INSTALLED_APPS = ["simulator"]
MIDDLEWARE = ["simulator.middleware.ApiMiddleware"]
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
"""More than the evidence of a chargeback may have, so that the API itself refuses what is too much."""
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "simulator.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000",
        },
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "simulator": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}
