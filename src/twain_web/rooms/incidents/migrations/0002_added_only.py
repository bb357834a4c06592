"""What happened is never rewritten: the database itself refuses, whoever asks."""

from django.db import migrations

from twain_web.kept import triggers


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = [("incidents_room", "0001_initial")]
    operations = [migrations.RunPython(*triggers("incidents_room_event"))]
