import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from webapp.accounts.names import lookalike_key


def fill_keys(apps, schema_editor):
    people = apps.get_model('accounts', 'User')._default_manager
    for user in people.only('username').iterator():
        people.filter(pk=user.pk).update(lookalike_key=lookalike_key(user.username))


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_remembered_answer'),
    ]

    operations = [
        migrations.AlterModelManagers(
            name='user',
            managers=[
            ],
        ),
        migrations.AddField(
            model_name='user',
            name='lookalike_key',
            field=models.CharField(db_index=True, default='', editable=False, help_text='equal for names that look alike; see accounts/names.py', max_length=500),
        ),
        migrations.RunPython(fill_keys, migrations.RunPython.noop),
        migrations.CreateModel(
            name='KnownBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='keyed hash of the network; see accounts/addresses.py', max_length=64)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'digest'), name='known_block_unique_per_user')],
            },
        ),
    ]
