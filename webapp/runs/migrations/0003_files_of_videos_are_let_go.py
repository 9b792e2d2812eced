"""The file of a video is let go once it is part of the submission."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0002_device_of_each_video"), ("uploads", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="runvideo",
            name="result",
            field=models.ForeignKey(
                blank=True,
                help_text="let go once it is part of the submission",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="uploads.blob",
            ),
        ),
    ]
