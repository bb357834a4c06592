"""Who said that a contract is right is never rewritten: the database itself refuses, whoever asks."""

from django.db import migrations

from twain_web.kept import triggers


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = [("desk_room", "0003_still_right")]
    operations = [migrations.RunPython(*triggers("desk_room_stillright"))]
