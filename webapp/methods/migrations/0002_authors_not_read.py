"""Methods of published numbers whose authors nobody has read have none, rather than a text that says so."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def clear(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("methods", "Method").objects.filter(authors="(authors not read)").update(authors="")


class Migration(migrations.Migration):
    dependencies = (("methods", "0001_initial"),)
    operations = (migrations.RunPython(clear, migrations.RunPython.noop),)
