"""The database refuses a name that looks like another one; accounts that do so already stay as they are."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from webapp.accounts.names import KEPT, KEY_CHARACTERS, lookalike_key


def tell_apart_those_that_are_there(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The oldest of those with one key keeps it; the others keep their names, and their numbers join it."""
    people, taken = apps.get_model("accounts", "User").objects, set[str]()
    for pk, username in people.order_by("pk").values_list("pk", "username"):
        key = lookalike_key(username)
        people.filter(pk=pk).update(lookalike_key=f"{key}{KEPT}{pk}" if key in taken else key)
        taken.add(key)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_people_without_an_address")]
    operations = [
        migrations.AlterField(
            "user",
            "lookalike_key",
            models.CharField(
                db_index=True,
                default="",
                editable=False,
                help_text="the same for names that look alike; see accounts/names.py",
                max_length=KEY_CHARACTERS + 20,
            ),
        ),
        migrations.RunPython(tell_apart_those_that_are_there, migrations.RunPython.noop),
        migrations.AlterField(
            "user",
            "lookalike_key",
            models.CharField(
                default="",
                editable=False,
                help_text="the same for names that look alike; see accounts/names.py",
                max_length=KEY_CHARACTERS + 20,
                unique=True,
            ),
        ),
    ]
