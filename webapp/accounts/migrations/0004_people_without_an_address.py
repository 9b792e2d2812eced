"""Accounts may have no address; those that organisers made may submit without a verified one."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def vouch_for_those_that_were_made(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Vouch for accounts without an address in allauth: staff or `create_token` made them."""
    User = apps.get_model("accounts", "User")
    signed_up = apps.get_model("account", "EmailAddress").objects.values("user")
    User.objects.exclude(pk__in=signed_up).update(is_vouched_for=True)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_known_blocks_and_lookalikes"), ("account", "0001_initial")]
    operations = [
        migrations.AlterField(
            "user",
            "email",
            models.EmailField(
                blank=True, max_length=254, null=True, unique=True, verbose_name="e-mail address"
            ),
        ),
        migrations.AddField(
            "user",
            "is_vouched_for",
            models.BooleanField(
                default=False,
                help_text="on: may submit without a verified address",
                verbose_name="made by the organisers",
            ),
        ),
        migrations.RunSQL("UPDATE accounts_user SET email = NULL WHERE email = ''", migrations.RunSQL.noop),
        migrations.RunPython(vouch_for_those_that_were_made, migrations.RunPython.noop),
    ]
