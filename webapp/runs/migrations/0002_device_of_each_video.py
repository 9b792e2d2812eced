"""Another attempt at a run may be on another machine: the device is stored with each video."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="run", name="device"),
        migrations.AddField(
            model_name="runvideo",
            name="device",
            field=models.CharField(
                default="", help_text="name of the GPU, or of the processor", max_length=120
            ),
            preserve_default=False,
        ),
    ]
