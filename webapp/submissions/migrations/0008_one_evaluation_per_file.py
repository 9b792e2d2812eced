"""The same file under several variants is evaluated once; what organisers hide stays hidden."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("submissions", "0007_draws_of_subsets")]
    operations = [
        migrations.AddField(
            "submission",
            "waits_for",
            models.ForeignKey(
                blank=True,
                help_text="the same file of the same author, sent before under another variant: it is evaluated once",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="waiting",
                to="submissions.submission",
            ),
        ),
        migrations.AddField(
            "submission",
            "is_hidden",
            models.BooleanField(
                default=False, help_text="organisers took it off the board: its author cannot publish it"
            ),
        ),
        migrations.AddConstraint(
            "submission",
            models.CheckConstraint(
                condition=models.Q(("is_hidden", False), ("is_public", False), _connector="OR"),
                name="submission_hidden_is_not_public",
            ),
        ),
    ]
