"""A job waits a while after an error; cancelling is immediate, so that no wish to cancel is stored."""

from django.db import migrations, models

OUTCOMES = [
    ("running", "running"),
    ("succeeded", "succeeded"),
    ("lost", "its worker went silent"),
    ("error", "it raised an error"),
    ("cancelled", "cancelled"),
    ("released", "its worker was stopped and gave it back"),
]


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="job", name="cancel_requested"),
        migrations.AddField(
            model_name="job",
            name="not_before",
            field=models.DateTimeField(blank=True, help_text="waits until then after an error", null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="attempts_made",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="that count: not those a stopped worker gave back"
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="outcome",
            field=models.CharField(choices=OUTCOMES, default="running", max_length=10),
        ),
    ]
