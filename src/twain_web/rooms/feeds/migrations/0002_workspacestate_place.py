"""Each house has a row of its own. What one row said before is worked out again by the next pull."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feeds_room", "0001_initial")]

    operations = [
        migrations.RunSQL("DELETE FROM feeds_room_workspacestate", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="workspacestate",
            name="place",
            field=models.CharField(default="", max_length=64, unique=True),
            preserve_default=False,
        ),
    ]
