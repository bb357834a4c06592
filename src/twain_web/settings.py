"""Django's settings, all of them made from the workspace: ``twain.toml``, the environment, and the instance's secret.

There is nothing to configure twice: where the control store lies, the house's tables lie (SQLite: a second file beside the
ledger's; PostgreSQL: the schema ``house``), and every key is derived from the instance's secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twain.ledger.house import HOUSE_FILE, MEDIA_FOLDER
from twain.settings import Settings, load_settings
from twain.vault import Vault

HERE = Path(__file__).parent

_root = os.environ.get("TWAIN_ROOT")
TWAIN: Settings = load_settings(Path(_root) if _root else None)
TWAIN.state.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY, *SECRET_KEY_FALLBACKS = [key.hex() for key in Vault.open(TWAIN).web_keys()]
DEBUG = False
DEMO = os.environ.get("TWAIN_DEMO") == "1"

_public = urlsplit(os.environ.get("TWAIN_WEB_URL", "http://127.0.0.1:8024"))
WEB_URL = _public.geturl()
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver", *([_public.hostname] if _public.hostname else [])]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
_https = _public.scheme == "https"

INSTALLED_APPS = [
    "twain_web",
    "twain_web.rooms.people",
    "twain_web.rooms.feeds",
    "twain_web.rooms.audiences",
    "twain_web.rooms.content",
    "twain_web.rooms.capacity",
    "twain_web.rooms.campaigns",
    "twain_web.rooms.insights",
    "twain_web.rooms.integrations",
    "twain_web.rooms.incidents",
    "twain_web.rooms.desk",
    "twain_web.rooms.partnership",
    "twain_web.rooms.home",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "rules",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "twain_web.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "twain_web.middleware.sessions_seen",
    "django_htmx.middleware.HtmxMiddleware",
    "twain_web.middleware.in_ones_own_time",
    "twain_web.middleware.auditors_change_nothing",
    "twain_web.middleware.errors_in_plain_words",
]

ROOT_URLCONF = "twain_web.urls"
WSGI_APPLICATION = "twain_web.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "twain_web.context.house",
            ],
            "builtins": ["twain_web.templatetags.house"],
        },
    }
]


def _database() -> dict[str, Any]:
    if TWAIN.control_url.startswith(("postgresql:", "postgres:")):
        return _postgres(TWAIN.control_url)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": TWAIN.state / HOUSE_FILE,
        "OPTIONS": {
            # A deferred transaction that starts to write fails at once when another writes: always begin as a writer.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
        "TEST": {"NAME": TWAIN.state / "house-test.db"},
    }


def _postgres(url: str) -> dict[str, Any]:
    """Everything that the URL says (TLS too) holds for the house as it does for the ledger; only the schema is its own."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 — a house on SQLite does not load it

    parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    named = {name.upper(): parts.pop(key, "") for name, key in _POSTGRES_NAMES.items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "OPTIONS": {**parts, "options": f"{parts.get('options', '')} -c search_path=house".strip()},
        "CONN_MAX_AGE": 60,
    }


_POSTGRES_NAMES = {"name": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

# ---- who comes in

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = [
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "twain_web.rooms.people.sign_in.HouseAdapter"
SOCIALACCOUNT_ADAPTER = "twain_web.rooms.people.sign_in.OpenIdAdapter"
ACCOUNT_FORMS = {"login": "twain_web.rooms.people.forms.SignIn"}
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are entered by an administrator, who knows their address
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
#: How many proxies of IT's own stand before the house; only so many entries of X-Forwarded-For are believed.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TWAIN_TRUSTED_PROXIES", "0"))
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}


def _company_sign_in() -> dict[str, Any]:
    """The company's OpenID Connect provider, when TWAIN_OIDC_URL names one; its secret comes by variable or file alone."""
    url, secret_file = os.environ.get("TWAIN_OIDC_URL", ""), os.environ.get("TWAIN_OIDC_CLIENT_SECRET_FILE", "")
    if not url:
        return {}
    secret = Path(secret_file).read_text(encoding="utf-8").strip() if secret_file else ""
    app = {
        "provider_id": "company",
        "name": os.environ.get("TWAIN_OIDC_NAME", "the company's account"),
        "client_id": os.environ.get("TWAIN_OIDC_CLIENT_ID", ""),
        "secret": secret or os.environ.get("TWAIN_OIDC_CLIENT_SECRET", ""),
        "settings": {"server_url": url},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


SOCIALACCOUNT_PROVIDERS = _company_sign_in()
#: Where a form of ours may lead besides here: the browser is sent on to the provider after its button was pressed.
FORM_TARGETS = (
    [f"{_oidc.scheme}://{_oidc.netloc}"] if (_oidc := urlsplit(os.environ.get("TWAIN_OIDC_URL", ""))).netloc else []
)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # a code typed as its half minute ends is still good in the next: RFC 6238, section 5.2
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up here: an administrator entered the address, no letter confirms it
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _https
USERSESSIONS_TRACK_ACTIVITY = True

SESSION_COOKIE_NAME = "twain-session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "twain_web.errors.csrf_failure"

# ---- mail that the house itself sends (password resets, notifications)

EMAIL_BACKEND = "twain_web.mail.ChannelBackend"
DEFAULT_FROM_EMAIL = os.environ.get("TWAIN_WEB_FROM", "twain@localhost")

# ---- words, times, files

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["twain_web.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = TWAIN.time_zone
LOCALE_PATHS = [HERE / "locale"]

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 86_400
MEDIA_ROOT = TWAIN.state / MEDIA_FOLDER

DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 << 20

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "twain_web.logs.OneLine"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
