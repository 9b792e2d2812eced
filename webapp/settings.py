"""The one settings module: every environment variable of the site and its workers is read here."""

import os
import re
from pathlib import Path

import environ
import structlog
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from webapp import embedded

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(ROOT / ".env")

# What the site writes is for its own account alone: ground truth, uploads, mails with links to new passwords.
os.umask(0o077)
# Everything the server writes lives below this folder: embedded servers, blobs, uploads, logs, secrets.
VAR = Path(env.str("DVIS_BENCH_VAR", default=str(ROOT / "var"))).resolve()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key(VAR)
# Ed25519 private key of receipts; without it, one is made in VAR/signing_keys.json.
SIGNING_KEY = env.str("SIGNING_KEY", default="")
if SIGNING_KEY and not re.fullmatch("[0-9a-f]{64}", SIGNING_KEY):
    raise ImproperlyConfigured("SIGNING_KEY: expected 64 hexadecimal digits, as `openssl rand -hex 32` gives")
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOCAL_HOSTS)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_NAME = env.str("SITE_NAME", default="DVIS-Bench")
# Where `manage.py up` listens. Not HOST, which some shells export with the machine's name.
LISTEN = env.str("LISTEN", default="127.0.0.1")
PORT = env.int("PORT", default=8000)

# --- PostgreSQL and the Redis-protocol broker: embedded unless addresses are given -----------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
DATABASES = {"default": env.db_url_config(DATABASE_URL or embedded.database_url(VAR))}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Kept open by the web server's threads; a worker closes its connections between tasks.
DATABASES["default"]["CONN_MAX_AGE"] = 60
BROKER_URL = REDIS_URL or embedded.redis_url(VAR)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "webapp.cache.OptionalRedisCache",
        "LOCATION": BROKER_URL.removeprefix("redis+socket:")
        if not BROKER_URL.startswith("redis+socket:")
        else "unix:" + BROKER_URL.removeprefix("redis+socket:").replace("virtual_host=", "db="),
        "KEY_PREFIX": "dvis-bench",
        # A broker that hangs must not hang the site.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

# --- What is installed -----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    # Before allauth, whose pages it draws in its own style.
    "webapp",
    "webapp.pages",
    "webapp.accounts",
    "webapp.benchmarks",
    "webapp.methods",
    "webapp.uploads",
    "webapp.submissions",
    "webapp.jobs",
    "webapp.runs",
    "webapp.checkpoints",
    "webapp.submissions.errata",
    "webapp.submissions.analyses",
    "webapp.playback",
    "webapp.ablations",
    "webapp.leaderboards",
    "allauth",
    "allauth.account",
]
MIDDLEWARE = [
    "webapp.pages.site.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "webapp.rest.compression.CompressionMiddleware",
    "webapp.rest.demo_site.DemoSiteMiddleware",
    "webapp.rest.middleware.ApiMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.pages.outside.middleware.OutsideMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.pages.personal.PersonalPagesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.rest.log.RequestLog",
]
ROOT_URLCONF = "webapp.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": sorted((ROOT / "webapp" / "pages").glob("*/templates")),
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "webapp.pages.context.site",
            ],
        },
    }
]

# --- Accounts --------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "submissions:mine"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_ADAPTER = "webapp.pages.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "webapp.pages.accounts.forms.LoginForm"}
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="optional")
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
ADMIN_PASSWORD = env.str("ADMIN_PASSWORD", default="")
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
if embedded.copy_mark(VAR).exists():  # until `manage.py restore --live`
    EMAIL_CONFIG = env.email_url_config("consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="DVIS-Bench <noreply@localhost>")

# --- Files -----------------------------------------------------------------------------------------------
STATIC_URL = "static/"
# Made by the web server at its start, unless it is there already.
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR / "static")))
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
MEDIA_ROOT = VAR / "blobs"
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700


def s3_storage(bucket: str, endpoint_url: str, access_key: str, secret_key: str) -> dict[str, object]:
    """Django's storage in an S3 bucket; what is empty is looked for where Amazon's tools look."""
    options = {
        "bucket_name": bucket,
        "endpoint_url": endpoint_url or None,
        "access_key": access_key or None,
        "secret_key": secret_key or None,
        "file_overwrite": True,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


S3_BUCKET = env.str("S3_BUCKET", default="")
STORAGES: dict[str, dict[str, object]] = {
    "default": s3_storage(
        S3_BUCKET,
        env.str("S3_ENDPOINT_URL", default=""),
        env.str("S3_ACCESS_KEY", default=""),
        env.str("S3_SECRET_KEY", default=""),
    )
    if S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "webapp.front_door.static.HashedStorage"},
}
# The file of a small form goes here too; larger ones never come to Django (webapp/front_door/forms.py).
UPLOAD_ROOT = VAR / "uploads"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = str(UPLOAD_ROOT)
UPLOAD_ROOT.mkdir(parents=True, exist_ok=True)
UPLOAD_LIMIT_BYTES = env.int("UPLOAD_LIMIT_BYTES", default=4 * 1024**3)
CHECKPOINT_LIMIT_BYTES = env.int("CHECKPOINT_LIMIT_BYTES", default=8 * 1024**3)
CHECKPOINTS_PER_USER = env.int("CHECKPOINTS_PER_USER", default=20)
# 0: 20 GiB, or a quarter of the room for uploads where that is less.
UPLOAD_QUOTA_BYTES = env.int("UPLOAD_QUOTA_BYTES", default=0)
# The last part of the disk, which no upload takes: the database, the logs and the jobs need it.
DISK_RESERVE_PERCENT = env.float("DISK_RESERVE_PERCENT", default=5.0)
if not 0 <= DISK_RESERVE_PERCENT <= 100:
    raise ImproperlyConfigured("DISK_RESERVE_PERCENT: expected a number from 0 to 100")
UPLOAD_LIFETIME_S = env.int("UPLOAD_LIFETIME_S", default=7 * 24 * 3600)
# What the player reads, in VAR/playback: the least recently seen goes first, and is made again on demand.
PLAYBACK_DISK_PERCENT = env.float("PLAYBACK_DISK_PERCENT", default=10.0)
if not 0 < PLAYBACK_DISK_PERCENT <= 100:
    raise ImproperlyConfigured("PLAYBACK_DISK_PERCENT: expected a number above 0, up to 100")

# --- Jobs ------------------------------------------------------------------------------------------------
JOB_LEASE_S = env.int("JOB_LEASE_S", default=30)
JOB_HEARTBEAT_S = env.int("JOB_HEARTBEAT_S", default=10)
JOB_SWEEP_S = env.int("JOB_SWEEP_S", default=30)
JOB_MAX_ATTEMPTS = env.int("JOB_MAX_ATTEMPTS", default=3)
JOB_TIME_LIMIT_S = env.int("JOB_TIME_LIMIT_S", default=3600)
ANALYSE_TIME_LIMIT_S = env.int("ANALYSE_TIME_LIMIT_S", default=1800)
PLAYBACK_TIME_LIMIT_S = env.int("PLAYBACK_TIME_LIMIT_S", default=1800)
RUN_TIME_LIMIT_S = env.int("RUN_TIME_LIMIT_S", default=24 * 3600)
# 0: no model worker on this machine.
MODEL_WORKERS = env.int("MODEL_WORKERS", default=1)
# Processor threads of a model worker without a GPU. 0: half of the cores, at least one.
MODEL_THREADS = env.int("MODEL_THREADS", default=0)
RUNS_WHO = env.str("RUNS_WHO", default="everyone")
RUNS_PER_USER = env.int("RUNS_PER_USER", default=2)
# 0: three quarters of the machine's memory, shared by the jobs that run at the same time.
JOB_MEMORY_BYTES = env.int("JOB_MEMORY_BYTES", default=0)
EVALUATE_WORKERS = env.int("EVALUATE_WORKERS", default=1)
# Draws of the videos for 95 % intervals and comparisons. The seed is always 0: all submissions to a split
# meet the same draws, and so does whoever repeats an evaluation at home.
BOOTSTRAP_RESAMPLES = env.int("BOOTSTRAP_RESAMPLES", default=1000)

# --- API -------------------------------------------------------------------------------------------------
API_THROTTLE_ANONYMOUS = env.str("API_THROTTLE_ANONYMOUS", default="120/m")
API_THROTTLE_USER = env.str("API_THROTTLE_USER", default="600/m")
# How many proxies of our own stand before the site: only so many entries of X-Forwarded-For are believed.
# Read by webapp/accounts/addresses.py alone, whose answer all limits share.
PROXIES = env.int("PROXIES", default=0)
if PROXIES < 0:
    raise ImproperlyConfigured("PROXIES: expected how many proxies stand before the site, 0 or more")

# --- Security --------------------------------------------------------------------------------------------
HTTPS = env.bool("HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None


def is_demo_site(listen: str) -> bool:
    """Return whether the site is for this machine alone. All others are hosts, without demo accounts."""
    only_here = listen == "localhost" or listen.startswith("127.") or listen == "::1"
    return only_here and ALLOWED_HOSTS == LOCAL_HOSTS and not PROXIES and not HTTPS


DEMO_SITE = is_demo_site(LISTEN)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        # Plotly sizes its own elements by style attributes.
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Time, language, logs --------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = ["webapp.formats"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Anybody can ask for a wrong host: the line of the request says so, without a traceback.
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL"}},
}
structlog.configure(
    # Handlers of `logging` never raise: a log line that cannot be written must not cost an answer.
    logger_factory=structlog.stdlib.LoggerFactory(),
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
        # Its own way of writing tracebacks shows every local variable: passwords, tokens, ground truth.
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
)
