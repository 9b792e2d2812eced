"""A job works for a submission, a run or a checkpoint: for exactly the one that its kind names."""

import django.db.models.deletion
from django.db import migrations, models


def subject(model: str) -> models.OneToOneField:
    return models.OneToOneField(
        blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="job", to=model
    )


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_job_waits_after_an_error"),
        ("submissions", "0001_initial"),
        ("runs", "0001_initial"),
        ("checkpoints", "0001_initial"),
    ]

    operations = [
        migrations.AlterField("job", "submission", subject("submissions.submission")),
        migrations.AddField("job", "run", subject("runs.run")),
        migrations.AddField("job", "checkpoint", subject("checkpoints.checkpoint")),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("evaluate", "score a submission"),
                    ("run", "run the reference model"),
                    ("check", "check a checkpoint"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=(
                    models.Q(kind="evaluate", submission__isnull=False, run=None, checkpoint=None)
                    | models.Q(kind="run", submission=None, run__isnull=False, checkpoint=None)
                    | models.Q(kind="check", submission=None, run=None, checkpoint__isnull=False)
                ),
                name="job_works_for_what_its_kind_says",
            ),
        ),
    ]
