"""A split is closed until it has an opening time; its categories and what shows of it are its own."""

import django.core.validators
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep_what_is_open(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Splits that can score stay open, show the details that they showed, and keep their categories."""
    Split = apps.get_model("benchmarks", "Split")
    for split in Split.objects.filter(ground_truth__isnull=False).select_related("benchmark"):
        split.opens_at = split.opens_at or split.benchmark.created_at
        split.categories = split.benchmark.categories
        split.details_visible = True
        split.save(update_fields=["opens_at", "categories", "details_visible"])


class Migration(migrations.Migration):
    dependencies = [("benchmarks", "0003_frame_names"), ("uploads", "0001_initial")]
    operations = [
        migrations.AddField(
            "split",
            "categories",
            models.JSONField(
                blank=True, null=True, help_text="[{id, name, ...}]; empty: those of its benchmark"
            ),
        ),
        migrations.AddField(
            "split",
            "details_visible",
            models.BooleanField(
                default=False,
                help_text="on: numbers per video and per category show to everybody who sees the scores; "
                "off: to organisers alone, unless the ground truth is public",
            ),
        ),
        migrations.AlterField(
            "split",
            "opens_at",
            models.DateTimeField(
                blank=True,
                null=True,
                help_text="UTC; empty: closed, which means no submissions, and scores show to organisers alone",
            ),
        ),
        migrations.AlterField(
            "split",
            "closes_at",
            models.DateTimeField(
                blank=True,
                null=True,
                help_text="UTC, inclusive; empty: no closing time. Scores go on showing",
            ),
        ),
        migrations.AlterField(
            "split",
            "quota_per_day",
            models.PositiveIntegerField(
                blank=True,
                null=True,
                help_text="accepted submissions per person; empty: no limit",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AlterField(
            "split",
            "quota_total",
            models.PositiveIntegerField(
                blank=True,
                null=True,
                help_text="accepted submissions per person; empty: no limit",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AlterField(
            "split",
            "scores_visible",
            models.BooleanField(
                default=True, help_text="off: scores show to organisers alone (blind phase)"
            ),
        ),
        migrations.RunPython(keep_what_is_open, migrations.RunPython.noop),
    ]
