"""People and the tokens their programs use."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from webapp.accounts.names import KEPT, KEY_CHARACTERS, lookalike_key

LOOKS_ALIKE = "This name looks like that of somebody else. Choose another one."
ADDRESS_TAKEN = "This address belongs to another account."


class UserManager(DjangoUserManager["User"]):
    """Makes accounts. What an operator makes at the terminal needs no mail to be confirmed."""

    use_in_migrations = False

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """Make an organiser. The address counts as confirmed: whoever is at the terminal may do anything."""
        if not email and settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
            raise ValidationError("An e-mail address is needed: without one nobody can log in here.")
        if self.looking_like(username).exists():
            raise ValidationError(LOOKS_ALIKE)
        with transaction.atomic():
            user: User = super().create_superuser(username, email, password, **fields)
            if user.email:
                EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def looking_like(self, name: str) -> models.QuerySet["User"]:
        """Whoever has a name that a reader could take this one for."""
        key = lookalike_key(name)
        return self.filter(models.Q(lookalike_key=key) | models.Q(lookalike_key__startswith=f"{key}{KEPT}"))


class User(AbstractUser):
    """A person. An e-mail address is unique because people log in and reset passwords with it."""

    email = models.EmailField("e-mail address", unique=True, null=True, blank=True)  # type: ignore[assignment]  # or none
    affiliation = models.CharField(max_length=200, blank=True)
    is_vouched_for = models.BooleanField(
        "made by the organisers", default=False, help_text="on: may submit without a verified address"
    )

    lookalike_key = models.CharField(
        max_length=KEY_CHARACTERS + 20,
        default="",
        unique=True,
        editable=False,
        help_text="the same for names that look alike; see accounts/names.py",
    )

    objects: ClassVar[UserManager] = UserManager()

    def clean(self) -> None:
        super().clean()
        self.email = self.email or None
        before = User.objects.filter(pk=self.pk).values_list("username", "email").first() or ("", None)
        is_named_alike = User.objects.looking_like(self.username or "").exclude(pk=self.pk)
        has_address = User.objects.filter(email__iexact=self.email or "").exclude(pk=self.pk)
        faults = {}
        # A field that has failed already is empty here.
        if self.username not in ("", None, before[0]) and is_named_alike.exists():
            faults["username"] = LOOKS_ALIKE
        if self.email not in (None, before[1]) and has_address.exists():
            faults["email"] = ADDRESS_TAKEN
        if faults:
            raise ValidationError(faults)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store null for an empty address: two empty texts would be the same address."""
        self.email = self.email or None
        key = lookalike_key(self.username)
        if not self.lookalike_key.startswith(f"{key}{KEPT}"):
            self.lookalike_key = key
        if kwargs.get("update_fields") and "username" in kwargs["update_fields"]:
            kwargs["update_fields"] = {*kwargs["update_fields"], "lookalike_key"}
        super().save(*args, **kwargs)


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


class KnownBlock(models.Model):
    """A network from which somebody has logged in lately; wrong tries from elsewhere do not count there."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="keyed hash of the network; see accounts/addresses.py")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="known_block_unique_per_user")]

    def __str__(self) -> str:
        return f"{self.user.get_username()}, {self.digest[:8]}…"


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
