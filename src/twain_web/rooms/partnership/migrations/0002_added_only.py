"""What was said in thanks is never rewritten: the database itself refuses, whoever asks."""

from django.db import migrations

from twain_web.kept import triggers


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = [("partnership_room", "0001_initial")]
    operations = [migrations.RunPython(*triggers("partnership_room_thanks"))]
