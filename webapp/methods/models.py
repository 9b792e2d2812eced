"""Methods and their variants: what is ranked, and the typed factors by which variants differ."""

from typing import ClassVar

from django.core.validators import MaxLengthValidator, MaxValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from webapp.methods.factors import canonical

DESCRIPTION_CHARACTERS = 5000
# Hues of the palette of methods (webapp/charts/palette.py).
HUES = 12


class Method(models.Model):
    """A published or unpublished approach, such as DVIS. Owned by the person who made it here."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=100)
    owner = models.ForeignKey(
        "accounts.User",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="methods",
        help_text="nobody: known from published numbers only",
    )
    team = models.CharField(max_length=200, blank=True)
    authors = models.CharField(max_length=300, blank=True)
    venue = models.CharField(max_length=100, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    paper_url = models.URLField(blank=True)
    code_url = models.URLField(blank=True)
    description = models.TextField(blank=True, validators=[MaxLengthValidator(DESCRIPTION_CHARACTERS)])
    colour = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(HUES - 1)],
        help_text=f"its hue in every chart, 0 to {HUES - 1} (docs/design-language.md)",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], nulls_distinct=False, name="method_name_unique_per_owner"
            ),
            models.CheckConstraint(
                condition=models.Q(colour__isnull=True) | models.Q(colour__lt=HUES),
                name="method_colour_is_a_hue",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("methods:detail", args=[self.slug])


class Variant(models.Model):
    """One configuration of a method: the unit that is ranked. Ablations join variants on typed factors."""

    FACTORS: ClassVar[dict[str, str]] = {
        "segmenter": "Segmenter",
        "tracker": "Tracker",
        "refiner": "Refiner",
        "backbone": "Backbone",
        "mode": "Mode",
        "resolution": "Resolution",
        "extra_data": "Extra data",
    }

    method = models.ForeignKey(Method, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(max_length=150, default="default")
    factors = models.JSONField(default=dict, blank=True, help_text="{factor: text}; free factors are allowed")
    typed = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="{factor: text}, as typed",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["method__name", "name"]
        constraints = [models.UniqueConstraint(fields=["method", "name"], name="variant_name_unique")]

    def __str__(self) -> str:
        return f"{self.method.name} {self.name}"

    @property
    def factors_as_typed(self) -> dict[str, str]:
        """The factors in the words in which they came: receipts keep them."""
        return {
            factor: typed if (typed := self.typed.get(factor)) and canonical(factor, typed) == word else word
            for factor, word in self.factors.items()
        }
