"""A score says against which ground truth it was measured, since a split may get another one later."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("submissions", "0002_status_rules"), ("uploads", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="ground_truth",
            field=models.ForeignKey(
                blank=True,
                help_text="what it was measured against: a split may get another one later",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="uploads.blob",
            ),
        ),
    ]
