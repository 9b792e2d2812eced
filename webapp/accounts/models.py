"""People and the tokens their programs use."""

import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class User(AbstractUser):
    """A person. The e-mail address is unique because people log in and reset passwords with it."""

    email = models.EmailField("e-mail address", unique=True)
    affiliation = models.CharField(max_length=200, blank=True)


class Scope(models.TextChoices):
    """Permissions of a token. Reading public data needs no token at all."""

    READ = "read", "see what its owner sees"
    SUBMIT = "submit", "upload, submit, withdraw, and edit its owner's methods"
    RUN = "run", "start and cancel reference runs"


class ApiToken(models.Model):
    """A bearer token. Only its hash is stored: the text is shown once, when it is made."""

    PREFIX = "dvb_"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, default="token")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(
        max_length=12, editable=False, help_text="the first characters, to tell tokens apart"
    )
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.hint}… ({self.name})"

    @classmethod
    def new_secret(cls) -> str:
        """Return a fresh token text with 256 bits of randomness."""
        return cls.PREFIX + secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret: str) -> str:
        """Return the hex SHA-256 under which a token text is stored (no salt needed: it is random itself)."""
        return hashlib.sha256(secret.encode()).hexdigest()

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at and self.user.is_active


class RememberedAnswer(models.Model):
    """The answer to a POST with an `Idempotency-Key`, to be repeated when the request is repeated."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, address and body")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="answer_key_unique_per_user")]

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"
