from django.db import migrations

FORGET = "UPDATE runs_run SET provenance = provenance #- '{checkpoint,name}'"


class Migration(migrations.Migration):
    """Everybody may read the provenance of a public run, but not the name of a private checkpoint."""

    dependencies = [("runs", "0003_files_of_videos_are_let_go")]

    operations = [migrations.RunSQL(FORGET, migrations.RunSQL.noop)]
