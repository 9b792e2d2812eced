from typing import Any

from django.db import migrations


def drop_finished_videos(apps: Any, schema_editor: Any) -> None:
    """Their frames were taken sorted as text: a run that goes on now must not mix two orders."""
    videos = apps.get_model("runs", "RunVideo").objects
    videos.filter(run__submission__isnull=True, result__isnull=False).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("runs", "0004_provenance_names_no_checkpoint"),
        ("benchmarks", "0003_frame_names"),
    ]

    operations = [migrations.RunPython(drop_finished_videos, migrations.RunPython.noop)]
